/** What a wish means: who starts, who stops, who stays, and how far that has come. Pure. */
export {
  type Condition,
  conditionOf,
  type EngineState,
  isSound,
  isUp,
  isWorthReturningTo,
  type UnitFacts,
} from "./condition.ts";
export { type CovenView, covenViews, type Warning, warningsOf } from "./covens.ts";
export type { Gpu } from "../gpus.ts";
export { hopelessNeeds, type MemoryNeed, memoryNeeds, shortNeeds } from "./gpu_memory.ts";
export {
  capabilityIndex,
  conflict,
  type CovenUnit,
  type Engine,
  enginesNamed,
  type Inventory,
  readInventory,
  type UnitFile,
  withStrays,
} from "./inventory.ts";
export { type Awaited, type Progress, progressOf } from "./progress.ts";
export { nextStep, type Step } from "./step.ts";
export { type Choice, planTransition, type Running, type Transition } from "./transition.ts";
export { type Failed, type WayBack, wayBack, wayBackCommand } from "./fallback.ts";
export { type Name, readName, readWish, type Refusal, type Wish } from "./wish.ts";
