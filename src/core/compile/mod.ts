/** Compiles a Codex to Runes. Only this folder knows both languages. */
export { complaintFindings, type Complaints } from "./complaints.ts";
export { compile, type Compiled, findingsOf, type Rune } from "./compile.ts";
export { commandOf, listenVariable } from "./command.ts";
export { conflictsOf, type Coven, covensOf, mayCoexist, type Member } from "./covens.ts";
export { imageFor, NVIDIA_ONLY } from "./engines/images.ts";
export {
  type EngineProfile,
  numberOfFlag,
  portOfListen,
  profileOf,
  valueOfFlag,
} from "./engines/mod.ts";
export { type ExplainedLine, explainLines, unitNamed } from "./explain.ts";
export { isShellLine } from "./health.ts";
export { whyReserved } from "./quadlet_rules.ts";
export { cachesOf, factsOf, isGroupOwned } from "./soulstone.ts";
export { metricsOf } from "./metrics.ts";
export { type DocumentsLayout, render } from "./templates.ts";
export { DASHBOARDS, RULES, watcherServices } from "./watchers/mod.ts";
export { seriesLabels, soulstoneLabels } from "./watchers/prometheus_config.ts";
