/** What a wish means: who starts, who stops, who stays, and how far that has come. Pure. */
export {
  type Condition,
  conditionOf,
  type EngineState,
  isUp,
  type UnitFacts,
} from "./condition.ts";
export { type CovenView, covenViews, type Warning, warningsOf } from "./covens.ts";
export {
  AMD_COUNTERS,
  type Gpu,
  type MemoryNeed,
  memoryNeed,
  NVIDIA_QUERY,
  parseAmdCounters,
  parseNvidiaSmi,
} from "./gpu_memory.ts";
export {
  capabilityIndex,
  conflict,
  type CovenUnit,
  type Engine,
  enginesNamed,
  type Inventory,
  readInventory,
  type UnitFile,
} from "./inventory.ts";
export { type Progress, progressOf, wayBack } from "./progress.ts";
export { type Choice, planTransition, type Transition } from "./transition.ts";
export { readWish, type Refusal, type Wish } from "./wish.ts";
