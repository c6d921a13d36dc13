/** The source language: what an operator writes. Knows nothing of units. */
export { type Codex, type Soulstone, uriOf, watchersOf } from "./codex.ts";
export { parsePortRange } from "./laws.ts";
export { type CodexFile, type CodexFolder, type ReadCodex, readCodex } from "./read.ts";
export { type EngineName, ENGINES, lychdSchema, NAME, soulstoneSchema } from "./schema.ts";
export { extraScrapeConfigs } from "./scrape_configs.ts";
export { parseVolume, type Volume } from "./volume.ts";
export type { TomlPath } from "./toml.ts";
