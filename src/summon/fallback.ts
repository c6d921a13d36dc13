/** The way back from a summon that failed. */
import {
  enginesNamed,
  shortNeeds,
  type WayBack,
  wayBack,
  wayBackCommand,
} from "../core/orchestrator/mod.ts";
import { printable } from "../core/report/mod.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { type EnginesNow, enginesNow, restartsOf, runningOf } from "../units/engines.ts";
import { follow, followMemory, MemoryPatience, needsNow, type Outcome } from "./follow.ts";
import { type Summon, tellLost, tellRefusal } from "./ending.ts";

/** Brings back what ran before, if that is wanted; the summon has failed either way. */
export async function fallBack(summon: Summon): Promise<ExitCode> {
  const { following: { events }, before, told } = summon;
  if (told.stop.length === 0) return EXIT.failure;
  const { back, now } = await lookBack(summon);
  const command = wayBackCommand(back, pendingOf(summon, now));
  if (command === undefined) return tellNothingBack(summon, back);
  if (back.overtakenBy.length > 0) return tellInTheWay(summon, back);
  const answer = await isFallbackWanted(summon, back);
  if (answer !== true) {
    const isInterrupted = answer === "interrupted";
    const said = isInterrupted ? "lychd: interrupted; nothing was brought back\n" : "";
    events.tell(
      { event: "left", ran_before: before, hint: command },
      `${said}hint: ${printable(command)} brings back what ran before`,
    );
    return isInterrupted ? EXIT.interrupted : EXIT.failure;
  }
  events.tell(
    { event: "fallback", soulstones: back.wanted, units: back.start.map((c) => c.unit) },
    `bringing back ${printable(back.wanted.join(", "))}`,
  );
  await systemdTakesBack(summon);
  const outcome = await carryBack(summon);
  events.clear();
  if (typeof outcome === "number") return outcome;
  const names = back.wanted.join(", ");
  if (outcome.kind === "ready") {
    events.tell(
      { event: "fallen-back", soulstones: back.wanted, seconds: events.seconds() },
      `${printable(names)} back again`,
    );
  } else if (outcome.kind === "lost") await tellLost(summon, outcome.lost);
  else {
    const { kind, phase, waitsFor } = outcome;
    const event = kind === "late" ? "late" : "interrupted";
    const words = phase === "stop"
      ? `${waitsFor.join(", ")} still stops; nothing was brought back yet`
      : phase === "memory"
      ? "not started yet, since GPU memory was waited for: nothing was brought back"
      : `not back yet: ${waitsFor.join(", ")}`;
    const hint = phase === "stop" || phase === "memory" ? command : "lychd status --watch";
    events.tell(
      {
        event,
        phase,
        waits_for: waitsFor,
        start_told: phase === "start" || phase === "healthy",
        seconds: events.seconds(),
        hint,
      },
      `lychd: ${printable(words)}\nhint: ${printable(hint)}`,
    );
  }
  return EXIT.failure;
}

async function lookBack(
  { following: { systemd, inventory }, before, told, plan }: Summon,
): Promise<{ now: EnginesNow; back: WayBack }> {
  const units = { ...inventory, engines: inventory.engines.filter((engine) => !engine.stray) };
  const now = await enginesNow(systemd, units);
  const up = [...runningOf(now).up];
  const started = [...told.start, ...plan.start];
  return { now, back: wayBack({ before, started, up }, inventory) };
}

/** Says whom the summon stopped and nobody brings back. */
function tellNothingBack({ following, told, before }: Summon, { wanted }: WayBack): ExitCode {
  const { events, inventory } = following;
  if (wanted.length > 0) return EXIT.failure;
  const gone = enginesNamed(inventory, told.stop.map(({ name }) => name))
    .filter(({ name }) => !before.includes(name));
  const why = gone.map(({ name, stray }) =>
    `${name} ${stray ? "is not rendered any more" : "had crashed before"}`
  );
  if (why.length === 0) return EXIT.failure;
  const names = gone.map(({ name }) => name);
  events.tell(
    { event: "nothing-back", soulstones: names, seconds: events.seconds() },
    `lychd: nothing to bring back: ${printable(why.join(", "))}`,
  );
  return EXIT.failure;
}

/** Somebody else runs what stands in the way of what ran before: that is not to be stopped. */
function tellInTheWay({ following: { events } }: Summon, { overtakenBy }: WayBack): ExitCode {
  const words = `started by somebody else meanwhile: ${overtakenBy.join(", ")}; ` +
    "what ran before is not brought back";
  return events.refused(words, EXIT.failure, "lychd status");
}

/** Those that the summon's jobs still work on: they cannot be undone, only be taken back. */
function pendingOf({ told, plan }: Summon, { engines }: EnginesNow): string[] {
  return [...plan.wanted, ...told.stop.map((stop) => stop.name)]
    .filter((name) => engines.get(name)?.condition.hasJob === true);
}

/** Takes back the summon's own jobs: what it has begun could not be undone otherwise. */
async function systemdTakesBack(
  { following: { systemd, inventory }, told, plan }: Summon,
): Promise<void> {
  const names = [...plan.wanted, ...told.stop.map((stop) => stop.name)];
  const services = enginesNamed(inventory, names).map((engine) => engine.service);
  const facts = await systemd.facts([plan.choice.unit ?? [], services].flat());
  await systemd.cancel([...facts.values()].map((unit) => unit.job).filter((job) => job !== ""));
}

/** Stops what the summon started, waits for memory, starts what ran before; an exit code when not. */
async function carryBack(summon: Summon): Promise<Outcome | ExitCode> {
  const { following, invocation } = summon;
  const { context, systemd, inventory } = following;
  const patient = { ...following, deadlineMilliseconds: Infinity };
  const patience = new MemoryPatience(invocation.memoryTimeoutSeconds);
  for (;;) {
    const seen = await lookBack(summon);
    const { back } = seen;
    if (back.overtakenBy.length > 0) return tellInTheWay(summon, back);
    const restarts = restartsOf(seen.now);
    if (back.stop.length > 0) {
      const engines = enginesNamed(inventory, back.stop);
      const problem = await systemd.beginStop(engines.map((engine) => engine.service));
      if (problem !== undefined) return tellRefusal(summon, problem, []);
      const stop = back.stop.map((name) => ({ name, why: "" }));
      const outcome = await follow(patient, { wanted: [], start: [], stop, restarts });
      if (outcome.kind !== "ready") return outcome;
      continue;
    }
    const { up } = runningOf(seen.now);
    const start = back.wanted.filter((name) => !up.has(name));
    const needs = patience.isOver ? [] : await needsNow(patient, start);
    if (context.interruption.aborted && start.length > 0) {
      return { kind: "interrupted", phase: "memory", waitsFor: start };
    }
    if (shortNeeds(needs).length > 0) {
      const outcome = await followMemory(patient, start, patience);
      if (outcome.kind === "interrupted" || outcome.kind === "late") return outcome;
      continue;
    }
    for (const { unit } of back.start) {
      const problem = unit === undefined ? undefined : await systemd.startIrreversibly(unit);
      if (problem !== undefined) return tellRefusal(summon, problem, []);
    }
    return await follow(patient, { wanted: back.wanted, start, stop: [], restarts });
  }
}

/** Whether the operator wants it: as said, else asked; who has gone away is not asked. */
async function isFallbackWanted(
  { invocation, following }: Summon,
  { wanted }: WayBack,
): Promise<boolean | "interrupted"> {
  const { terminal, interruption } = following.context;
  if (invocation.fallback !== undefined) return invocation.fallback;
  if (!terminal.canAsk || !terminal.errIsTerminal || invocation.json) return false;
  const answer = await terminal.ask(
    `bring back what ran before (${printable(wanted.join(", "))})? [Y/n] `,
    interruption,
  );
  if (answer !== undefined) return answer !== "" && !/^n/i.test(answer.trim());
  terminal.err("\n");
  return "interrupted";
}
