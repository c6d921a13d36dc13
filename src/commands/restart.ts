import { basename } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import type { Restarts } from "../core/plan/mod.ts";
import { SEPULCHER, serviceOf } from "../core/rune/mod.ts";
import type { InscribeOptions } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { readPending, writePending } from "./pending.ts";
import { isRunning, type Systemd } from "./systemd.ts";

/** What became of the services that run with what is no longer so. */
export interface Restarted {
  readonly restartNeeded: readonly string[];
  readonly restarted: readonly string[];
  /** What systemd said when one did not restart. */
  readonly problem: string | undefined;
}

/**
 * Restarts what runs and changed, now or at a render before, if that was asked for; else tells what
 * should be restarted, and keeps it in mind.
 */
export async function applyRestarts(
  { host, folders }: CommandContext,
  { restart }: InscribeOptions,
  { changed, removed }: Restarts,
  runes: readonly Rune[],
  systemd: Systemd | undefined,
): Promise<Restarted> {
  const own = new Set(runes.map(({ path }) => serviceOf(basename(path))));
  const before = new Map([...readPending(host, folders.config)].filter(([unit]) => own.has(unit)));
  if (systemd === undefined) {
    return { restartNeeded: [...changed, ...removed], restarted: [], problem: undefined };
  }
  const states = await systemd.states([...new Set([...changed, ...removed, ...before.keys()])]);
  const runs = (unit: string) => isRunning(states.get(unit));
  const still = [...before].filter(([unit, id]) =>
    id === "" || states.get(unit)?.invocationId === id
  );
  const anew = withoutMembers([...changed, ...still.map(([unit]) => unit)].filter(runs));
  const gone = removed.filter(runs);
  const needed = [...new Set([...anew, ...gone])].sort();
  const problem = !restart ? undefined : (gone.length > 0 ? await systemd.stop(gone) : undefined) ??
    (anew.length > 0 ? await systemd.tryRestart(anew) : undefined);
  const done = restart && problem === undefined;
  const pending = anew.map((
    unit,
  ): [string, string] => [unit, states.get(unit)?.invocationId ?? ""]);
  if (before.size > 0 || !done) writePending(host, folders.config, new Map(done ? [] : pending));
  return { restartNeeded: done ? [] : needed, restarted: done ? needed : [], problem };
}

/** A restart of the pod is one of all that is in it. */
function withoutMembers(units: readonly string[]): string[] {
  return units.includes(SEPULCHER.service) ? [SEPULCHER.service] : [...new Set(units)].sort();
}
