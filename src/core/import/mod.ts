/** Converts the configuration of other programs to a Codex, and reports what became of each value. */
export { usedPorts } from "./finish.ts";
export {
  IMPORT_FILE_LIMIT,
  IMPORT_LIMIT_KIB,
  type ImportContext,
  type Imported,
  type ImportFile,
  type ImportResult,
} from "./imported.ts";
export { importLlamaSwap } from "./llama_swap/import.ts";
export { importQuadlet } from "./quadlet/import.ts";
export { type UnitInput } from "./quadlet/units.ts";
export { entryJson, entryLine, type Outcome, type ReportEntry, reportText } from "./report.ts";
