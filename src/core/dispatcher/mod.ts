export { Dispatcher, type DispatcherStatus } from "./dispatcher.ts";
export type {
  DoorEvent,
  Effect,
  EnginePolicy,
  EngineState,
  Policy,
  RefusalReason,
  SwapResult,
} from "./events.ts";
export { type ModelNames, type Route, route, type RouteProblem, type Work } from "./route.ts";
export {
  modelAt,
  modelsOf,
  type Place,
  placesFor,
  type PortalModel,
  portalNames,
  type PortalOffer,
  type Prospect,
  readPortalModels,
} from "./portals.ts";
