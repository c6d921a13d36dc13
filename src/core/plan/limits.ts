/**
 * The most that lychd writes into its own folders, and so the most that it reads from there: a
 * Codex within its limits makes files of less than one MiB, and some 180 MB of them.
 */

/** The most bytes of one file. */
export const FILE_LIMIT_BYTES = 2 * 2 ** 20;

/** The most bytes of all of them together, and of a generation, which holds them all. */
export const TREE_LIMIT_BYTES = 256 * 2 ** 20;
