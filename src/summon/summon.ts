import { isRestorable } from "../core/orchestrator/condition.ts";
import { enginesNamed, servicesOf, withStrays } from "../core/orchestrator/inventory.ts";
import { nextStep } from "../core/orchestrator/step.ts";
import type { Transition } from "../core/orchestrator/transition.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import {
  type EnginesNow,
  enginesNow,
  orRefuse,
  restartsOf,
  runningOf,
  unusableText,
  warnOfStaleUnits,
} from "../units/engines.ts";
import { forgetFailedStarts } from "../units/pod.ts";
import { missingImages, missingImageText } from "../units/images.ts";
import { requireRendered } from "../units/rendered.ts";
import { reachable, staleJson, staleMessage, staleNow } from "../units/stale.ts";
import { startLock } from "../units/start_lock.ts";
import { withSystemd } from "../units/systemd.ts";
import { planWords, transitionJson, transitionText } from "../units/transition_text.ts";
import type { SummonEvents } from "./events.ts";
import { fallBack } from "./fallback.ts";
import {
  follow,
  followMemory,
  hopelessText,
  memoryPatience,
  needsNow,
  type Outcome,
} from "./follow.ts";
import {
  printAbandoned,
  printInterrupted,
  printLate,
  printLateUnchanged,
  printLost,
  printReady,
  printUnpublished,
  refuseOpposed,
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
  const sinceSeconds = Date.now() / 1000;
  const timeoutSeconds = invocation.timeoutSeconds ?? Infinity;
  const deadlineMilliseconds = performance.now() + timeoutSeconds * 1000;
  const rendered = requireRendered(context);
  const { inventory, services } = rendered;
  const lock = startLock(context);
  using _ = { [Symbol.dispose]: lock.release };
  return await withSystemd(context, async (systemd) => {
    if (!invocation.dryRun) await lock.take();
    const readNow = async () => {
      const now = await enginesNow(systemd, inventory);
      const running = { running: runningOf(now), strays: now.strays };
      return { now, planned: planWords(invocation.wish, inventory, running) };
    };
    const first = await readNow();
    const { now } = first;
    const planned = orRefuse(first.planned);
    const { transition } = planned;
    refuseUnusableUnits(transition, now);
    printPlan(context, events, planned);
    warnOfStaleUnits(context, now);
    const [stale, missing] = await Promise.all([
      staleNow(context, rendered, systemd),
      missingImages(context, enginesNamed(inventory, transition.start)),
    ]);
    const old = staleMessage(stale, transition.wanted);
    if (old !== undefined) {
      const { warning } = context.terminal.errPalette;
      events.emit(
        { event: "stale", ...staleJson(stale) },
        `${warning("warning")}: ${old.message}`,
        old.hint,
      );
    }
    for (const each of missing) {
      const { message, hint } = missingImageText(each, inventory);
      const { warning } = context.terminal.errPalette;
      events.emit({ event: "image_missing", ...each }, `${warning("warning")}: ${message}`, hint);
    }
    const compare = async () => {
      // Loaded late: the engines already start.
      const { compareWithCodex } = await import("../units/differences.ts");
      await compareWithCodex(context, rendered);
    };
    if (invocation.dryRun) {
      await compare();
      return EXIT.ok;
    }
    const summon: Summon = {
      invocation,
      printed: transition,
      plan: transition,
      isStartQueued: false,
      before: [...now.engines].filter(([, { condition }]) => isRestorable(condition))
        .map(([name]) => name),
      services,
      sinceSeconds,
      context,
      systemd,
      inventory: reachable(withStrays(inventory, now.strays), stale),
      unpublished: stale.unpublished.filter((name) => transition.wanted.includes(name)),
      events,
      deadlineMilliseconds,
      lock,
    };
    const result = await applyPlan(summon, now, readNow);
    lock.release();
    if ("code" in result) return result.code;
    const { plan } = result;
    if ("outcome" in result) return await conclude({ ...summon, plan }, result.outcome);
    await compare();
    if (!invocation.wait) {
      const words = plan.choice.unit === undefined
        ? "the running engines are enough, nothing was started"
        : "systemd starts it";
      const event = { event: "told", seconds: events.seconds() };
      events.emit(event, `${words}; lychd status --watch shows progress`);
      return EXIT.ok;
    }
    const { wanted, start } = plan;
    const stop = plan.stop.map(({ name }) => name);
    const outcome = await follow(summon, { wanted, start, stop, restarts: result.restarts });
    return await conclude({ ...summon, plan, isStartQueued: true }, outcome);
  });
}

/** Refuses a plan with a unit that systemd cannot start. */
function refuseUnusableUnits({ wanted }: Transition, now: EnginesNow): void {
  const unusable = unusableText(wanted, now, ["masked", "missing"]);
  if (unusable === undefined) return;
  const { message, hint } = unusable;
  throw new Refusal(`${message}; nothing was changed`, { code: EXIT.hostRefused, hint });
}

type Planned = Exclude<ReturnType<typeof planWords>, { problem: unknown }>;

function printPlan(
  { terminal }: CommandContext,
  events: SummonEvents,
  { wish, transition }: Planned,
): void {
  const text = transitionText({ ...transition, losers: [] }, terminal.errPalette);
  events.emit({ event: "plan", ...transitionJson(wish, transition) }, text.trimEnd());
}

/** Returns the engines that still need memory: one that loads again after a crash has its own. */
function withoutMemory({ start }: Transition, { engines }: EnginesNow): string[] {
  return start.filter((name) => engines.get(name)?.condition.state !== "starting");
}

/** Reads what runs, and plans the wish again. */
type ReadNow = () => Promise<{ now: EnginesNow; planned: ReturnType<typeof planWords> }>;

/** The result of {@linkcode applyPlan}. */
type Applied =
  /** Nothing is left to do. */
  | { readonly code: ExitCode }
  /** It failed before the start. */
  | { readonly plan: Transition; readonly outcome: Outcome }
  /** The start is queued, or the running engines are enough. */
  | { readonly plan: Transition; readonly restarts: ReadonlyMap<string, number> };

/**
 * Applies the plan as one transaction of systemd; or stops first and starts when the GPU memory is
 * free. Plans again after each wait, because other engines may have started or stopped.
 */
async function applyPlan(summon: Summon, first: EnginesNow, readNow: ReadNow): Promise<Applied> {
  const { context, systemd, inventory, events, invocation, printed, lock } = summon;
  const stopped: string[] = [];
  const abandon = async (stopping: readonly string[] = []) => ({
    code: printAbandoned(summon, runningOf((await readNow()).now).up, stopped, stopping),
  });
  const patience = memoryPatience(invocation.memoryTimeoutSeconds);
  let [now, plan] = [first, printed];
  for (let round = 0;; round++) {
    await lock.take();
    const needs = patience.isOver() ? [] : await needsNow(summon, withoutMemory(plan, now));
    if (round === 0) { for (const words of hopelessText(needs)) warn(context, words); }
    if (round > 0 || needs.length > 0) {
      const seen = await readNow();
      if ("problem" in seen.planned) {
        throw new Refusal(seen.planned.problem.message, { code: EXIT.hostRefused });
      }
      const { transition } = seen.planned;
      const isOther = transition.start.join() !== plan.start.join();
      [now, plan] = [seen.now, transition];
      if (isOther) {
        printPlan(context, events, seen.planned);
        continue;
      }
    }
    if (context.interruption.aborted) return await abandon();
    const isLate = performance.now() > summon.deadlineMilliseconds;
    const step = nextStep(printed, plan, { stopped, needs, isLate });
    if (["stop", "start"].includes(step.kind)) await refuseOpposed(summon, plan, now, stopped);
    switch (step.kind) {
      case "late":
        return stopped.length === 0
          ? { code: printLateUnchanged(summon) }
          : { plan, outcome: { kind: "late", phase: "start", waitsFor: plan.start } };
      case "unplanned":
        throw unplannedRefusal(summon, step.names, stopped);
      case "stop": {
        const problem = await systemd.queueStop(servicesOf(inventory, step.names));
        if (problem !== undefined) throw rejection(problem, stopped);
        stopped.push(...step.names);
        const restarts = restartsOf(now);
        const awaited = { wanted: [], start: [], stop: step.names, restarts };
        lock.release();
        const outcome = await follow(summon, awaited);
        if (outcome.kind === "interrupted") return await abandon(outcome.waitsFor);
        if (outcome.kind !== "ready") return { plan, outcome };
        break;
      }
      case "wait": {
        lock.release();
        const outcome = await followMemory(summon, withoutMemory(plan, now), patience);
        if (outcome?.kind === "interrupted") return await abandon();
        if (outcome !== undefined) return { plan, outcome };
        break;
      }
      case "start": {
        await forgetFailedStarts(systemd);
        const problem = await systemd.queueStart([step.unit]);
        if (problem !== undefined) throw rejection(problem, stopped);
        return { plan, restarts: restartsOf(now) };
      }
      case "follow":
        return { plan, restarts: restartsOf(now) };
    }
  }
}

/** Prints the outcome, and falls back after a failure. */
async function conclude(summon: Summon, outcome: Outcome): Promise<ExitCode> {
  summon.events.clear();
  switch (outcome.kind) {
    case "ready":
      return summon.unpublished.length === 0 ? await printReady(summon) : printUnpublished(summon);
    case "interrupted":
      return printInterrupted(summon, outcome);
    case "late":
      await printLate(summon, outcome);
      return await fallBack(summon);
    case "lost":
      await printLost(summon, outcome.lost);
      return await fallBack(summon);
  }
}
