/** Starting and stopping engines for the front door. */
import type { SwapResult } from "../../core/dispatcher/events.ts";
import { servicesOf, unitsToStop } from "../../core/orchestrator/inventory.ts";
import { STOPPED_BY_OTHER } from "../../core/orchestrator/progress.ts";
import { readName, readWish, type Wish } from "../../core/orchestrator/wish.ts";
import { EVERY_COVEN, EVERY_SOULSTONE } from "../../core/rune/names.ts";
import type { CommandContext } from "../../run/context.ts";
import { warn } from "../../run/say.ts";
import {
  type Change,
  type End,
  followChange,
  planChange,
  startChange,
} from "../../summon/change.ts";
import { hopelessText, type Phases } from "../../summon/follow.ts";
import { explainLosses } from "../../summon/losses.ts";
import { setHold } from "../../summon/hold.ts";
import { rejection } from "../../summon/outcome.ts";
import { stopUnits } from "../../units/engines.ts";
import type { Rendered } from "../../units/rendered.ts";
import { startLock } from "../../units/start_lock.ts";
import type { Systemd } from "../../units/systemd.ts";
import type { Order } from "../channel/messages.ts";

/** The default of `lychd summon --memory-timeout`. */
const MEMORY_SECONDS = 60;

/** The end of a transition, always with the reason if it is not ready. */
export type Result =
  | Exclude<SwapResult, { kind: "abandoned" }>
  | { readonly kind: "abandoned"; readonly why: string };

/** The surroundings of a transition. */
export interface Place {
  readonly context: CommandContext;
  readonly systemd: Systemd;
  readonly rendered: Rendered;
  /** Receives the start of each part that takes time. */
  readonly onPhase: Phases["startPhase"];
}

/**
 * Starts a wish as `lychd summon` does, and waits until every engine answers. If it had to stop engines
 * other than `stops`, nothing happens; strays do not count, because the front does not know them.
 */
export async function summon(
  wish: Wish,
  { context, systemd, rendered, onPhase }: Place,
  stops?: readonly string[],
): Promise<Result> {
  const lock = startLock(context);
  using _ = { [Symbol.dispose]: lock.release };
  await lock.take();
  const events: Phases = { startPhase: onPhase, waiting() {}, endPhase() {} };
  const deadlineMilliseconds = Infinity;
  const place = { context, systemd, rendered, events, deadlineMilliseconds };
  const change = await planChange(wish, place);
  if ("problem" in change) {
    const { problem } = change;
    return failed([], problem.kind === "wish" ? problem.problem.message : problem.message);
  }
  const others = change.plan.stop.map(({ name }) => name).filter((name) =>
    stops?.includes(name) === false && !change.now.strays.includes(name)
  );
  if (others.length > 0) return abandoned(`it would also stop ${others.join(", ")}`);
  const started = await startChange(change, {
    lock,
    memoryTimeoutSeconds: MEMORY_SECONDS,
    onNeeds: (needs) => hopelessText(needs).forEach((words) => warn(context, words)),
    onPlan() {},
  });
  return await resultOf(started.change, started.end ?? await followChange(started.change));
}

/** Stops engines, and waits until they have stopped. */
export async function banish(
  engines: readonly string[],
  place: Place,
): Promise<Result> {
  return await stop(place, servicesOf(place.rendered.inventory, engines));
}

/** Carries out an order of a client, as the command of the same name does. */
export async function carryOut(order: Order, place: Place): Promise<Result> {
  const { systemd, rendered } = place;
  const { inventory } = rendered;
  if (order.kind === "release") {
    await setHold(false, rendered, systemd);
    return { kind: "ready" };
  }
  if (order.kind === "summon") {
    const read = readWish(order.wish, inventory);
    if ("problem" in read) return failed([], read.problem.message);
    if (order.hold) await setHold(true, rendered, systemd);
    return await summon(read.wish, place);
  }
  if (order.name === undefined) return await stop(place, [EVERY_SOULSTONE, EVERY_COVEN]);
  const read = readName(order.name, inventory);
  return "name" in read
    ? await stop(place, unitsToStop(read.name, inventory))
    : failed([], read.problem.message);
}

async function stop({ context, systemd }: Place, units: readonly string[]): Promise<Result> {
  await stopUnits(context, systemd, units);
  return { kind: "ready" };
}

async function resultOf(change: Change, end: End): Promise<Result> {
  const { unpublished } = change;
  switch (end.kind) {
    case "ready":
      return unpublished.length === 0 ? end : failed(
        unpublished,
        `the running pod does not publish the port of ${
          unpublished.join(", ")
        } before \`lychd apply\``,
      );
    case "lost": {
      const { trouble, engines } = await explainLosses(change, end.lost);
      const names = engines.map(({ name }) => name);
      if (trouble !== undefined) return failed(names, `the pod ${trouble.what}`);
      const why = engines.map(lossText).join("; ");
      // An engine that others stop, for example by the start of a rival, is not at fault.
      const isOfOthers = end.lost.every((loss) => loss.why === STOPPED_BY_OTHER);
      return isOfOthers ? abandoned(why) : failed(names, why);
    }
    case "late":
      return failed(end.waitsFor, `${end.waitsFor.join(", ")} did not become ready in time`);
    case "impossible":
      return failed([], end.problem.message);
    case "rejected": {
      const { message } = rejection(end.problem, end.stopped);
      return isOfOthers(end.problem) ? abandoned(message) : failed([], message);
    }
    case "opposed":
      return abandoned(`another operation starts ${end.names.join(", ")}`);
    case "unplanned":
      return abandoned(`something else started ${end.names.join(", ")} meanwhile`);
    case "interrupted":
    case "abandoned":
    case "unchanged":
      return abandoned("the front door is being stopped");
  }
}

/** Returns true if systemd rejected an order because of the jobs of others. */
function isOfOthers(problem: string): boolean {
  return /has '\w+' job queued/.test(problem);
}

/**
 * Returns why an engine is not ready. Clients read it, so it quotes no line of the engine's log: engines
 * log prompts of other clients.
 */
function lossText({ name, why }: { readonly name: string; readonly why: string }): string {
  return `${name} is not ready: ${why} (lychd logs ${name})`;
}

function failed(engines: readonly string[], why: string): Result {
  return { kind: "failed", engines, why };
}

function abandoned(why: string): Result {
  return { kind: "abandoned", why };
}
