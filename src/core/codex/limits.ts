/** The size limit of a Codex file, in KiB. */
export const FILE_LIMIT_KIB = 128;

/** The size limit of all files of a Codex together, in KiB. */
export const CODEX_LIMIT_KIB = 512;

/** The number of files and folders that are read below a Codex, hidden ones included. */
export const ENTRY_LIMIT = 2048;

/** The number of keys, values, lists and tables of a Codex: each takes kilobytes to parse. */
export const VALUE_LIMIT = 16_384;

/** The number of Soulstones of a Codex: each unit names those that it excludes. */
export const SOULSTONE_LIMIT = 512;

/** The number of groups of a Codex: each target names every Soulstone and most other targets. */
export const GROUP_LIMIT = 128;

/** The first port that a user may bind without privileges, unless the host is configured otherwise. */
export const FIRST_FREE_PORT = 1024;
