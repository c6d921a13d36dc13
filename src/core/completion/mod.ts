/**
 * What a shell may complete: commands and options, and the names in the Codex. The gate, which must
 * be quick, loads the other files of this folder without this one.
 */
export { lookUp } from "./lookup.ts";
export { scriptFor } from "./script.ts";
export { answerFor } from "./shell.ts";
