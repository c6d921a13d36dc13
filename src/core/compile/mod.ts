/** Where source and target language meet: a Codex becomes Runes. */
export { compile, type Compiled, faultsOf } from "./compile.ts";
export { conflictsOf, type Coven, covensOf, mayCoexist } from "./covens.ts";
export { type EngineProfile, profileOf } from "./engines/mod.ts";
export { isShellLine } from "./health.ts";
export { whyReserved } from "./passthrough.ts";
export { isGroupOwned } from "./soulstone.ts";
export type { Rune } from "./rune.ts";
export { metricsOf } from "./metrics.ts";
export { watcherServices } from "./watchers/mod.ts";
