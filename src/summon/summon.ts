import { drainText } from "../core/dispatcher/drain_text.ts";
import { enginesNamed } from "../core/orchestrator/inventory.ts";
import { readWish } from "../core/orchestrator/wish.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import { readDoorState } from "../units/door_state.ts";
import { orRefuse, warnOfStaleUnits, wishRefusal } from "../units/engines.ts";
import { missingImages, missingImageText } from "../units/images.ts";
import { requireRendered } from "../units/rendered.ts";
import { staleJson, staleMessage } from "../units/stale.ts";
import { startLock } from "../units/start_lock.ts";
import { withSystemd } from "../units/systemd.ts";
import { transitionJson, transitionText } from "../core/orchestrator/transition_text.ts";
import {
  type Change,
  type End,
  followChange,
  planChange,
  type PlanProblem,
  startChange,
} from "./change.ts";
import type { SummonEvents } from "./events.ts";
import { fallBack } from "./fallback.ts";
import { hopelessText } from "./follow.ts";
import { setHold } from "./hold.ts";
import { waitForDoor } from "./wait_for_door.ts";
import {
  opposedRefusal,
  printAbandoned,
  printInterrupted,
  printLate,
  printLateUnchanged,
  printLost,
  printReady,
  printUnpublished,
  rejection,
  type Summon,
  unplannedRefusal,
} from "./outcome.ts";

/** The command line of `lychd summon`. */
export type SummonInvocation = Extract<Invocation, { command: "summon" }>;

/** Starts a wish as one transaction of systemd, and follows it until every engine answers. */
export async function startSummon(
  invocation: SummonInvocation,
  context: CommandContext,
  events: SummonEvents,
): Promise<ExitCode> {
  const timeoutSeconds = invocation.timeoutSeconds ?? Infinity;
  const deadlineMilliseconds = performance.now() + timeoutSeconds * 1000;
  const rendered = requireRendered(context);
  const wish = invocation.wish.length === 0
    ? undefined
    : orRefuse(readWish(invocation.wish, rendered.inventory)).wish;
  const isHeld = invocation.hold ? true : invocation.release ? false : undefined;
  if (isHeld !== undefined && !invocation.dryRun) {
    await withSystemd(context, (systemd) => setHold(isHeld, rendered, systemd));
    printHold(isHeld, events);
  }
  if (wish === undefined) return EXIT.ok;
  const lock = startLock(context);
  using _ = { [Symbol.dispose]: lock.release };
  return await withSystemd(context, async (systemd) => {
    if (!invocation.dryRun) {
      await waitForDoor(context, events, deadlineMilliseconds);
      await lock.take();
    }
    const place = { context, systemd, events, deadlineMilliseconds, rendered };
    const change = await planChange(wish, place);
    if ("problem" in change) throw planRefusal(change.problem);
    printPlan(context, events, change);
    warnOfStaleUnits(context, change.now);
    await warnOfRest(events, change);
    const drain = drainText(readDoorState(context), change.plan.stop.map(({ name }) => name));
    if (drain !== undefined) events.emit({ event: "drain", message: drain }, `lychd: ${drain}`);
    const compare = async () => {
      // Loaded late: the engines already start.
      const { compareWithCodex } = await import("../units/differences.ts");
      await compareWithCodex(context, rendered);
    };
    if (invocation.dryRun) {
      await compare();
      return EXIT.ok;
    }
    const started = await startChange(change, {
      lock,
      memoryTimeoutSeconds: invocation.memoryTimeoutSeconds,
      onNeeds(needs) {
        for (const words of hopelessText(needs)) warn(context, words);
      },
      onPlan: (plan) => printPlan(context, events, { wish, plan }),
    });
    const summon: Summon = { ...started.change, invocation, events, lock };
    if (started.end !== undefined) return await conclude(summon, started.end);
    await compare();
    if (!invocation.wait) {
      const words = summon.plan.choice.unit === undefined
        ? "the running engines are enough, nothing was started"
        : "systemd starts it";
      const event = { event: "told", seconds: events.seconds() };
      events.emit(event, `${words}; lychd status --watch shows progress`);
      return EXIT.ok;
    }
    return await conclude(summon, await followChange(summon));
  });
}

function printHold(isHeld: boolean, events: SummonEvents): void {
  if (!isHeld) {
    return events.emit({ event: "released" }, "the front door starts and stops engines again");
  }
  const hint = "lychd summon --release";
  events.emit({ event: "held", hint }, "the front door keeps what runs from now on", hint);
}

/** Returns the refusal of a wish for which there is no plan. */
function planRefusal(problem: PlanProblem): Refusal {
  if (problem.kind === "wish") return wishRefusal(problem.problem);
  const { message, hint } = problem;
  return new Refusal(`${message}; nothing was changed`, { code: EXIT.hostRefused, hint });
}

function printPlan(
  { terminal }: CommandContext,
  events: SummonEvents,
  { wish, plan }: Pick<Change, "wish" | "plan">,
): void {
  const text = transitionText({ ...plan, losers: [] }, terminal.errPalette);
  events.emit({ event: "plan", ...transitionJson(wish, plan) }, text.trimEnd());
}

/** Warns of services that run with former settings, and of images that systemd has to pull. */
async function warnOfRest(
  events: SummonEvents,
  { context, stale, plan, inventory }: Change,
): Promise<void> {
  const { warning } = context.terminal.errPalette;
  const missing = await missingImages(context, enginesNamed(inventory, plan.start));
  const old = staleMessage(stale, plan.wanted);
  if (old !== undefined) {
    events.emit(
      { event: "stale", ...staleJson(stale) },
      `${warning("warning")}: ${old.message}`,
      old.hint,
    );
  }
  for (const each of missing) {
    const { message, hint } = missingImageText(each, inventory);
    events.emit({ event: "image_missing", ...each }, `${warning("warning")}: ${message}`, hint);
  }
}

/** Prints the end of a summon, and falls back after a failure. */
async function conclude(summon: Summon, end: End): Promise<ExitCode> {
  summon.events.clear();
  switch (end.kind) {
    case "ready":
      return summon.unpublished.length === 0 ? await printReady(summon) : printUnpublished(summon);
    case "interrupted":
      return printInterrupted(summon, end);
    case "late":
      await printLate(summon, end);
      return await fallBack(summon);
    case "lost":
      await printLost(summon, end.lost);
      return await fallBack(summon);
    case "abandoned":
      return printAbandoned(summon, end);
    case "unchanged":
      return printLateUnchanged(summon);
    case "impossible":
      throw new Refusal(end.problem.message, { code: EXIT.hostRefused });
    case "opposed":
      throw opposedRefusal(end);
    case "unplanned":
      throw unplannedRefusal(summon, end);
    case "rejected":
      throw rejection(end.problem, end.stopped);
  }
}
