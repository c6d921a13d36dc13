/** The most that one Codex file may have, in KiB. */
export const FILE_LIMIT_KIB = 128;

/** The most that all files of a Codex may have together, in KiB. */
export const CODEX_LIMIT_KIB = 512;

/** The most files and folders that are looked at below a Codex, those with hidden names included. */
export const ENTRY_LIMIT = 2048;

/** The most keys, values, lists and tables of a Codex: the parser takes some kilobytes for each. */
export const VALUE_LIMIT = 16_384;

/** The most Soulstones of a Codex: each unit names those that it excludes. */
export const SOULSTONE_LIMIT = 512;

/** The most groups of a Codex: each target names every Soulstone, and most other targets. */
export const GROUP_LIMIT = 128;

/** The first port that a user may publish without a privilege, unless the host says otherwise. */
export const FIRST_FREE_PORT = 1024;
