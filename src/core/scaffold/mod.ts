/** A first Codex, or one more Soulstone, as text for people to go on with. */
export { type Draft, draftCodex, type DraftInput, type DraftProblem } from "./scaffold.ts";
export { imageFor } from "./image.ts";
export { nameFor } from "./name.ts";
export { portsBeside } from "./ports.ts";
export type { SoulstoneRequest } from "./request.ts";
