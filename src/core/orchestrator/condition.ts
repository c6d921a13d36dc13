/** What systemd tells of a unit, as numbers and its own words. */
export interface UnitFacts {
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** Why it ended last. */
  readonly result: string;
  /** How its main process ended: 1 by itself, 2 by a signal, 3 by one that dumps core. */
  readonly exitKind: number;
  /** The status or the signal by which it ended. */
  readonly exitStatus: number;
  /** How often systemd has restarted it since it was started. */
  readonly restarts: number;
  /** The number of the job that waits for it or works on it; empty when there is none. */
  readonly job: string;
  /** When it came into its present state, in seconds of the Unix epoch; nothing if never. */
  readonly sinceSeconds: number | undefined;
  /** Main memory of all its processes, in bytes; nothing where that is not counted. */
  readonly memoryBytes: number | undefined;
  /** Whether its unit on disk is newer than what systemd has read. */
  readonly isStale: boolean;
}

/** What an engine does. */
export type EngineState =
  | "running"
  | "starting"
  | "restarting"
  | "stopping"
  | "failed"
  | "stopped"
  | "masked"
  | "missing";

/** What an engine does, and why where that is not as it should be. */
export interface Condition {
  readonly state: EngineState;
  readonly why?: string;
  /** How often systemd has restarted it. */
  readonly restarts: number;
  /** Whether systemd still has something to do with it. */
  readonly hasJob: boolean;
}

/**
 * Says in plain words what an engine does; one that systemd does not know is `missing`.
 *
 * Sources: systemd.service(5) and org.freedesktop.systemd1(5); Podman exits with 125 to 127 when it
 * could not start a container (podman-run(1), Exit Status).
 */
export function conditionOf(unit: UnitFacts | undefined): Condition {
  if (unit === undefined) return { state: "missing", restarts: 0, hasJob: false };
  const rest = { restarts: unit.restarts, hasJob: unit.job !== "" };
  const state = stateOf(unit);
  if (state === "masked") return { state, why: "its unit is masked", ...rest };
  if (state === "missing") {
    const why = unit.loadState === "not-found"
      ? "systemd has no such unit"
      : "systemd cannot read its unit";
    return { state, why, ...rest };
  }
  if (state !== "failed" && state !== "restarting") return { state, ...rest };
  return { state, why: endingOf(unit), ...rest };
}

function stateOf({ loadState, activeState, subState }: UnitFacts): EngineState {
  switch (activeState) {
    case "active":
    case "reloading":
    case "refreshing":
      return "running";
    case "activating":
      return subState.startsWith("auto-restart") ? "restarting" : "starting";
    case "deactivating":
      return "stopping";
    case "failed":
      return "failed";
    default:
      return loadState === "loaded" ? "stopped" : loadState === "masked" ? "masked" : "missing";
  }
}

function endingOf({ result, exitKind, exitStatus }: UnitFacts): string {
  switch (result) {
    case "timeout":
      return "it was not ready in time";
    case "exit-code":
      return exitStatus >= 125 && exitStatus <= 127
        ? `Podman could not start it (status ${exitStatus})`
        : exitStatus === 137
        ? "it was killed (status 137), often for want of memory"
        : `it ended with status ${exitStatus}`;
    case "signal":
    case "core-dump":
      return exitKind === 1
        ? `it ended with status ${exitStatus}`
        : `it was killed by signal ${exitStatus}`;
    case "oom-kill":
      return "the kernel killed it for want of memory";
    case "start-limit-hit":
      return "it was started too often in too short a time";
    default:
      return `systemd says ${result}`;
  }
}

/** Whether an engine holds its place: it runs, or is about to. */
export function isUp({ state }: Condition): boolean {
  return state === "running" || state === "starting" || state === "restarting";
}

/** Whether an engine is one to go back to: it runs or loads, and does not wait for its restart. */
export function isWorthReturningTo({ state }: Condition): boolean {
  return state === "running" || state === "starting";
}

/** Whether an engine runs, or starts for the first time: one that ended by itself is no help yet. */
export function isSound({ state, restarts }: Condition): boolean {
  return state === "running" || state === "starting" && restarts === 0;
}
