/** Compiles a Codex to Runes. Only this folder knows both languages. */
export { complaintFindings, type Complaints } from "./complaints.ts";
export { compile, type Compiled, findingsOf, type Rune } from "./compile.ts";
export { conflictsOf, type Coven, covensOf, mayCoexist } from "./covens.ts";
export { imageFor, NVIDIA_ONLY } from "./engines/images.ts";
export { type EngineProfile, portOfListen, profileOf, valueOfFlag } from "./engines/mod.ts";
export { type ExplainedLine, explainLines, unitNamed } from "./explain.ts";
export { isShellLine } from "./health.ts";
export { whyReserved } from "./quadlet_rules.ts";
export { isGroupOwned } from "./soulstone.ts";
export { metricsOf } from "./metrics.ts";
export { watcherServices } from "./watchers/mod.ts";
