import { drainText } from "../core/dispatcher/drain_text.ts";
import { fallbackCommand, planFallback } from "../core/orchestrator/fallback.ts";
import { printable } from "../core/report/printable.ts";
import { isOfWatchers, soulstoneOf, VESSEL, WATCHERS_TARGET } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import { withWriteLock } from "../inscribe/locked.ts";
import { settle } from "../inscribe/settle.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { summonEvents } from "../summon/events.ts";
import { follow, type Following } from "../summon/follow.ts";
import { printLost } from "../summon/outcome.ts";
import { readDoorState } from "../units/door_state.ts";
import { drain } from "../units/drain.ts";
import { type Rendered, requireRendered } from "../units/rendered.ts";
import { reachable, staleNow, withVessel } from "../units/stale.ts";
import { startLock } from "../units/start_lock.ts";
import { type Systemd, withSystemd } from "../units/systemd.ts";
import { startVessel } from "../units/vessel_start.ts";
import type { Applied } from "./applied.ts";
import { leftAfter, NO_WORK, planWork, type Scope, type Work, workText } from "./work.ts";

/**
 * Makes what runs equal to what is rendered: prints the work; restarts services with former settings
 * and stops those whose units were removed; waits until the engines among them answer again.
 */
export async function applyRendered(
  context: CommandContext,
  scope: Scope,
  waitSeconds: number,
): Promise<Applied> {
  const sinceSeconds = Date.now() / 1000;
  const options = { verify: false, reload: true, waitSeconds };
  return await withSystemd(context, async (systemd) => {
    const { applied, inventory, services } = await withWriteLock(
      context,
      options,
      () => applyUnderLock(context, scope, systemd),
    );
    const { engines } = applied.done;
    if (applied.error !== undefined || engines.length === 0) return applied;
    const events = summonEvents(context, false);
    const following = {
      ...{ context, systemd, inventory, services, events, sinceSeconds },
      deadlineMilliseconds: Infinity,
    };
    // systemd counts the restarts of a service from zero after a restart on request.
    const followed = { wanted: engines, start: engines, stop: [], restarts: new Map() };
    const outcome = await follow(following, followed);
    events.clear();
    if (outcome.kind === "ready") return applied;
    if (outcome.kind === "lost") {
      const trouble = await printLost(following, outcome.lost);
      if (trouble !== undefined) hintToStartAgain(following, engines);
    } else {
      const why = outcome.kind === "late" ? "not ready in time" : "interrupted; not ready yet";
      context.terminal.err(
        `lychd: ${why}: ${printable(outcome.waitsFor.join(", "))}; systemd continues\n` +
          "hint: lychd status --watch\n",
      );
    }
    return {
      ...applied,
      code: outcome.kind === "interrupted" ? EXIT.interrupted : EXIT.failure,
      done: { ...applied.done, restart: [], engines: [] },
      unready: engines,
    };
  });
}

/** Prints what {@linkcode applyRendered} would do, and changes nothing. */
export async function planApply(context: CommandContext, scope: Scope): Promise<Applied> {
  return await withSystemd(context, async (systemd) => {
    const rendered = requireRendered(context);
    const stale = await staleNow(context, rendered, systemd);
    const work = await planWork(systemd, scope, { stale, inventory: rendered.inventory });
    printWork(context, work);
    return { code: EXIT.ok, done: NO_WORK, left: stale, reread: [], error: undefined };
  });
}

/** Prints the command that starts engines again once the problem of the pod is fixed. */
function hintToStartAgain({ context, inventory }: Following, engines: readonly string[]): void {
  const command = fallbackCommand(
    planFallback({ before: engines, started: [], up: [] }, inventory),
  );
  if (command !== undefined) {
    context.terminal.err(`hint: ${printable(command)} then starts what ran before\n`);
  }
}

/** Prints the work, and orders it from systemd. */
async function applyUnderLock(
  context: CommandContext,
  scope: Scope,
  systemd: Systemd,
): Promise<{ applied: Applied } & Pick<Rendered, "inventory" | "services">> {
  const rendered = requireRendered(context);
  const { inventory, services } = rendered;
  const lock = startLock(context);
  using _ = { [Symbol.dispose]: lock.release };
  await lock.take();
  const { stale: noted, reread, stopped, problem } = await settle(context, systemd);
  const stale = withVessel(noted, rendered, context);
  const work = await planWork(systemd, scope, { stale, inventory });
  printWork(context, work);
  const removed = work.stop.flatMap((unit) => soulstoneOf(unit) ?? []);
  const waiting = drainText(readDoorState(context), [...removed, ...work.engines]);
  if (waiting !== undefined) context.terminal.err(`lychd: ${waiting}\n`);
  await drain(context, removed);
  const error = problem ?? await order(context, systemd, work);
  const ordered = error === undefined ? work : NO_WORK;
  const done = { ...ordered, stop: [...stopped, ...ordered.stop] };
  const applied = error === undefined
    ? { code: EXIT.ok, done, left: leftAfter(work, stale), reread, error }
    : { code: EXIT.hostRefused, done, left: stale, reread, error };
  return { applied, services, inventory: reachable(inventory, stale) };
}

function printWork({ terminal }: CommandContext, work: Work): void {
  terminal.err(workText(work, terminal.errPalette));
}

/** Orders the work. Returns what failed, with the message of systemd. */
async function order(
  context: CommandContext,
  systemd: Systemd,
  { stop, restart, start }: Work,
): Promise<string | undefined> {
  const orders = [
    ["stop", stop, systemd.stop],
    ["restart", restart, systemd.queueRestart],
    // As with a summon, nothing waits for the Watchers: their images may still have to be pulled.
    ["start", start.some(isOfWatchers) ? [WATCHERS_TARGET] : [], systemd.queueStart],
  ] as const;
  for (const [what, units, give] of orders) {
    if (units.length === 0) continue;
    const problem = await give(units).catch((error) => {
      if (error instanceof HostError) return error.message;
      throw error;
    });
    if (problem !== undefined) return `a ${what} failed: ${problem}`;
  }
  return start.includes(VESSEL.service) ? await startVessel(context, systemd) : undefined;
}
