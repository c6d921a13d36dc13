import type { Restarts } from "../core/plan/restarts.ts";
import { GPU_EXPORTER, HARVESTER, SCRIBE, SEPULCHER, WATCHERS_TARGET } from "../core/rune/names.ts";
import type { InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { type Notes, readNotes, type Services, writeNotes } from "./notes.ts";
import { isRunning, type Systemd, type UnitState } from "../units/systemd.ts";

/** The services that run with previous units, and what was done about them. */
export interface Restarted {
  readonly restartNeeded: readonly string[];
  readonly restarted: readonly string[];
  /** Services that were reloaded. */
  readonly reread: readonly string[];
  /** The operation that failed, and the message of systemd. */
  readonly problem: { readonly what: string; readonly error: string } | undefined;
}

/** Adds the restarts of a plan to the notes. */
export function addToNotes(notes: Notes, restarts: Restarts, unconfirmed: boolean): Notes {
  const add = (services: Services, more: readonly string[], without: readonly string[]) =>
    new Map([...services, ...more.map((unit): [string, string] => [unit, ""])]
      .filter(([unit]) => !without.includes(unit)));
  return {
    restart: add(notes.restart, restarts.changed, restarts.removed),
    reread: add(notes.reread, restarts.reread, restarts.removed),
    stop: add(notes.stop, restarts.removed, restarts.present),
    unconfirmed,
  };
}

/**
 * Restarts services that changed and stops services that were removed, by this render or an earlier
 * one, if `restart` is set; otherwise keeps them in the notes. Reloads services that only have to read
 * their files again: that interrupts nothing.
 */
export async function applyRestarts(
  { host, folders }: CommandContext,
  { restart }: InscribeOptions,
  systemd: Systemd | undefined,
  { created }: Restarts,
): Promise<Restarted> {
  const notes = readNotes(host, folders.config);
  const noted = [...notes.restart.keys(), ...notes.reread.keys(), ...notes.stop.keys()];
  if (systemd === undefined) {
    const restartNeeded = [...new Set(noted)].sort();
    return { restartNeeded, restarted: [], reread: [], problem: undefined };
  }
  const states = await systemd.activeStates(noted);
  const changed = stillRunning(notes.restart, states);
  const removed = stillRunning(notes.stop, states);
  const stale = stillRunning(notes.reread, states);
  // A service that waits for a restart may not understand the new files, and one that is starting
  // cannot be reloaded yet.
  const toReload = [...stale.keys()].filter((unit) =>
    !changed.has(unit) && !(restart && changed.has(SEPULCHER.service)) &&
    states.get(unit)?.activeState === "active"
  );
  const needed = [...withoutMembers(changed), ...removed.keys()].sort();
  const restartProblem = restart
    ? await stopAndRestart(systemd, removed, changed) ?? await startWatchers(systemd, created)
    : undefined;
  const reloadProblem = toReload.length === 0 ? undefined : await systemd.reread(toReload);
  const done = restart && restartProblem === undefined;
  const reread = reloadProblem === undefined ? toReload : [];
  writeNotes(host, folders.config, {
    restart: done ? new Map() : changed,
    reread: new Map([...stale].filter(([unit]) => !reread.includes(unit))),
    stop: done ? new Map() : removed,
    unconfirmed: notes.unconfirmed,
  });
  return {
    restartNeeded: done ? [] : needed,
    restarted: done ? needed : [],
    reread,
    problem: restartProblem !== undefined
      ? { what: "a restart", error: restartProblem }
      : reloadProblem !== undefined
      ? { what: "a reload", error: reloadProblem }
      : undefined,
  };
}

/** Returns the services that still run since they were noted, with their present InvocationIDs. */
function stillRunning(services: Services, states: ReadonlyMap<string, UnitState>): Services {
  const found = new Map<string, string>();
  for (const [unit, id] of services) {
    const state = states.get(unit);
    if (state === undefined || !isRunning(state)) continue;
    if (id === "" || id === state.invocationId) found.set(unit, state.invocationId);
  }
  return found;
}

async function stopAndRestart(
  systemd: Systemd,
  removed: Services,
  changed: Services,
): Promise<string | undefined> {
  const problem = removed.size > 0 ? await systemd.stop([...removed.keys()]) : undefined;
  if (problem !== undefined || changed.size === 0) return problem;
  return await systemd.tryRestart(withoutMembers(changed));
}

/** Starts new Watchers if others run: otherwise they would start with the pod's next start. */
async function startWatchers(
  systemd: Systemd,
  created: readonly string[],
): Promise<string | undefined> {
  const watchers: readonly string[] = [HARVESTER, SCRIBE, GPU_EXPORTER].map((w) => w.service);
  if (!created.some((unit) => watchers.includes(unit))) return undefined;
  const state = (await systemd.activeStates([WATCHERS_TARGET])).get(WATCHERS_TARGET);
  return state?.activeState === "active" ? await systemd.start([WATCHERS_TARGET]) : undefined;
}

/** Returns the units to restart: the pod alone, if it is among them, since it restarts all others. */
function withoutMembers(services: Services): string[] {
  return services.has(SEPULCHER.service) ? [SEPULCHER.service] : [...services.keys()].sort();
}
