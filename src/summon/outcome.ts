/** The output at the end of a summon: ready, interrupted, late or failed. */
import { fallbackCommand, planFallback } from "../core/orchestrator/fallback.ts";
import { enginesNamed, rivalsOf, servicesOf } from "../core/orchestrator/inventory.ts";
import { readName } from "../core/orchestrator/wish.ts";
import { STOPPED_BY_OTHER } from "../core/orchestrator/progress.ts";
import { isUp } from "../core/orchestrator/condition.ts";
import { opposedStarts } from "../core/orchestrator/opposed_starts.ts";
import type { Transition } from "../core/orchestrator/transition.ts";
import { printable, printableLines } from "../core/report/printable.ts";
import { covenOf, SEPULCHER, soulstoneOf } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { type EnginesNow, enginesNow } from "../units/engines.ts";
import type { startLock } from "../units/start_lock.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { tableLines } from "../run/table.ts";
import { APPLY_POD } from "../units/stale.ts";
import type { Phase } from "./events.ts";
import type { Following, Outcome, Unfinished } from "./follow.ts";

/** A summon in progress. */
export interface Summon extends Following {
  readonly invocation: SummonOptions & { readonly wish: readonly string[] };
  /** The plan that was printed first: nothing outside of it is stopped. */
  readonly printed: Transition;
  /** The plan that was followed in the end. */
  readonly plan: Transition;
  /** True if systemd has the start; otherwise nothing starts by itself. */
  readonly isStartQueued: boolean;
  /** The engines that ran or started before it, without those that had crashed. */
  readonly before: readonly string[];
  /** The wanted engines whose port the running pod does not publish. */
  readonly unpublished: readonly string[];
  /** The time of its start, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
  /** The lock that excludes other starts; free while the summon waits. */
  readonly lock: ReturnType<typeof startLock>;
}

/** The part of a summon, or of another start, that is needed to report lost engines. */
type Told = Following & Pick<Summon, "sinceSeconds">;

/** Returns the hint while systemd continues without lychd to start `name`. */
function continuesHint(name: string | undefined): string {
  const banish = name === undefined ? "lychd banish" : `lychd banish ${name}`;
  return `lychd status --watch shows progress, ${banish} stops it`;
}

/** Returns the hint while systemd continues a summon. */
function hintOf({ plan: { choice, wanted }, inventory }: Summon): string {
  const names = choice.kind === "running" ? wanted : [choice.name];
  const kind = choice.kind === "coven" ? "coven" : "soulstone";
  const words = names.map((name) =>
    "problem" in readName(name, inventory) ? `${kind}:${name}` : name
  );
  return continuesHint(words.join(" && lychd banish "));
}

/**
 * Refuses a plan that would replace a start of another summon, of another program or of an operator.
 * systemd would let the later one win, and leave the engines of the other in the middle of their load.
 */
export async function refuseOpposed(
  { systemd, inventory }: Summon,
  plan: Transition,
  { engines }: EnginesNow,
  stopped: readonly string[],
): Promise<void> {
  const conditions = new Map([...engines].map(([name, { condition }]) => [name, condition]));
  if (![...conditions.values()].some(({ hasJob }) => hasJob)) return;
  const names = opposedStarts(plan, inventory, { conditions, jobs: await systemd.jobs() });
  const [first] = names;
  if (first === undefined) return;
  const words = `another operation is in progress: ${names.join(", ")} starts; ` +
    notStarted(stopped);
  throw new Refusal(words, { code: EXIT.hostRefused, hint: continuesHint(first) });
}

/** Returns the refusal for an order that systemd rejected. */
export function rejection(problem: string, stopped: readonly string[]): Refusal {
  const [, unit, job] = /\((\S+) has '(\w+)' job queued/.exec(problem) ?? [];
  const [, masked] = /\b(\S+) is masked\b/.exec(problem) ?? [];
  const words = unit === undefined
    ? problem.split("\n")[0] ?? ""
    : `another operation is in progress: ${job} of ${unit}`;
  const consequence = stopped.length > 0
    ? `; ${notStarted(stopped)}`
    : unit === undefined
    ? ""
    : "; this was not started";
  const hint = unit !== undefined
    ? continuesHint(soulstoneOf(unit) ?? covenOf(unit))
    : masked !== undefined
    ? `systemctl --user unmask ${masked}`
    : /\bnot found\b/.test(problem)
    ? "lychd render"
    : "lychd status";
  return new Refusal(`${words}${consequence}`, { code: EXIT.hostRefused, hint });
}

function notStarted(stopped: readonly string[]): string {
  return `nothing was started${stopped.length === 0 ? "" : `; stopped: ${stopped.join(", ")}`}`;
}

/** Returns the refusal for engines that something else started after the plan was printed. */
export function unplannedRefusal(
  { invocation }: Summon,
  names: readonly string[],
  stopped: readonly string[],
): Refusal {
  const words = `something else started ${names.join(", ")} meanwhile; ${notStarted(stopped)}`;
  const hint = `lychd summon ${invocation.wish.join(" ")} makes a new plan`;
  return new Refusal(words, { code: EXIT.hostRefused, hint });
}

/** Prints that the operator interrupted a summon before its start. `stopping` still stop. */
export function printAbandoned(
  { invocation, events, inventory, printed, before }: Summon,
  up: ReadonlySet<string>,
  stopped: readonly string[],
  stopping: readonly string[] = [],
): ExitCode {
  events.clear();
  const left = printed.stop.map(({ name }) => name).filter((name) => !stopped.includes(name));
  const running = [...printed.keep, ...left].filter((name) => up.has(name)).sort();
  const isUnchanged = stopped.length === 0;
  const restore = isUnchanged
    ? undefined
    : fallbackCommand(planFallback({ before, started: printed.start, up: running }, inventory));
  const stop = stopping.length === 0
    ? `stopped: ${stopped.join(", ")}`
    : `systemd still stops ${stopping.join(", ")}`;
  const rest = running.length === 0 ? "no engine runs now" : `still running: ${running.join(", ")}`;
  const words = isUnchanged ? "nothing was changed" : `nothing was started; ${stop}; ${rest}`;
  const hints = [
    `lychd summon ${invocation.wish.join(" ")} ${isUnchanged ? "starts again" : "continues"}`,
    ...restore === undefined ? [] : [`${restore} restores what ran before`],
  ];
  events.emit(
    { event: "abandoned", stopped, running, seconds: events.seconds(), hints },
    [`lychd: interrupted before the start: ${words}`, ...hints.map((hint) => `hint: ${hint}`)]
      .map(printable).join("\n"),
  );
  return EXIT.interrupted;
}

/** Prints that the operator interrupted a summon that systemd continues. */
export function printInterrupted(summon: Summon, { waitsFor }: Unfinished): ExitCode {
  const { events } = summon;
  events.emit(
    { event: "interrupted", waits_for: waitsFor, seconds: events.seconds() },
    `lychd: interrupted; systemd continues, not ready yet: ${printable(waitsFor.join(", "))}`,
    hintOf(summon),
  );
  return EXIT.interrupted;
}

/** Prints the URL of each engine of a summon that is ready. */
export function printReady({ invocation, context, events, inventory, plan }: Summon): ExitCode {
  const soulstones = enginesNamed(inventory, plan.wanted).map(({ name, uri }) => ({ name, uri }));
  events.emit({ event: "ready", seconds: events.seconds(), soulstones });
  const lines = tableLines(soulstones.map(({ name, uri }) => [name, uri]));
  if (!invocation.json) context.terminal.out(lines.map((line) => `${line}\n`).join(""));
  return EXIT.ok;
}

/** Prints which engines are ready but cannot be reached, because the pod has to restart for that. */
export function printUnpublished({ events, inventory, unpublished }: Summon): ExitCode {
  const lines = enginesNamed(inventory, unpublished).map(({ name, port }) =>
    `lychd: ${name} is healthy, but http://localhost:${port} does not answer: ` +
    "the running pod does not publish it"
  );
  const event = { event: "unpublished", soulstones: unpublished, seconds: events.seconds() };
  events.emit({ ...event, hint: APPLY_POD }, lines.join("\n"), APPLY_POD);
  return EXIT.failure;
}

/** Prints that the time limit passed before anything was changed, for example in a slow GPU query. */
export function printLateUnchanged({ invocation, events, plan }: Summon): ExitCode {
  const hint = "lychd doctor shows what answers slowly";
  events.emit(
    { ...lateEvent("start", plan.start, false), seconds: events.seconds(), hint },
    `lychd: the limit of ${invocation.timeoutSeconds} s passed before the start: ` +
      "nothing was changed",
    hint,
  );
  return EXIT.failure;
}

/** The words for each phase, before and after the time limit. */
const LATE: Readonly<Record<Phase, readonly [before: string, after: string]>> = {
  stop: ["not stopped", ""],
  memory: ["not enough free GPU memory", ", nothing was started"],
  start: ["not started", ""],
  healthy: ["not ready", ""],
};

/** Prints which engines were not finished at the time limit, with their journals. */
export async function printLate(summon: Summon, { phase, waitsFor }: Unfinished): Promise<void> {
  const { invocation: { timeoutSeconds }, events, isStartQueued } = summon;
  const limit = timeoutSeconds === undefined ? "in time" : `after ${timeoutSeconds} s`;
  const [before, after] = LATE[phase];
  const isQuiet = phase === "memory" || phase === "start" && !isStartQueued;
  const next = phase === "memory"
    ? ""
    : isStartQueued
    ? "; systemd continues"
    : phase === "start"
    ? "; systemd does not start them"
    : "; systemd still stops them, and starts nothing afterwards";
  events.emit(
    { ...lateEvent(phase, waitsFor, isStartQueued), seconds: events.seconds() },
    `lychd: ${before} ${limit}: ${printable(waitsFor.join(", "))}${after}${next}`,
  );
  if (isStartQueued && phase !== "stop") {
    for (const name of waitsFor) await printJournal(summon, name);
  }
  if (!isQuiet) printHint(summon, isStartQueued ? hintOf(summon) : "lychd status --watch");
}

/** Returns the `late` event of `--json`, without its time. */
export function lateEvent(phase: Phase, waitsFor: readonly string[], isStartQueued: boolean) {
  return { event: "late", phase, waits_for: waitsFor, start_told: isStartQueued };
}

type Lost = Extract<Outcome, { kind: "lost" }>["lost"];

/** Prints which engines failed, why, and the end of their journals. */
export async function printLost(summon: Told, lost: Lost): Promise<void> {
  const { service } = SEPULCHER;
  const pod = (await summon.systemd.states([service])).get(service);
  if (pod?.activeState === "failed") {
    const why = "it did not start, so none of its engines can";
    await printJournal(summon, "the pod", { why, service });
  }
  const now = await enginesNow(summon.systemd, summon.inventory);
  for (const { name, why } of lost) {
    await printJournal(summon, name, { why: replacementOf(summon, name, why, now) ?? why });
  }
  const [first] = lost;
  if (first !== undefined) printHint(summon, `lychd logs ${first.name}`);
}

/** Returns which engines were started meanwhile and exclude the stopped engine `name`. */
function replacementOf(
  { inventory }: Told,
  name: string,
  why: string,
  now: EnginesNow,
): string | undefined {
  if (why !== STOPPED_BY_OTHER) return undefined;
  const isStarted = (rival: string) => {
    const condition = now.engines.get(rival)?.condition;
    return condition !== undefined && (isUp(condition) || condition.hasJob);
  };
  const rivals = enginesNamed(inventory, [name]).flatMap((engine) => rivalsOf(engine, inventory))
    .filter(isStarted);
  return rivals.length === 0 ? undefined : `the start of ${rivals.join(", ")} replaced it`;
}

function printHint({ events }: Told, hint: string): void {
  events.emit({ event: "hint", hint }, undefined, hint);
}

/** Prints the end of the journal of a service, and why it failed. */
async function printJournal(
  { context, events, inventory, sinceSeconds }: Told,
  name: string,
  { why, service = servicesOf(inventory, [name])[0] ?? "" }: { why?: string; service?: string } =
    {},
): Promise<void> {
  const journal = await journalTail(context, service, sinceSeconds);
  if (why === undefined && journal.length === 0) return;
  const head = why === undefined
    ? `lychd: last lines of ${printable(name)}:`
    : `lychd: ${printable(name)} is not ready: ${why}`;
  const event = why === undefined
    ? { event: "journal", name, journal }
    : { event: "lost", name, why, journal, seconds: events.seconds() };
  events.emit(event, journal.length === 0 ? head : `${head}\n${printableLines(journal)}`);
}

/** The maximum numbers of journal lines to print and to read. */
const SHOWN_LINES = 12;
const READ_LINES = 60;

/** Returns the last lines of a service since a time, without the messages of Podman itself. */
async function journalTail(
  { host, programs: { journalctl } }: CommandContext,
  service: string,
  sinceSeconds: number,
): Promise<string[]> {
  if (journalctl === undefined) return [];
  try {
    const { stdout } = await host.run(journalctl, [
      "--no-pager",
      "--output=cat",
      `--lines=${READ_LINES}`,
      `--since=@${Math.floor(sinceSeconds)}`,
      `--user-unit=${service}`,
    ]);
    return stdout.split("\n").filter(isFromEngine).slice(-SHOWN_LINES).map(printable);
  } catch (error) {
    if (error instanceof HostError) return [];
    throw error;
  }
}

function isFromEngine(line: string): boolean {
  return line.trim() !== "" &&
    // Podman's events, such as `2026-11-21 23:45:31.1 +0000 UTC m=+0.6 container died …`.
    !/^\d{4}-\d\d-\d\d \S+ \S+ \S+ m=\S+ \w+ [\w-]+ /.test(line) &&
    !/^conmon [0-9a-f]+ <\w+>:/.test(line);
}
