import type { Restarts } from "../core/plan/mod.ts";
import { SEPULCHER } from "../core/rune/mod.ts";
import type { InscribeOptions } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { type Notes, readNotes, type Services, writeNotes } from "./notes.ts";
import { isRunning, type Systemd, type UnitState } from "./systemd.ts";

/** What became of the services that run with what is no longer so. */
export interface Restarted {
  readonly restartNeeded: readonly string[];
  readonly restarted: readonly string[];
  /** What systemd said when one did not restart. */
  readonly problem: string | undefined;
}

/** The notes of before and what a plan changes, together; `untold` when systemd is not told. */
export function addToNotes(notes: Notes, restarts: Restarts, untold: boolean): Notes {
  const add = (services: Services, more: readonly string[], without: readonly string[]) =>
    new Map([...services, ...more.map((unit): [string, string] => [unit, ""])]
      .filter(([unit]) => !without.includes(unit)));
  return {
    restart: add(notes.restart, restarts.changed, restarts.removed),
    stop: add(notes.stop, restarts.removed, restarts.present),
    untold,
  };
}

/**
 * Restarts what runs and changed and stops what is gone, now or at a render before, if that was asked
 * for; else tells it, and keeps it in mind.
 */
export async function applyRestarts(
  { host, folders }: CommandContext,
  { restart }: InscribeOptions,
  systemd: Systemd | undefined,
): Promise<Restarted> {
  const notes = readNotes(host, folders.config);
  if (systemd === undefined) {
    const all = [...notes.restart.keys(), ...notes.stop.keys()].sort();
    return { restartNeeded: all, restarted: [], problem: undefined };
  }
  const states = await systemd.states([...notes.restart.keys(), ...notes.stop.keys()]);
  const anew = stillRunning(notes.restart, states);
  const gone = stillRunning(notes.stop, states);
  const needed = [...withoutMembers([...anew.keys()]), ...gone.keys()].sort();
  const problem = !restart ? undefined : await stopAndRestart(systemd, gone, anew);
  const done = restart && problem === undefined;
  const left = done ? new Map<string, string>() : undefined;
  writeNotes(host, folders.config, {
    restart: left ?? anew,
    stop: left ?? gone,
    untold: notes.untold,
  });
  return { restartNeeded: done ? [] : needed, restarted: done ? needed : [], problem };
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

/** A restart of the pod is one of all that is in it. */
function withoutMembers(units: readonly string[]): string[] {
  return units.includes(SEPULCHER.service) ? [SEPULCHER.service] : [...units].sort();
}
