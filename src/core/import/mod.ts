/** From the configuration of others to a Codex, with an account of everything that stood there. */
export {
  type ImportContext,
  type Imported,
  type ImportFile,
  type ImportResult,
} from "./imported.ts";
export { IMPORT_FILE_LIMIT, IMPORT_LIMIT_KIB } from "./limits.ts";
export { type Note, noteLine, type Outcome } from "./ledger.ts";
export { importLlamaSwap } from "./llama_swap/import.ts";
export { importQuadlet } from "./quadlet/import.ts";
export { type UnitInput } from "./quadlet/units.ts";
