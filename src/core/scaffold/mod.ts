/** The files of a new Codex, or of more Soulstones, with comments for the operator. */
export { nameFor } from "./defaults.ts";
export { portsBeside } from "./ports.ts";
export { type Scaffold, scaffoldCodex, type ScaffoldInput } from "./scaffold.ts";
export type { SoulstoneRequest } from "./text.ts";
