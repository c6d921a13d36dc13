import type { Restarts } from "../core/plan/mod.ts";
import { GPU_EXPORTER, HARVESTER, SCRIBE, SEPULCHER, WATCHERS_TARGET } from "../core/rune/mod.ts";
import type { InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { type Notes, readNotes, type Services, writeNotes } from "./notes.ts";
import { isRunning, type Systemd, type UnitState } from "../units/systemd.ts";

/** What became of the services that run with what is no longer so. */
export interface Restarted {
  readonly restartNeeded: readonly string[];
  readonly restarted: readonly string[];
  /** Those that read their files again without a restart. */
  readonly reread: readonly string[];
  /** What failed, and what systemd said of it. */
  readonly problem: { readonly what: string; readonly said: string } | undefined;
}

/** The notes of before and what a plan changes, together; `untold` when systemd is not told. */
export function addToNotes(notes: Notes, restarts: Restarts, untold: boolean): Notes {
  const add = (services: Services, more: readonly string[], without: readonly string[]) =>
    new Map([...services, ...more.map((unit): [string, string] => [unit, ""])]
      .filter(([unit]) => !without.includes(unit)));
  return {
    restart: add(notes.restart, restarts.changed, restarts.removed),
    reread: add(notes.reread, restarts.reread, restarts.removed),
    stop: add(notes.stop, restarts.removed, restarts.present),
    untold,
  };
}

/**
 * Restarts what runs and changed and stops what is gone, now or at a render before, if that was asked
 * for; else tells it, and keeps it in mind. What only has to read its files again is told so at once:
 * that interrupts nothing.
 */
export async function applyRestarts(
  { host, folders }: CommandContext,
  { restart }: InscribeOptions,
  systemd: Systemd | undefined,
  { created }: Restarts,
): Promise<Restarted> {
  const notes = readNotes(host, folders.config);
  if (systemd === undefined) {
    const all = [...notes.restart.keys(), ...notes.reread.keys(), ...notes.stop.keys()];
    const restartNeeded = [...new Set(all)].sort();
    return { restartNeeded, restarted: [], reread: [], problem: undefined };
  }
  const states = await systemd.states(
    [...notes.restart.keys(), ...notes.reread.keys(), ...notes.stop.keys()],
  );
  const anew = stillRunning(notes.restart, states);
  const gone = stillRunning(notes.stop, states);
  const stale = stillRunning(notes.reread, states);
  // One that waits for a restart may not understand files that were written for the new one; one
  // that only starts cannot be told yet.
  const reread = [...stale.keys()].filter((unit) =>
    !anew.has(unit) && !(restart && anew.has(SEPULCHER.service)) &&
    states.get(unit)?.activeState === "active"
  );
  const needed = [...withoutMembers([...anew.keys()]), ...gone.keys()].sort();
  const restartProblem = !restart
    ? undefined
    : await stopAndRestart(systemd, gone, anew) ?? await startWatchers(systemd, created);
  const rereadProblem = reread.length === 0 ? undefined : await systemd.reread(reread);
  const done = restart && restartProblem === undefined;
  const left = done ? new Map<string, string>() : undefined;
  const told = rereadProblem === undefined ? reread : [];
  writeNotes(host, folders.config, {
    restart: left ?? anew,
    reread: new Map([...stale].filter(([unit]) => !told.includes(unit))),
    stop: left ?? gone,
    untold: notes.untold,
  });
  return {
    restartNeeded: done ? [] : needed,
    restarted: done ? needed : [],
    reread: told,
    problem: restartProblem !== undefined
      ? { what: "a restart", said: restartProblem }
      : rereadProblem !== undefined
      ? { what: "a reload", said: rereadProblem }
      : undefined,
  };
}

/** Those that run as they did when they were noted, with the InvocationID of now. */
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
  gone: Services,
  anew: Services,
): Promise<string | undefined> {
  const stopped = gone.size > 0 ? await systemd.stop([...gone.keys()]) : undefined;
  if (stopped !== undefined || anew.size === 0) return stopped;
  return await systemd.tryRestart(withoutMembers([...anew.keys()]));
}

/** Starts Watchers that are new beside others that run: else they would wait for the pod's next start. */
async function startWatchers(
  systemd: Systemd,
  created: readonly string[],
): Promise<string | undefined> {
  const watchers: readonly string[] = [HARVESTER, SCRIBE, GPU_EXPORTER].map((w) => w.service);
  if (!created.some((unit) => watchers.includes(unit))) return undefined;
  const state = (await systemd.states([WATCHERS_TARGET])).get(WATCHERS_TARGET);
  return state?.activeState === "active" ? await systemd.start([WATCHERS_TARGET]) : undefined;
}

/** A restart of the pod is one of all that is in it. */
function withoutMembers(units: readonly string[]): string[] {
  return units.includes(SEPULCHER.service) ? [SEPULCHER.service] : [...units].sort();
}
