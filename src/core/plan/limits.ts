/** The largest file that lychd writes, and so reads; a Codex within its limits makes less than 1 MiB. */
export const FILE_LIMIT_BYTES = 2 * 2 ** 20;

/** The limit of all files together, and of a generation; a Codex within its limits makes 10 MiB. */
export const TREE_LIMIT_BYTES = 64 * 2 ** 20;
