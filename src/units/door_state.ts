/** The state of the front door, as its process writes it for the commands of the operator. */
import { join } from "node:path/posix";
import { requestsText } from "../core/dispatcher/drain_text.ts";
import {
  type DoorState,
  type PortalState,
  readState,
  STATE_FILE,
} from "../core/dispatcher/state_file.ts";
import type { Wish } from "../core/orchestrator/wish.ts";
import { printable } from "../core/report/printable.ts";
import { countOf } from "../core/report/text.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

export type { DoorState };

const LIMIT_BYTES = 1_000_000;

/** Reads the state of the front door; undefined if it does not run: systemd removes its folder. */
export function readDoorState(
  { host, folders: { vessel } }: Pick<CommandContext, "host" | "folders">,
): DoorState | undefined {
  if (vessel === undefined) return undefined;
  try {
    return readState(new TextDecoder().decode(host.read(join(vessel, STATE_FILE), LIMIT_BYTES)));
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/**
 * Returns true if the front door runs a file that was at the path of this program before, for example an
 * older version.
 */
export function runsFormerProgram(
  { host, folders, binary }: Pick<CommandContext, "host" | "folders" | "binary">,
): boolean {
  const program = readDoorState({ host, folders })?.program;
  return program !== undefined && program.path === binary &&
    host.lstat(binary)?.identity !== program.identity;
}

/** Returns the requests at each engine, and the work of the front door, in words. */
export function doorLines(state: DoorState): string[] {
  const { phase, wish, engines, portals, swap } = state;
  const goal = wish === undefined ? "other engines" : wishText(wish);
  const work = {
    steady: undefined,
    held: "the front door keeps what runs: lychd summon --release ends that",
    draining: `the front door lets engines finish, and then starts ${goal}`,
    swapping: wish === undefined
      ? "the front door stops engines without requests"
      : `the front door starts ${goal}` +
        (swap === undefined ? "" : `: ${swap.phase} of ${printable(swap.names.join(", "))}`),
  }[phase];
  return [
    ...engines.map(({ name, underWay, waiting }) =>
      `${printable(name)}: ${requestsText(underWay, "under way")}` +
      (waiting === 0 ? "" : `, ${waiting} waiting`)
    ),
    ...portals.map(portalLine),
    ...work === undefined ? [] : [work],
  ];
}

/** Returns the state of a Portal in words. */
export function portalLine({ name, models, underWay, problem, missing }: PortalState): string {
  const words = problem === undefined
    ? [
      countOf(models, "model"),
      ...underWay === 0 ? [] : [requestsText(underWay, "under way")],
      ...missing.length === 0 ? [] : [`it does not list ${missing.join(", ")}`],
    ].join(", ")
    : `${problem.why}: lychd doctor --only vessel.portals`;
  return printable(`Portal ${name}: ${words}`);
}

/** Returns the goal of the front door: `Coven vision`. */
export function wishText(wish: Wish): string {
  return wish.kind === "capabilities"
    ? wish.names.map((name) => printable(name)).join(" and ")
    : wish.kind === "coven"
    ? `Coven ${printable(wish.name)}`
    : printable(wish.name);
}

/** Returns the state for `--json`; null if the front door does not run. */
export function doorJson(state: DoorState | undefined) {
  if (state === undefined) return null;
  const { phase, wish, engines, portals, swap } = state;
  return {
    phase,
    goal: wish === undefined
      ? null
      : { kind: wish.kind, names: wish.kind === "capabilities" ? wish.names : [wish.name] },
    swap: swap ?? null,
    requests: engines.map(({ name, underWay, waiting }) => {
      return { soulstone: name, under_way: underWay, waiting };
    }),
    portals: portals.map(({ name, models, underWay, problem, missing }) => {
      return { name, models, under_way: underWay, problem: problem ?? null, missing };
    }),
  };
}
