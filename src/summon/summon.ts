import {
  enginesNamed,
  isWorthReturningTo,
  nextStep,
  type Transition,
  type Wish,
  withStrays,
} from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { compareWithCodex } from "../units/compare.ts";
import type { CommandContext } from "../run/context.ts";
import { type EnginesNow, enginesNow, restartsOf, runningOf, tellStale } from "../units/engines.ts";
import {
  follow,
  followMemory,
  hopelessText,
  MemoryPatience,
  needsNow,
  type Outcome,
} from "./follow.ts";
import { requireRendered } from "../units/rendered.ts";
import { warn } from "../run/say.ts";
import { stateHint } from "../units/state_hint.ts";
import { printable } from "../core/report/mod.ts";
import { fallBack } from "./fallback.ts";
import {
  GOES_ON,
  type Summon,
  tellAbandoned,
  tellLate,
  tellLateBeforeAll,
  tellLost,
  tellOvertaken,
  tellReady,
  tellRefusal,
} from "./ending.ts";
import type { SummonEvents } from "./events.ts";
import { userSystemd } from "../units/systemd.ts";
import { planWords, transitionJson, transitionText } from "../units/transition_text.ts";

/** The command line of `lychd summon`, read. */
export type SummonInvocation = Extract<Invocation, { command: "summon" }>;

/** Starts what a wish names as one transaction of systemd, and follows it until every engine answers. */
export async function beginSummon(
  invocation: SummonInvocation,
  context: CommandContext,
  events: SummonEvents,
): Promise<ExitCode> {
  const sinceSeconds = Date.now() / 1000;
  const timeoutSeconds = invocation.timeoutSeconds ?? Infinity;
  const deadlineMilliseconds = performance.now() + timeoutSeconds * 1000;
  const read = requireRendered(context);
  if ("problem" in read) return events.refused(read.problem, EXIT.failure, read.hint);
  const { inventory } = read.rendered;
  const systemd = userSystemd(context);
  if (systemd === undefined) return events.refused("there is no systemctl", EXIT.hostRefused);
  const look = async () => {
    const now = await enginesNow(systemd, inventory);
    const running = { running: runningOf(now), strays: now.strays };
    return { now, planned: planWords(invocation.wish, inventory, running) };
  };
  const { now, planned } = await look();
  if ("refusal" in planned) {
    const { message, hint } = planned.refusal;
    return events.refused(message, EXIT.usage, hint);
  }
  const refused = refuseUnits(events, planned.transition, now);
  if (refused !== undefined) return refused;
  tellPlan(context, events, planned);
  tellStale(context, now);
  if (invocation.dryRun) {
    await compareWithCodex(context, read.rendered);
    return EXIT.ok;
  }
  const summon: Summon = {
    invocation,
    told: planned.transition,
    plan: planned.transition,
    isStartTold: false,
    before: [...now.engines].filter(([, { condition }]) => isWorthReturningTo(condition))
      .map(([name]) => name),
    sinceSeconds,
    following: {
      context,
      systemd,
      inventory: withStrays(inventory, now.strays),
      events,
      deadlineMilliseconds,
    },
  };
  const told = await tellSystemd(summon, now, look);
  if ("code" in told) return told.code;
  const ending = { ...summon, plan: told.plan, isStartTold: "restarts" in told };
  if ("outcome" in told) return await concludeSummon(ending, told.outcome);
  // The engines load meanwhile.
  await compareWithCodex(context, read.rendered);
  if (!invocation.wait) {
    const words = told.plan.choice.unit === undefined
      ? "what runs is enough, nothing was started; lychd status --watch shows how it goes"
      : "systemd is told; lychd status --watch shows how it goes";
    events.tell({ event: "told", seconds: events.seconds() }, words);
    return EXIT.ok;
  }
  const followed = { ...told.plan, restarts: told.restarts };
  return await concludeSummon(ending, await follow(summon.following, followed));
}

/** Refuses what systemd would not start. */
function refuseUnits(
  events: SummonEvents,
  { wanted }: Transition,
  { engines }: EnginesNow,
): ExitCode | undefined {
  for (const state of ["masked", "missing"] as const) {
    const names = wanted.filter((name) => engines.get(name)?.condition.state === state);
    const [first] = names;
    if (first === undefined) continue;
    const why = engines.get(first)?.condition.why;
    const words = `${names.join(", ")} cannot start: ${why}; nothing was changed`;
    return events.refused(words, EXIT.hostRefused, stateHint(first, state));
  }
  return undefined;
}

interface Planned {
  readonly wish: Wish;
  readonly transition: Transition;
}

function tellPlan(
  { terminal }: CommandContext,
  events: SummonEvents,
  { wish, transition }: Planned,
): void {
  const text = transitionText({ ...transition, losers: [] }, terminal.errPalette);
  events.tell({ event: "plan", ...transitionJson(wish, transition) }, text.trimEnd());
}

/** Those that are still to take memory: one that loads anew after a crash has its own already. */
function takersOf({ start }: Transition, { engines }: EnginesNow): string[] {
  return start.filter((name) => engines.get(name)?.condition.state !== "starting");
}

/** Looks at what runs, and plans the same wish anew. */
type Look = () => Promise<{ now: EnginesNow; planned: ReturnType<typeof planWords> }>;

/** What systemd was told, unless the summon is over. */
type Told =
  | { readonly code: ExitCode }
  /** It has come to nothing before the start. */
  | { readonly plan: Transition; readonly outcome: Outcome }
  /** It is to be followed. */
  | { readonly plan: Transition; readonly restarts: ReadonlyMap<string, number> };

/**
 * Has systemd do it: as one transaction, or, where engines take GPU memory that is not free yet, the
 * stop first and the start when the memory is there. Whatever took time, it looks and plans again
 * before it goes on: others may have done something.
 */
async function tellSystemd(summon: Summon, first: EnginesNow, look: Look): Promise<Told> {
  const { invocation, following, told } = summon;
  const { context, systemd, inventory, events } = following;
  const stopped: string[] = [];
  // What was read before a wait may be gone behind it.
  const abandoned = async (stopping: readonly string[] = []) => ({
    code: tellAbandoned(summon, runningOf((await look()).now).up, stopped, stopping),
  });
  const patience = new MemoryPatience(invocation.memoryTimeoutSeconds);
  let [now, plan, isFirst] = [first, told, true];
  for (;;) {
    const needs = patience.isOver ? [] : await needsNow(following, takersOf(plan, now));
    if (isFirst) { for (const words of hopelessText(needs)) warn(context, words); }
    if (!isFirst || needs.length > 0) {
      const seen = await look();
      if ("refusal" in seen.planned) {
        return { code: events.refused(seen.planned.refusal.message, EXIT.hostRefused) };
      }
      const { transition } = seen.planned;
      const isOther = transition.start.join() !== plan.start.join();
      [now, plan] = [seen.now, transition];
      if (isOther) {
        tellPlan(context, events, seen.planned);
        isFirst = false;
        continue;
      }
    }
    isFirst = false;
    if (context.interruption.aborted) return await abandoned();
    const isLate = performance.now() > following.deadlineMilliseconds;
    const step = nextStep(told, plan, { stopped, needs, isLate });
    switch (step.kind) {
      case "late":
        return stopped.length === 0
          ? { code: tellLateBeforeAll(summon) }
          : { plan, outcome: { kind: "late", phase: "start", waitsFor: plan.start } };
      case "overtaken":
        return { code: tellOvertaken(summon, step.by, stopped) };
      case "stop": {
        const engines = enginesNamed(inventory, step.names);
        const problem = await systemd.beginStop(engines.map((engine) => engine.service));
        if (problem !== undefined) return { code: tellRefusal(summon, problem, stopped) };
        stopped.push(...step.names);
        const stop = step.names.map((name) => ({ name, why: "" }));
        const awaited = { wanted: [], start: [], stop, restarts: restartsOf(now) };
        const outcome = await follow(following, awaited);
        if (outcome.kind === "interrupted") {
          return await abandoned(outcome.waitsFor);
        }
        if (outcome.kind !== "ready") return { plan, outcome };
        break;
      }
      case "wait": {
        const outcome = await followMemory(following, takersOf(plan, now), patience);
        if (outcome.kind === "interrupted") return await abandoned();
        if (outcome.kind === "late") return { plan, outcome };
        break;
      }
      case "start": {
        const problem = await systemd.startIrreversibly(step.unit);
        if (problem !== undefined) return { code: tellRefusal(summon, problem, stopped) };
        return { plan, restarts: restartsOf(now) };
      }
      case "follow":
        return { plan, restarts: restartsOf(now) };
    }
  }
}

/** Tells how it ended, and on failure brings back what ran before if that is wanted. */
async function concludeSummon(summon: Summon, outcome: Outcome): Promise<ExitCode> {
  const { events } = summon.following;
  events.clear();
  switch (outcome.kind) {
    case "ready":
      tellReady(summon);
      return EXIT.ok;
    case "interrupted": {
      const names = outcome.waitsFor.join(", ");
      events.tell(
        { event: "interrupted", waits_for: outcome.waitsFor, seconds: events.seconds() },
        `lychd: interrupted; systemd goes on, still waited for: ${printable(names)}\n` +
          `hint: ${GOES_ON}`,
      );
      return EXIT.interrupted;
    }
    case "late":
      await tellLate(summon, outcome);
      return await fallBack(summon);
    case "lost":
      await tellLost(summon, outcome.lost);
      return await fallBack(summon);
  }
}
