/** A change of what runs: plans a wish, stops and starts engines for it, and follows them. */
import { type Condition, isRestorable } from "../core/orchestrator/condition.ts";
import type { MemoryNeed } from "../core/orchestrator/gpu_memory.ts";
import { servicesOf, withStrays } from "../core/orchestrator/inventory.ts";
import { opposedStarts } from "../core/orchestrator/opposed_starts.ts";
import type { Service } from "../core/orchestrator/services.ts";
import { nextStep } from "../core/orchestrator/step.ts";
import { planTransition, type Transition } from "../core/orchestrator/transition.ts";
import type { Wish, WishProblem } from "../core/orchestrator/wish.ts";
import {
  type EnginesNow,
  enginesNow,
  restartsOf,
  runningOf,
  unusableText,
} from "../units/engines.ts";
import { drain } from "../units/drain.ts";
import { forgetFailedStarts } from "../units/pod.ts";
import type { Rendered } from "../units/rendered.ts";
import { reachable, type Stale, staleNow } from "../units/stale.ts";
import type { startLock } from "../units/start_lock.ts";
import {
  follow,
  type Following,
  followMemory,
  memoryPatience,
  needsNow,
  type Outcome,
} from "./follow.ts";

/** A change, before, during and after it. */
export interface Change extends Following {
  readonly wish: Wish;
  /** The first plan: nothing outside of it is stopped. */
  readonly printed: Transition;
  /** The plan that was followed in the end. */
  readonly plan: Transition;
  /** True if systemd has the start; otherwise nothing starts by itself. */
  readonly isStartQueued: boolean;
  /** The engines when the last plan was made. */
  readonly now: EnginesNow;
  /** The engines that ran or started before it, without those that had crashed. */
  readonly before: readonly string[];
  /** The services that ran with the units of an earlier render. */
  readonly stale: Stale;
  /** The wanted engines whose port the running pod does not publish. */
  readonly unpublished: readonly string[];
  /** The pod and the Watchers. */
  readonly services: readonly Service[];
  /** The time of its start, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
}

/** The surroundings of a change, and its time limit. */
export type Place = Pick<Following, "context" | "systemd" | "events" | "deadlineMilliseconds"> & {
  readonly rendered: Rendered;
};

/** The reasons why no plan can be carried out. */
export type PlanProblem =
  | { readonly kind: "wish"; readonly problem: WishProblem }
  /** systemd cannot start some of the wanted engines. */
  | { readonly kind: "unusable"; readonly message: string; readonly hint: string | undefined };

/** Plans a wish for what runs now. A caller that carries it out holds the lock of `start_lock.ts`. */
export async function planChange(
  wish: Wish,
  { context, systemd, rendered, ...following }: Place,
): Promise<Change | { readonly problem: PlanProblem }> {
  const { inventory, services } = rendered;
  const sinceSeconds = Date.now() / 1000;
  const [{ now, planned }, stale] = await Promise.all([
    planNow({ systemd, inventory, wish }),
    staleNow(context, rendered, systemd),
  ]);
  if ("problem" in planned) return { problem: { kind: "wish", problem: planned.problem } };
  const { transition } = planned;
  const unusable = unusableText(transition.wanted, now, ["masked", "missing"]);
  if (unusable !== undefined) return { problem: { kind: "unusable", ...unusable } };
  return {
    ...{ ...following, context, systemd, wish, now, stale, services, sinceSeconds },
    printed: transition,
    plan: transition,
    isStartQueued: false,
    before: [...now.engines].filter(([, { condition }]) => isRestorable(condition))
      .map(([name]) => name),
    inventory: reachable(withStrays(inventory, now.strays), stale),
    unpublished: stale.unpublished.filter((name) => transition.wanted.includes(name)),
  };
}

/** Reads what runs, and plans a wish for it. Ignores the strays of the inventory: others may run now. */
async function planNow(
  { systemd, inventory, wish }: Pick<Change, "systemd" | "inventory" | "wish">,
) {
  const rendered = { ...inventory, engines: inventory.engines.filter(({ stray }) => !stray) };
  const now = await enginesNow(systemd, rendered);
  return { now, planned: planTransition(wish, withStrays(rendered, now.strays), runningOf(now)) };
}

/** The end of a change. */
export type End =
  | Outcome
  /** The operator interrupted it before the start. `running` run on, `stopping` still stop. */
  | Stopped & {
    readonly kind: "abandoned";
    readonly running: ReadonlySet<string>;
    readonly stopping: readonly string[];
  }
  /** The time limit passed before anything was changed. */
  | { readonly kind: "unchanged" }
  /** The engines that run meanwhile make the wish impossible. */
  | { readonly kind: "impossible"; readonly problem: WishProblem }
  /** It would replace the start of these engines by others. */
  | Stopped & { readonly kind: "opposed"; readonly names: readonly string[] }
  /** Others started these engines, which it would have to stop, after the first plan. */
  | Stopped & { readonly kind: "unplanned"; readonly names: readonly string[] }
  /** systemd rejected an order, with this message. */
  | Stopped & { readonly kind: "rejected"; readonly problem: string };

/** A part of an end. */
interface Stopped {
  /** The engines that the change had stopped. */
  readonly stopped: readonly string[];
}

/** The options of {@linkcode startChange}. */
export interface StartOptions {
  /** Held by the caller. It is free while the change waits, and after it. */
  readonly lock: ReturnType<typeof startLock>;
  /** The longest wait for free GPU memory. */
  readonly memoryTimeoutSeconds: number;
  /** Receives the memory that the first plan needs. */
  readonly onNeeds: (needs: readonly MemoryNeed[]) => void;
  /** Receives a plan that starts other engines than the one before. */
  readonly onPlan: (transition: Transition) => void;
}

/**
 * Applies the plan as one transaction of systemd; or stops first and starts when the GPU memory is
 * free. Plans again after each wait, because other engines may have started or stopped. Returns the
 * change with its end, if it ended before the start.
 */
export async function startChange(
  change: Change,
  options: StartOptions,
): Promise<{ readonly change: Change; readonly end: End | undefined }> {
  const { lock } = options;
  using _ = { [Symbol.dispose]: lock.release };
  const { context, systemd, inventory, printed } = change;
  const stopped: string[] = [];
  let { now, plan } = change;
  const ended = (end: End) => ({ change: { ...change, plan, now }, end });
  const abandoned = async (stopping: readonly string[] = []) => {
    const { up } = runningOf((await planNow(change)).now);
    return ended({ kind: "abandoned", running: up, stopped, stopping });
  };
  const patience = memoryPatience(options.memoryTimeoutSeconds);
  for (let round = 0;; round++) {
    await lock.take();
    const needs = patience.isOver() ? [] : await needsNow(change, withoutMemory(plan, now));
    if (round === 0) options.onNeeds(needs);
    if (round > 0 || needs.length > 0) {
      const seen = await planNow(change);
      if ("problem" in seen.planned) {
        return ended({ kind: "impossible", problem: seen.planned.problem });
      }
      const { transition } = seen.planned;
      now = seen.now;
      const isOther = transition.start.join() !== plan.start.join();
      plan = transition;
      if (isOther) {
        options.onPlan(plan);
        continue;
      }
    }
    if (context.interruption.aborted) return await abandoned();
    const isLate = performance.now() > change.deadlineMilliseconds;
    const step = nextStep(printed, plan, { stopped, needs, isLate });
    if (["stop", "start"].includes(step.kind)) {
      const names = await opposed(change, plan, now);
      if (names.length > 0) return ended({ kind: "opposed", names, stopped });
    }
    switch (step.kind) {
      case "late":
        return ended(
          stopped.length === 0
            ? { kind: "unchanged" }
            : { kind: "late", phase: "start", waitsFor: plan.start },
        );
      case "unplanned":
        return ended({ kind: "unplanned", names: step.names, stopped });
      case "stop": {
        await drain(context, now.strays.filter((name) => step.names.includes(name)));
        const problem = await systemd.queueStop(servicesOf(inventory, step.names));
        if (problem !== undefined) return ended({ kind: "rejected", problem, stopped });
        stopped.push(...step.names);
        const awaited = { wanted: [], start: [], stop: step.names, restarts: restartsOf(now) };
        lock.release();
        const outcome = await follow(change, awaited);
        if (outcome.kind === "interrupted") return await abandoned(outcome.waitsFor);
        if (outcome.kind !== "ready") return ended(outcome);
        break;
      }
      case "wait": {
        lock.release();
        const outcome = await followMemory(change, withoutMemory(plan, now), patience);
        if (outcome?.kind === "interrupted") return await abandoned();
        if (outcome !== undefined) return ended(outcome);
        break;
      }
      case "start": {
        await forgetFailedStarts(systemd);
        const problem = await systemd.queueStart([step.unit]);
        if (problem !== undefined) return ended({ kind: "rejected", problem, stopped });
        return { change: { ...change, plan, now, isStartQueued: true }, end: undefined };
      }
      case "follow":
        return { change: { ...change, plan, now, isStartQueued: true }, end: undefined };
    }
  }
}

/** Follows a change that was started until its end. */
export async function followChange(change: Change): Promise<Outcome> {
  const { wanted, start } = change.plan;
  const stop = change.plan.stop.map(({ name }) => name);
  return await follow(change, { wanted, start, stop, restarts: restartsOf(change.now) });
}

/** Returns the engines that still need memory: one that loads again after a crash has its own. */
function withoutMemory({ start }: Transition, { engines }: EnginesNow): string[] {
  return start.filter((name) => engines.get(name)?.condition.state !== "starting");
}

/**
 * Returns the engines whose start, by another summon, program or operator, the plan would replace.
 * systemd would let the later one win, and leave the engines of the other in the middle of their load.
 */
async function opposed(
  { systemd, inventory }: Change,
  plan: Transition,
  { engines }: EnginesNow,
): Promise<string[]> {
  const conditions = new Map<string, Condition>(
    [...engines].map(([name, { condition }]) => [name, condition]),
  );
  if (![...conditions.values()].some(({ hasJob }) => hasJob)) return [];
  return opposedStarts(plan, inventory, { conditions, jobs: await systemd.jobs() });
}
