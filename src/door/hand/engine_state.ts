import type { EngineState } from "../../core/dispatcher/events.ts";
import type { Condition } from "../../core/orchestrator/condition.ts";

/**
 * Returns the state of an engine for the front. An engine that starts again after a crash counts as
 * crashed until it is ready: one that crashes forever must not keep others from being started.
 *
 * @example
 * ```ts
 * import { engineStateOf } from "./engine_state.ts";
 * engineStateOf({ state: "running", restarts: 0, hasJob: false }); // "ready"
 * ```
 */
export function engineStateOf({ state, restarts, hasJob }: Condition): EngineState {
  switch (state) {
    case "running":
      // Its job is a stop or a restart that waits.
      return hasJob ? "stopping" : "ready";
    case "starting":
      return restarts > 0 ? "crashed" : "starting";
    case "restarting":
      return "crashed";
    case "stopping":
      return "stopping";
    case "failed":
    case "stopped":
      return hasJob ? "starting" : "down";
    case "masked":
    case "missing":
      return "down";
  }
}
