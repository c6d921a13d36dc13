/**
 * The completions of shells: commands, options, and the names in the Codex. The gate, which must be
 * quick, imports the other files of this folder directly.
 */
export { lookUp } from "./lookup.ts";
export { answerFor } from "./shell.ts";
