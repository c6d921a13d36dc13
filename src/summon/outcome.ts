/** How a summon ends: ready, interrupted, overtaken, or failed. */
import {
  enginesNamed,
  type Transition,
  wayBack,
  wayBackCommand,
} from "../core/orchestrator/mod.ts";
import { printable, printableLines } from "../core/report/mod.ts";
import { SEPULCHER } from "../core/rune/names.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import type { Following, Outcome } from "./follow.ts";
import { journalTail } from "./journal.ts";
import { tableLines } from "../run/table.ts";

/** A summon under way. */
export interface Summon {
  readonly invocation: SummonOptions & { readonly wish: readonly string[] };
  readonly following: Following;
  /** The plan that the operator was told first: nothing else is stopped for it. */
  readonly told: Transition;
  /** The plan that was followed in the end. */
  readonly plan: Transition;
  /** Whether systemd was told to start: else nothing starts by itself. */
  readonly isStartTold: boolean;
  /** The engines that ran, or loaded, before it; none that had crashed and waited for its restart. */
  readonly before: readonly string[];
  /** When it began, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
}

/** The hint when systemd continues without lychd. */
export const GOES_ON = "lychd status --watch shows it, lychd banish ends it";

/** systemd refused a transaction: why, and what helps. */
export function tellRefusal(
  { following: { events } }: Summon,
  problem: string,
  stopped: readonly string[],
): ExitCode {
  const [, unit, job] = /\((\S+) has '(\w+)' job queued/.exec(problem) ?? [];
  if (unit !== undefined) {
    const begun = stopped.length === 0 ? "this was not begun" : notStarted(stopped);
    const words = `something else is under way: a ${job} of ${unit}; ${begun}`;
    return events.refused(words, EXIT.hostRefused, GOES_ON);
  }
  const [, masked] = /\b(\S+) is masked\b/.exec(problem) ?? [];
  const hint = masked !== undefined
    ? `systemctl --user unmask ${masked}`
    : /\bnot found\b/.test(problem)
    ? "lychd render"
    : "lychd status";
  const words = problem.split("\n")[0] ?? "";
  const said = stopped.length === 0 ? words : `${words}; ${notStarted(stopped)}`;
  return events.refused(said, EXIT.hostRefused, hint);
}

function notStarted(stopped: readonly string[]): string {
  const was = stopped.length === 0 ? "" : `; stopped before: ${stopped.join(", ")}`;
  return `nothing was started${was}`;
}

/** Somebody else started something between the plan and the start. */
export function tellOvertaken(
  { invocation, following: { events } }: Summon,
  by: readonly string[],
  stopped: readonly string[],
): ExitCode {
  const words = `started by somebody else meanwhile: ${by.join(", ")}; ${notStarted(stopped)}`;
  const wish = invocation.wish.join(" ");
  return events.refused(words, EXIT.hostRefused, `lychd summon ${wish} makes a new plan`);
}

/** The operator interrupted it before systemd was told to start: nothing goes on by itself. */
export function tellAbandoned(
  { invocation, following: { events, inventory }, told, before }: Summon,
  up: ReadonlySet<string>,
  stopped: readonly string[],
  stopping: readonly string[] = [],
): ExitCode {
  events.clear();
  const again = `lychd summon ${invocation.wish.join(" ")}`;
  const left = told.stop.map(({ name }) => name).filter((name) => !stopped.includes(name));
  const running = [...told.keep, ...left].filter((name) => up.has(name)).sort();
  const way = { before, started: told.start, up: running };
  const back = stopped.length === 0 ? undefined : wayBackCommand(wayBack(way, inventory));
  const what = stopped.length === 0
    ? "nothing was changed"
    : `nothing was started; ${stopping.length === 0 ? "stopped: " : "systemd still stops "}` +
      `${(stopping.length === 0 ? stopped : stopping).join(", ")}; ` +
      (running.length === 0 ? "no engine runs now" : `still running: ${running.join(", ")}`);
  const hints = [
    `${again} ${stopped.length === 0 ? "begins anew" : "goes on"}`,
    ...back === undefined ? [] : [`${back} brings back what ran before`],
  ];
  events.tell(
    { event: "abandoned", stopped, running, seconds: events.seconds(), hints },
    [`lychd: interrupted before the start: ${what}`, ...hints.map((hint) => `hint: ${hint}`)]
      .map(printable).join("\n"),
  );
  return EXIT.interrupted;
}

/** The time was over before systemd was told anything, such as where the GPUs are slow to tell. */
export function tellLateBeforeAll(
  { invocation: { timeoutSeconds }, following: { events }, plan }: Summon,
): ExitCode {
  const words = `the ${timeoutSeconds} s were over before systemd was told: nothing was changed`;
  const hint = "lychd doctor shows what answers slowly";
  events.tell(
    {
      event: "late",
      phase: "start",
      waits_for: plan.start,
      start_told: false,
      seconds: events.seconds(),
      hint,
    },
    `lychd: ${words}\nhint: ${hint}`,
  );
  return EXIT.failure;
}

/** Prints the URL of each engine of a summon that is ready. */
export function tellReady({ invocation, following, plan }: Summon): void {
  const { context: { terminal }, events, inventory } = following;
  const soulstones = enginesNamed(inventory, plan.wanted).map(({ name, uri }) => ({ name, uri }));
  events.tell({ event: "ready", seconds: events.seconds(), soulstones });
  if (invocation.json) return;
  const lines = tableLines(soulstones.map(({ name, uri }) => [name, uri]));
  terminal.out(lines.map((line) => `${line}\n`).join(""));
}

/** Says what has not come in the time that was given: of a stop, of memory, or of a start. */
export async function tellLate(
  summon: Summon,
  { phase, waitsFor }: Extract<Outcome, { kind: "late" }>,
): Promise<void> {
  const { invocation: { timeoutSeconds }, following: { events }, isStartTold } = summon;
  const after = timeoutSeconds === undefined ? "in time" : `after ${timeoutSeconds} s`;
  const names = waitsFor.join(", ");
  const words = {
    stop: `not stopped ${after}: ${names}`,
    memory: `not enough GPU memory is free ${after} for ${names}: nothing was started`,
    start: `not started ${after}: ${names}`,
    healthy: `not ready ${after}: ${names}`,
  }[phase];
  const goesOn = phase === "memory"
    ? ""
    : phase === "start" && !isStartTold
    ? "; systemd was not told to"
    : isStartTold
    ? "; systemd goes on"
    : "; systemd still stops them, and nothing starts after that";
  events.tell(
    {
      event: "late",
      phase,
      waits_for: waitsFor,
      start_told: isStartTold,
      seconds: events.seconds(),
    },
    `lychd: ${printable(words)}${goesOn}`,
  );
  if (isStartTold && phase !== "stop") {
    for (const name of waitsFor) await tellJournal(summon, name, serviceOf(summon, name));
  }
  if (phase === "memory" || phase === "start" && !isStartTold) return;
  const hint = isStartTold ? GOES_ON : "lychd status --watch shows it";
  events.tell({ event: "hint", hint }, `hint: ${hint}`);
}

type Lost = Extract<Outcome, { kind: "lost" }>["lost"];

/** Says which engines will not come, why, and what they said last. */
export async function tellLost(summon: Summon, lost: Lost): Promise<void> {
  const { systemd, events } = summon.following;
  const pod = (await systemd.facts([SEPULCHER.service])).get(SEPULCHER.service);
  if (pod?.activeState === "failed") {
    const why = "it did not start, so none of its engines can";
    await tellJournal(summon, "the pod", SEPULCHER.service, why);
  }
  for (const { name, why } of lost) await tellJournal(summon, name, serviceOf(summon, name), why);
  const [first] = lost;
  if (first === undefined) return;
  const hint = `lychd logs ${first.name}`;
  events.tell({ event: "hint", hint }, `hint: ${hint}`);
}

function serviceOf({ following: { inventory } }: Summon, name: string): string {
  return enginesNamed(inventory, [name])[0]?.service ?? "";
}

async function tellJournal(
  { following: { context, events }, sinceSeconds }: Summon,
  name: string,
  service: string,
  why?: string,
): Promise<void> {
  const journal = await journalTail(context, service, sinceSeconds);
  const head = why === undefined
    ? `lychd: what ${printable(name)} said last:`
    : `lychd: ${printable(name)} is not ready: ${why}`;
  if (why === undefined && journal.length === 0) return;
  const words = journal.length === 0 ? head : `${head}\n${printableLines(journal)}`;
  const event = why === undefined
    ? { event: "journal", name, journal }
    : { event: "lost", name, why, journal, seconds: events.seconds() };
  events.tell(event, words);
}
