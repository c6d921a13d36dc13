import { soulstoneUnit } from "../rune/names.ts";
import { readProperties } from "../rune/properties.ts";
import type { Engine } from "./inventory.ts";

/** The state of a unit, as systemd reports it. */
export interface UnitState {
  readonly loadState: string;
  readonly loadError: string;
  readonly activeState: string;
  readonly subState: string;
  /** The result of its last run. */
  readonly result: string;
  /** The end of its main process: 1 exited, 2 was killed, 3 dumped core. */
  readonly exitKind: number;
  /** The exit status or the number of the signal. */
  readonly exitStatus: number;
  /** The number of restarts by systemd since it was started. */
  readonly restarts: number;
  /** The number of its pending job; empty without one. */
  readonly job: string;
  /** Changes with each start. */
  readonly invocationId: string;
  /** Time of the last state change, in seconds of the Unix epoch. */
  readonly sinceSeconds: number | undefined;
  /** Times when it last became active, and stopped being active; undefined if it never did. */
  readonly activeFromSeconds: number | undefined;
  readonly activeUntilSeconds: number | undefined;
  /** Memory of all its processes; undefined where systemd does not count it. */
  readonly memoryBytes: number | undefined;
  /** True if it became active in its last run: its start had succeeded. */
  readonly wasActive: boolean;
  /** True if the unit on disk is newer than the one that systemd has loaded. */
  readonly isStale: boolean;
}

/** The properties that {@linkcode readUnitStates} reads. */
export const UNIT_PROPERTIES =
  "Id,LoadState,LoadError,ActiveState,SubState,Result,ExecMainCode,ExecMainStatus,NRestarts,Job," +
  "InvocationID,StateChangeTimestamp,ActiveEnterTimestamp,ActiveExitTimestamp," +
  "InactiveExitTimestampMonotonic," +
  "ActiveEnterTimestampMonotonic,MemoryCurrent,NeedDaemonReload";

/** Reads the output of `systemctl show --timestamp=unix` for {@linkcode UNIT_PROPERTIES}. */
export function readUnitStates(text: string): Map<string, UnitState> {
  return new Map([...readProperties(text)].map(([id, values]) => {
    const word = (name: string) => values.get(name) ?? "";
    const number = (name: string) => {
      const digits = word(name).replace(/^@/, "");
      return /^\d+$/.test(digits) ? Number(digits) : undefined;
    };
    return [id, {
      loadState: word("LoadState"),
      loadError: word("LoadError"),
      activeState: word("ActiveState"),
      subState: word("SubState"),
      result: word("Result"),
      exitKind: number("ExecMainCode") ?? 0,
      exitStatus: number("ExecMainStatus") ?? 0,
      restarts: number("NRestarts") ?? 0,
      job: word("Job"),
      invocationId: word("InvocationID"),
      sinceSeconds: number("StateChangeTimestamp"),
      activeFromSeconds: number("ActiveEnterTimestamp"),
      activeUntilSeconds: number("ActiveExitTimestamp"),
      memoryBytes: number("MemoryCurrent"),
      wasActive: (number("ActiveEnterTimestampMonotonic") ?? 0) >
        (number("InactiveExitTimestampMonotonic") ?? 0),
      isStale: word("NeedDaemonReload") === "yes",
    }];
  }));
}

/** Returns the state of an inactive unit from the state of its file; undefined without a file. */
export function inactiveUnit(fileState: string | undefined): UnitState {
  const loadState = fileState === undefined
    ? "not-found"
    : fileState.startsWith("masked")
    ? "masked"
    : fileState === "bad"
    ? "bad-setting"
    : "loaded";
  return { ...INACTIVE, loadState };
}

const INACTIVE: UnitState = {
  loadState: "loaded",
  loadError: "",
  activeState: "inactive",
  subState: "dead",
  result: "success",
  exitKind: 0,
  exitStatus: 0,
  restarts: 0,
  job: "",
  invocationId: "",
  sinceSeconds: undefined,
  activeFromSeconds: undefined,
  activeUntilSeconds: undefined,
  memoryBytes: undefined,
  wasActive: false,
  isStale: false,
};

/** The state of an engine. */
export type EngineState =
  | "running"
  | "starting"
  | "restarting"
  | "stopping"
  | "failed"
  | "stopped"
  | "masked"
  | "missing";

/** The state of an engine, with the reason if something is wrong. */
export interface Condition {
  readonly state: EngineState;
  readonly why?: string;
  /** The number of restarts by systemd. */
  readonly restarts: number;
  /** True while systemd has a job for it. */
  readonly hasJob: boolean;
}

/**
 * Returns the condition of the unit of an `engine`; `missing` if systemd does not know it.
 *
 * Sources: systemd.service(5) and org.freedesktop.systemd1(5); Podman exits with 125 to 127 when it
 * could not start a container (podman-run(1), Exit Status).
 */
export function conditionOf(unit: UnitState | undefined, engine?: Engine): Condition {
  if (unit === undefined) return { state: "missing", restarts: 0, hasJob: false };
  return { ...stateOf(unit, engine), restarts: unit.restarts, hasJob: unit.job !== "" };
}

function stateOf(
  unit: UnitState,
  engine: Engine | undefined,
): Pick<Condition, "state" | "why"> {
  switch (unit.activeState) {
    case "active":
    case "reloading":
    case "refreshing":
      return { state: "running" };
    case "activating":
      return unit.subState.startsWith("auto-restart")
        ? { state: "restarting", why: failureOf(unit, engine) }
        : { state: "starting" };
    case "deactivating":
      return { state: "stopping" };
    case "failed":
      return { state: "failed", why: failureOf(unit, engine) };
  }
  switch (unit.loadState) {
    case "loaded":
      return { state: "stopped" };
    case "masked":
      return { state: "masked", why: "its unit is masked" };
    case "not-found":
      return { state: "missing", why: "systemd has no such unit" };
    default:
      return { state: "missing", why: "systemd cannot read its unit" };
  }
}

function failureOf(
  { result, exitKind, exitStatus, wasActive }: UnitState,
  engine: Engine | undefined,
): string {
  switch (result) {
    case "timeout":
      return wasActive ? "it did not stop in time" : lateText(engine);
    case "exit-code":
      // Its main process has not exited, for example that of a pod that cannot start.
      if (exitKind === 0) return "a command of its unit failed";
      return exitStatus >= 125 && exitStatus <= 127
        ? `Podman could not start it (status ${exitStatus})`
        : exitStatus === 137
        ? "it was killed (status 137), often because memory ran out"
        : `it exited with status ${exitStatus}`;
    case "signal":
    case "core-dump":
      return exitKind === 1
        ? `it exited with status ${exitStatus}`
        : `it was killed by signal ${exitStatus}`;
    case "oom-kill":
      return "the kernel killed it because memory ran out";
    case "start-limit-hit":
      return "it was started too often in a short time";
    default:
      return `systemd reports ${result}`;
  }
}

/** Returns what a start waited for in vain. */
function lateText(engine: Engine | undefined): string {
  const { kind, path, timeout } = engine?.startCheck ?? { kind: "none" };
  const what = kind === "path"
    ? `${path} did not answer 2xx`
    : kind === "command"
    ? "its health command did not succeed"
    : "it did not start";
  if (timeout === undefined) return `${what} in time`;
  const setting = /^\d+$/.test(timeout)
    ? `start_timeout_seconds (${timeout} s)`
    : `TimeoutStartSec=${timeout}`;
  return `${what} within ${setting}`;
}

/** Returns the command that fixes or explains a state; undefined for a state without a problem. */
export function stateHint(
  name: string,
  state: EngineState,
  service = soulstoneUnit(name).service,
): string | undefined {
  switch (state) {
    case "failed":
    case "restarting":
      return `lychd logs ${name}`;
    case "masked":
      return `systemctl --user unmask ${service}`;
    case "missing":
      // A render that changes nothing does not reload systemd.
      return "lychd render && systemctl --user daemon-reload";
    default:
      return undefined;
  }
}

/** Returns true if an engine runs, starts, or waits for a restart. */
export function isUp({ state }: Condition): boolean {
  return state === "running" || state === "starting" || state === "restarting";
}

/** Returns true if a fallback restores an engine: it runs or starts, and has not just crashed. */
export function isRestorable({ state }: Condition): boolean {
  return state === "running" || state === "starting";
}

/** Returns true if an engine runs, or starts for the first time since it was started. */
export function isStable({ state, restarts }: Condition): boolean {
  return state === "running" || state === "starting" && restarts === 0;
}
