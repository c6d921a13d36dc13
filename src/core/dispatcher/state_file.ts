import type { Wish } from "../orchestrator/wish.ts";
import type { DispatcherStatus } from "./dispatcher.ts";

/** The name of the file with the state of the front door, in its folder. */
export const STATE_FILE = "state.json";

/** The reason why a Portal cannot be used now. */
export interface PortalProblem {
  /** A stable word for programs. */
  readonly code: string;
  readonly why: string;
}

/** The state of a Portal. */
export interface PortalState {
  readonly name: string;
  /** The number of its models. */
  readonly models: number;
  readonly underWay: number;
  readonly problem: PortalProblem | undefined;
  /** The models that the Codex names and the Portal does not list. */
  readonly missing: readonly string[];
}

/** The requests of a front. */
export interface FrontState extends DispatcherStatus {
  readonly portals: readonly PortalState[];
}

/** The state of the front door, for the commands of the operator. */
export interface DoorState extends FrontState {
  /** The part of a swap that takes time now, and its engines. */
  readonly swap: { readonly phase: string; readonly names: readonly string[] } | undefined;
  /** The reason why the last render is not in force, and the command that fixes it. */
  readonly problem: { readonly why: string; readonly hint: string } | undefined;
  /** The file of its program; undefined if that is not a binary. */
  readonly program: { readonly path: string; readonly identity: string } | undefined;
  /** The time of the state, in seconds of the Unix epoch. */
  readonly timeSeconds: number;
}

/** Returns the text of the state file. */
export function writeState(state: DoorState): string {
  const { phase, wish, engines, portals, swap, problem, program, timeSeconds } = state;
  const value = {
    phase,
    wish: wish ?? null,
    swap: swap ?? null,
    problem: problem ?? null,
    program: program ?? null,
    engines: engines.map(({ name, underWay, waiting }) => ({ name, under_way: underWay, waiting })),
    portals: portals.map(({ underWay, problem, ...portal }) => {
      return { ...portal, under_way: underWay, problem: problem ?? null };
    }),
    time_seconds: timeSeconds,
  };
  return `${JSON.stringify(value)}\n`;
}

/**
 * Reads the text of a state file; undefined if another version of lychd wrote it.
 *
 * @example
 * ```ts
 * import { readState, writeState } from "./state_file.ts";
 * const steady = { phase: "steady", wish: undefined, swap: undefined, engines: [], portals: [] } as const;
 * const state = { ...steady, problem: undefined, program: undefined, timeSeconds: 5 };
 * readState(writeState(state))?.timeSeconds; // 5
 * ```
 */
export function readState(text: string): DoorState | undefined {
  try {
    const { phase, wish, swap, engines, portals, problem, program, ...rest } = JSON.parse(text);
    const timeSeconds = rest["time_seconds"];
    if (typeof phase !== "string" || typeof timeSeconds !== "number") return undefined;
    return {
      phase: phase as DoorState["phase"],
      wish: (wish ?? undefined) as Wish | undefined,
      swap: swap ?? undefined,
      engines: (engines as Engine[]).map(({ name, under_way: underWay, waiting }) => {
        return { name: String(name), underWay: Number(underWay), waiting: Number(waiting) };
      }),
      portals: (portals as Portal[]).map(({ name, models, missing, problem, ...rest }) => {
        const underWay = Number(rest["under_way"]);
        return { name, models, missing, underWay, problem: problem ?? undefined };
      }),
      problem: problem ?? undefined,
      program: program ?? undefined,
      timeSeconds,
    };
  } catch {
    return undefined;
  }
}

type Engine = Readonly<Record<"name" | "under_way" | "waiting", unknown>>;
type Portal = Omit<PortalState, "underWay"> & { readonly under_way: unknown };
