/** The most files that one import reads, drop-ins included: as many as a Codex may have Soulstones. */
export const IMPORT_FILE_LIMIT = 512;

/** The most that they may have together, in KiB: eight times what a Codex may, for all that is lost. */
export const IMPORT_LIMIT_KIB = 4096;
