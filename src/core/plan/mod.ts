/** Compares wanted files with those on disk. */
export { sha256 } from "./digest.ts";
export { formatDiff, paintDiff } from "./diff.ts";
export {
  CURRENT_PATH,
  formatGeneration,
  FORMER_PATH,
  type Generation,
  parseGeneration,
} from "./generation.ts";
export {
  type Action,
  type Change,
  differs,
  type DiskFile,
  formatSummary,
  isAsWritten,
  plan,
  type PlanInput,
} from "./plan.ts";
export {
  formatReceipt,
  isOwnPath,
  NO_RECEIPT,
  parseReceipt,
  type Receipt,
  RECEIPT_PATH,
} from "./receipt.ts";
export { type Restarts, restartsFor } from "./restarts.ts";
