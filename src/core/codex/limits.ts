/** The size limit of a Codex file, in KiB. */
export const FILE_LIMIT_KIB = 128;

/** The size limit of all files of a Codex together, in KiB. */
export const CODEX_LIMIT_KIB = 512;

/** The number of files and folders that are read below a Codex, hidden ones included. */
export const ENTRY_LIMIT = 2048;

/** The number of keys, values, lists and tables of a Codex: each takes kilobytes to parse. */
export const VALUE_LIMIT = 16_384;

/** The number of Soulstones of a Codex: each unit names those that it excludes. */
export const SOULSTONE_LIMIT = 300;

/** The number of Portals of a Codex. */
export const PORTAL_LIMIT = 64;

/** The number of groups of a Codex: each target names every Soulstone and most other targets. */
export const GROUP_LIMIT = 128;

/** The number of all names in `groups`: `lychd covens` compares each Coven with every other. */
export const MEMBERSHIP_LIMIT = 2048;

/** Returns the limit that so many groups with so many members exceed. */
export function exceededByGroups(groups: number, memberships: number): string | undefined {
  if (groups > GROUP_LIMIT) return `${GROUP_LIMIT} groups`;
  return memberships > MEMBERSHIP_LIMIT ? `${MEMBERSHIP_LIMIT} names in \`groups\`` : undefined;
}

/** The size of all generated files together, in MiB: lychd has several copies of them in memory. */
export const RUNES_LIMIT_MIB = 7;

/** The first port that a user may bind without privileges, unless the host is configured otherwise. */
export const FIRST_FREE_PORT = 1024;
