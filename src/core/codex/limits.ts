/** The largest file of a Codex that is read, in KiB: what is larger is no text of an operator. */
export const FILE_LIMIT_KIB = 1024;
