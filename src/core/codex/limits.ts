/** The most that one Codex file may have, in KiB: the parser takes up to a kilobyte for each byte. */
export const FILE_LIMIT_KIB = 128;
