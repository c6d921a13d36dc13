/** The output at the end of a summon: ready, interrupted, late or failed. */
import { fallbackCommand, planFallback } from "../core/orchestrator/fallback.ts";
import { enginesNamed, rivalsOf } from "../core/orchestrator/inventory.ts";
import { type Progress, STOPPED_BY_OTHER } from "../core/orchestrator/progress.ts";
import { logSourceOf, type Service } from "../core/orchestrator/services.ts";
import { readName } from "../core/orchestrator/wish.ts";
import { isUp } from "../core/orchestrator/condition.ts";
import { opposedStarts } from "../core/orchestrator/opposed_starts.ts";
import type { Transition } from "../core/orchestrator/transition.ts";
import { printable, printableLines } from "../core/report/printable.ts";
import { covenOf, SCRIBE, SEPULCHER, soulstoneOf } from "../core/rune/names.ts";
import { type EnginesNow, enginesNow } from "../units/engines.ts";
import type { startLock } from "../units/start_lock.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import { tableLines } from "../run/table.ts";
import { journalTail } from "../units/journal.ts";
import { type PodTrouble, podTrouble } from "../units/pod.ts";
import { readRendered } from "../units/rendered.ts";
import { servicesNow } from "../units/services.ts";
import { APPLY_POD } from "../units/stale.ts";
import type { Phase } from "./events.ts";
import type { Following, Unfinished } from "./follow.ts";

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
  /** The pod and the Watchers. */
  readonly services: readonly Service[];
  /** The time of its start, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
  /** The lock that excludes other starts; free while the summon waits. */
  readonly lock: ReturnType<typeof startLock>;
}

/** The part of a summon, or of another start, that is needed to report lost engines. */
type Reporting = Following & Pick<Summon, "services" | "sinceSeconds">;

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

/** Prints the URL of each engine of a summon that is ready, and the Watchers beside them. */
export async function printReady(summon: Summon): Promise<ExitCode> {
  const { invocation, context, systemd, events, inventory, plan } = summon;
  const soulstones = enginesNamed(inventory, plan.wanted).map(({ name, uri }) => ({ name, uri }));
  const watchers = (await servicesNow(systemd, watchersOf(summon))).services.map((watcher) => {
    const { service: { name, uri }, condition: { state, why } } = watcher;
    return { name, uri: uri ?? null, state, ...why && { why } };
  });
  events.emit({ event: "ready", seconds: events.seconds(), soulstones, watchers });
  if (invocation.json) return EXIT.ok;
  const lines = tableLines(
    soulstones.map(({ name, uri }) => [name, uri]),
    context.terminal.outPalette.columns,
  );
  context.terminal.out(lines.map((line) => `${line}\n`).join(""));
  for (const { name, uri, state, why } of watchers) {
    if (why !== undefined) warn(context, `${name}: ${why}`, `lychd logs ${name}`);
    else if (name === SCRIBE.name && state === "running") {
      context.terminal.err(`dashboards: ${uri}\n`);
    }
  }
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

function watchersOf({ services }: Summon): Service[] {
  return services.filter(({ service }) => service !== SEPULCHER.service);
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

/**
 * Prints which engines failed, why, and the end of their journals. Returns the trouble of the pod, if
 * that is why.
 */
export async function printLost(
  summon: Reporting,
  lost: Progress["lost"],
): Promise<PodTrouble | undefined> {
  const { context, events, systemd, inventory } = summon;
  const trouble = await podTroubleOf(summon);
  if (trouble !== undefined) {
    const why = `it ${trouble.what}`;
    events.emit({ event: "lost", name: "pod", why }, `lychd: the pod ${printable(trouble.what)}`);
  }
  const now = await enginesNow(systemd, inventory);
  const rendered = readRendered(context).inventory.engines;
  const isRemoved = (name: string) => !rendered.some((engine) => engine.name === name);
  for (const { name, why } of lost) {
    if (trouble === undefined) {
      const reason = isRemoved(name)
        ? "a render removed it while it started"
        : replacementOf(summon, name, why, now) ?? why;
      await printJournal(summon, name, reason);
    } else {
      const reason = trouble.isStart
        ? "the pod could not start"
        : "the failure of the pod stopped it";
      const text = `lychd: ${printable(name)} is not ready: ${reason}`;
      events.emit({ event: "lost", name, why: reason }, trouble.isStart ? undefined : text);
    }
  }
  const [first] = lost;
  if (first !== undefined) {
    const hint = isRemoved(first.name) ? "lychd list" : `lychd logs ${first.name}`;
    printHint(summon, trouble?.hint ?? hint);
  }
  return trouble;
}

/** Returns the trouble of the pod, if it failed during the summon. */
async function podTroubleOf(
  { context, systemd, services, sinceSeconds }: Reporting,
): Promise<PodTrouble | undefined> {
  const pod = services.find(({ service }) => service === SEPULCHER.service);
  const unit = pod && (await systemd.states([pod.service])).get(pod.service);
  if (pod === undefined || unit === undefined) return undefined;
  const isRecent = (unit.sinceSeconds ?? 0) >= Math.floor(sinceSeconds);
  return unit.activeState === "failed" || isRecent
    ? await podTrouble(context, pod, unit)
    : undefined;
}

/** Returns which engines were started meanwhile and exclude the stopped engine `name`. */
function replacementOf(
  { inventory }: Reporting,
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

function printHint({ events }: Reporting, hint: string): void {
  events.emit({ event: "hint", hint }, undefined, hint);
}

/** Prints the end of the journal of an engine, and why it failed. */
async function printJournal(
  { context, events, sinceSeconds }: Reporting,
  name: string,
  why?: string,
): Promise<void> {
  const source = logSourceOf(name);
  const journal = await journalTail(context, source, { lines: SHOWN_LINES, sinceSeconds });
  if (why === undefined && journal.length === 0) return;
  const head = why === undefined
    ? `lychd: last lines of ${printable(name)}:`
    : `lychd: ${printable(name)} is not ready: ${why}`;
  const event = why === undefined
    ? { event: "journal", name, journal }
    : { event: "lost", name, why, journal, seconds: events.seconds() };
  events.emit(event, journal.length === 0 ? head : `${head}\n${printableLines(journal)}`);
}

/** The number of journal lines to print. */
const SHOWN_LINES = 12;
