import type { Restarts } from "../core/plan/restarts.ts";
import type { Started } from "../core/plan/started.ts";
import { isOfVessel, isOfWatchers } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { type Notes, readNotes, type Services } from "../units/notes.ts";
import { readRendered } from "../units/rendered.ts";
import { formerStarts, NOT_STALE, runsSince, type Stale, staleOf } from "../units/stale.ts";
import type { Systemd, UnitState } from "../units/systemd.ts";
import { writeNotes } from "./notes.ts";

/** The states of services, by name; undefined if systemd was not asked. */
export type States = ReadonlyMap<string, UnitState> | undefined;

/** Returns every service that a plan affects, or that is in the notes. */
export function affectedBy(notes: Notes, { changed, removed }: Restarts): string[] {
  return [...new Set([...notes.started.keys(), ...changed.keys(), ...removed])];
}

/**
 * Adds a plan to the notes. `states` are those before the change: a service that does not run has
 * nothing to note, and one that has started again since it was noted is noted as of that start.
 */
export function addToNotes(
  notes: Notes,
  restarts: Restarts,
  { states, unconfirmed }: { readonly states: States; readonly unconfirmed: boolean },
): Notes {
  const started = new Map<string, Started>();
  const candidates = [
    ...[...restarts.changed].map(([unit, settings]) => {
      const invocationId = states?.get(unit)?.invocationId ?? "";
      return [unit, { invocationId, settings }] as const;
    }),
    ...notes.started,
  ];
  for (const [unit, start] of candidates) {
    if (restarts.removed.includes(unit)) continue;
    const isCurrent = states === undefined || runsSince(start.invocationId, states.get(unit));
    if (isCurrent) started.set(unit, start);
  }
  const add = (services: Services, more: readonly string[], without: readonly string[]) =>
    new Map([...services, ...more.map((unit): [string, string] => [unit, ""])]
      .filter(([unit]) => !without.includes(unit)));
  return {
    started,
    reread: add(notes.reread, restarts.reread, restarts.removed),
    stop: add(notes.stop, restarts.removed, restarts.present),
    unconfirmed,
  };
}

/** The work that a change leaves. */
export interface Settled {
  readonly stale: Stale;
  /** Services that were reloaded. */
  readonly reread: readonly string[];
  /** Units of disabled Watchers and of a disabled Vessel that were stopped. */
  readonly stopped: readonly string[];
  /** Units that were started. */
  readonly started: readonly string[];
  /** The order that failed, with the message of systemd. */
  readonly problem: string | undefined;
}

/** Nothing is left to do. */
export const SETTLED: Settled = {
  stale: NOT_STALE,
  reread: [],
  stopped: [],
  started: [],
  problem: undefined,
};

/**
 * Does what interrupts no engine: stops Watchers and a Vessel that were disabled, forgets the failures of removed
 * units, and reloads services that only have to read their files again. Removes notes that no longer
 * apply, and returns what is left to restart or to stop.
 */
export async function settle(context: CommandContext, systemd: Systemd): Promise<Settled> {
  const { host, folders } = context;
  const notes = readNotes(host, folders.config);
  const units = [notes.started, notes.reread, notes.stop].flatMap((map) => [...map.keys()]);
  if (units.length === 0) return SETTLED;
  const rendered = readRendered(context);
  const states = new Map(await systemd.activeStates(units));
  // A timer fails when its service is removed.
  await systemd.resetFailed(
    [...notes.stop.keys()].filter((unit) => states.get(unit)?.activeState === "failed"),
  );
  const running = [...stillRunning(notes.stop, states).keys()].sort();
  const [watchers, vessel] = [running.filter(isOfWatchers), running.filter(isOfVessel)];
  const disabled = [...watchers, ...vessel];
  // Requests under way may take minutes to finish.
  const stopProblem = (watchers.length === 0 ? undefined : await systemd.stop(watchers)) ??
    (vessel.length === 0 ? undefined : await systemd.queueStop(vessel));
  if (stopProblem === undefined) { for (const unit of disabled) states.delete(unit); }
  const stale = staleOf(notes, rendered, states);
  const unread = stillRunning(notes.reread, states);
  // A service that waits for a restart may not understand the new files, and one that is starting
  // cannot be reloaded yet.
  const toReload = [...unread.keys()].filter((unit) =>
    !stale.restart.includes(unit) && states.get(unit)?.activeState === "active"
  );
  const reloadProblem = toReload.length === 0 ? undefined : await systemd.reread(toReload);
  const reread = reloadProblem === undefined ? toReload : [];
  writeNotes(host, folders.config, {
    started: formerStarts(notes, rendered, states),
    reread: new Map([...unread].filter(([unit]) => !reread.includes(unit))),
    stop: stillRunning(notes.stop, states),
    unconfirmed: notes.unconfirmed,
  });
  const problem = stopProblem !== undefined
    ? `a stop failed: ${stopProblem}`
    : reloadProblem !== undefined
    ? `a reload failed: ${reloadProblem}`
    : undefined;
  const stopped = stopProblem === undefined ? disabled : [];
  return { stale, reread, stopped, started: [], problem };
}

/** Returns the services that still run since they were noted, with their present InvocationIDs. */
function stillRunning(services: Services, states: ReadonlyMap<string, UnitState>): Services {
  return new Map(
    [...services].filter(([unit, id]) => runsSince(id, states.get(unit)))
      .map(([unit]) => [unit, states.get(unit)?.invocationId ?? ""]),
  );
}
