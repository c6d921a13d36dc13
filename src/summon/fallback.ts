/** The fallback of a failed summon: restores what ran before. */
import { type Fallback, fallbackCommand, planFallback } from "../core/orchestrator/fallback.ts";
import { shortNeeds } from "../core/orchestrator/gpu_memory.ts";
import { enginesNamed, servicesOf } from "../core/orchestrator/inventory.ts";
import { printable } from "../core/report/printable.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { type EnginesNow, enginesNow, restartsOf, runningOf } from "../units/engines.ts";
import { jobsOf } from "../units/systemd.ts";
import { follow, followMemory, memoryPatience, needsNow, type Outcome } from "./follow.ts";
import { lateEvent, printLost, rejection, type Summon } from "./outcome.ts";

/** Restores what ran before, if the operator agrees; the summon has failed in any case. */
export async function fallBack(summon: Summon): Promise<ExitCode> {
  const { events, before, printed } = summon;
  if (printed.stop.length === 0) return EXIT.failure;
  const { fallback, now } = await planNow(summon);
  const { wanted, start } = fallback;
  const command = fallbackCommand(fallback, pendingOf(summon, now));
  if (command === undefined) {
    if (wanted.length === 0) printNothingToRestore(summon);
    return EXIT.failure;
  }
  refuseIfBlocked(fallback);
  const answer = await isFallbackWanted(summon, fallback);
  if (answer !== true) {
    const isInterrupted = answer === "interrupted";
    const words = isInterrupted ? "lychd: interrupted; nothing was restored\n" : "";
    events.emit(
      { event: "left", ran_before: before, hint: command },
      `${words}hint: ${printable(command)} restores what ran before`,
    );
    return isInterrupted ? EXIT.interrupted : EXIT.failure;
  }
  const names = printable(wanted.join(", "));
  const units = start.map((choice) => choice.unit);
  events.emit({ event: "fallback", soulstones: wanted, units }, `restoring ${names}`);
  await cancelJobs(summon);
  const outcome = await restore(summon);
  events.clear();
  if (outcome.kind === "ready") {
    const event = { event: "fallen-back", soulstones: wanted, seconds: events.seconds() };
    events.emit(event, `restored ${names}`);
  } else if (outcome.kind === "lost") await printLost(summon, outcome.lost);
  else {
    const { kind, phase, waitsFor } = outcome;
    const isStartQueued = phase === "start" || phase === "healthy";
    const words = phase === "stop"
      ? `${waitsFor.join(", ")} still stops; nothing was restored yet`
      : phase === "memory"
      ? "nothing was restored: still waiting for GPU memory"
      : `not restored yet: ${waitsFor.join(", ")}`;
    const hint = isStartQueued ? "lychd status --watch" : command;
    const event = { ...lateEvent(phase, waitsFor, isStartQueued), event: kind };
    events.emit(
      { ...event, seconds: events.seconds(), hint },
      `lychd: ${printable(words)}`,
      hint,
    );
  }
  return EXIT.failure;
}

async function planNow(
  { systemd, inventory, before, printed, plan }: Summon,
): Promise<{ now: EnginesNow; fallback: Fallback }> {
  const engines = inventory.engines.filter((engine) => !engine.stray);
  const now = await enginesNow(systemd, { ...inventory, engines });
  const up = [...runningOf(now).up];
  const started = [...printed.start, ...plan.start];
  return { now, fallback: planFallback({ before, started, up }, inventory) };
}

/** Prints which stopped engines cannot be restored, and why. */
function printNothingToRestore({ events, inventory, printed, before }: Summon): void {
  const lost = enginesNamed(inventory, printed.stop.map(({ name }) => name))
    .filter(({ name }) => !before.includes(name));
  if (lost.length === 0) return;
  const why = lost.map(({ name, stray }) =>
    `${name} ${stray ? "is no longer rendered" : "had crashed before"}`
  );
  const soulstones = lost.map(({ name }) => name);
  events.emit(
    { event: "nothing-back", soulstones, seconds: events.seconds() },
    `lychd: nothing to restore: ${printable(why.join(", "))}`,
  );
}

/** Refuses to stop engines that something else started meanwhile. */
function refuseIfBlocked({ blockedBy }: Fallback): void {
  if (blockedBy.length === 0) return;
  const words = `something else started ${blockedBy.join(", ")} meanwhile; ` +
    "what ran before is not restored";
  throw new Refusal(words, { hint: "lychd status" });
}

/** Returns the engines that the summon wanted or stopped. */
function touchedBy({ printed, plan }: Summon): string[] {
  return [...plan.wanted, ...printed.stop.map((stop) => stop.name)];
}

/** Returns the engines that still have jobs of the summon: these can only be canceled. */
function pendingOf(summon: Summon, { engines }: EnginesNow): string[] {
  return touchedBy(summon).filter((name) => engines.get(name)?.condition.hasJob === true);
}

/** Cancels the jobs of the summon, so that nothing of it starts later. */
async function cancelJobs(summon: Summon): Promise<void> {
  const { systemd, inventory, plan } = summon;
  const services = servicesOf(inventory, touchedBy(summon));
  await systemd.cancel(
    jobsOf(await systemd.activeStates([plan.choice.unit ?? [], services].flat())),
  );
}

/** Stops what the summon started, waits for memory, and starts what ran before. */
async function restore(summon: Summon): Promise<Outcome> {
  const { context, systemd, inventory, lock } = summon;
  const following = { ...summon, deadlineMilliseconds: Infinity };
  const patience = memoryPatience(summon.invocation.memoryTimeoutSeconds);
  for (;;) {
    await lock.take();
    const { now, fallback } = await planNow(summon);
    const { wanted, stop } = fallback;
    refuseIfBlocked(fallback);
    const restarts = restartsOf(now);
    if (stop.length > 0) {
      const problem = await systemd.queueStop(servicesOf(inventory, stop));
      if (problem !== undefined) throw rejection(problem, []);
      lock.release();
      const outcome = await follow(following, { wanted: [], start: [], stop, restarts });
      if (outcome.kind !== "ready") return outcome;
      continue;
    }
    const { up } = runningOf(now);
    const start = wanted.filter((name) => !up.has(name));
    const needs = patience.isOver() ? [] : await needsNow(following, start);
    if (context.interruption.aborted && start.length > 0) {
      return { kind: "interrupted", phase: "memory", waitsFor: start };
    }
    if (shortNeeds(needs).length > 0) {
      lock.release();
      const outcome = await followMemory(following, start, patience);
      if (outcome !== undefined) return outcome;
      continue;
    }
    for (const { unit } of fallback.start) {
      const problem = unit === undefined ? undefined : await systemd.queueStart([unit]);
      if (problem !== undefined) throw rejection(problem, []);
    }
    lock.release();
    return await follow(following, { wanted, start, stop: [], restarts });
  }
}

/** Returns the option of the operator, or the answer to a prompt; false without a terminal. */
async function isFallbackWanted(
  { invocation, context: { terminal, interruption } }: Summon,
  { wanted }: Fallback,
): Promise<boolean | "interrupted"> {
  if (invocation.fallback !== undefined) return invocation.fallback;
  if (!terminal.canAsk || !terminal.errIsTerminal || invocation.json) return false;
  const names = printable(wanted.join(", "));
  const answer = await terminal.ask(`restore what ran before (${names})? [Y/n] `, interruption);
  if (answer !== undefined) return answer !== "" && !/^n/i.test(answer.trim());
  terminal.err("\n");
  return "interrupted";
}
