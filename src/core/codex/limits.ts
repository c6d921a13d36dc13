/** The most that one Codex file may have, in KiB: the parser takes up to a kilobyte for each byte. */
export const FILE_LIMIT_KIB = 128;

/** The first port that a user may publish without a privilege, unless the host says otherwise. */
export const FIRST_FREE_PORT = 1024;
