/** The output at the end of a summon: ready, interrupted, late or failed. */
import { fallbackCommand, planFallback } from "../core/orchestrator/fallback.ts";
import { enginesNamed } from "../core/orchestrator/inventory.ts";
import type { Progress } from "../core/orchestrator/progress.ts";
import type { Service } from "../core/orchestrator/services.ts";
import { readName } from "../core/orchestrator/wish.ts";
import { printable, printableLines } from "../core/report/printable.ts";
import { covenOf, SCRIBE, SEPULCHER, soulstoneOf } from "../core/rune/names.ts";
import type { startLock } from "../units/start_lock.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import { tableLines } from "../core/report/table.ts";
import type { PodTrouble } from "../units/pod.ts";
import { servicesNow } from "../units/services.ts";
import { APPLY_POD } from "../units/stale.ts";
import type { Change, End } from "./change.ts";
import type { SummonEvents } from "./events.ts";
import type { Phase, Unfinished } from "./follow.ts";
import { type Explaining, explainLosses, lastLines } from "./losses.ts";

/** The change of `lychd summon`, with its command line and its output. */
export interface Summon extends Change {
  readonly invocation: SummonOptions & { readonly wish: readonly string[] };
  readonly events: SummonEvents;
  /** The lock that excludes other starts; free while the summon waits. */
  readonly lock: ReturnType<typeof startLock>;
}

/** The part of a summon, or of another start, that is needed to report lost engines. */
type Reporting = Explaining & { readonly events: SummonEvents };

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

/** Returns the refusal of a plan that would replace the start of other engines. */
export function opposedRefusal({ names, stopped }: EndOf<"opposed">): Refusal {
  const words = `another operation is in progress: ${names.join(", ")} starts; ` +
    notStarted(stopped);
  return new Refusal(words, { code: EXIT.hostRefused, hint: continuesHint(names[0]) });
}

type EndOf<Kind extends End["kind"]> = Extract<End, { kind: Kind }>;

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
  { names, stopped }: EndOf<"unplanned">,
): Refusal {
  const words = `something else started ${names.join(", ")} meanwhile; ${notStarted(stopped)}`;
  const hint = `lychd summon ${invocation.wish.join(" ")} makes a new plan`;
  return new Refusal(words, { code: EXIT.hostRefused, hint });
}

/** Prints that the operator interrupted a summon before its start. */
export function printAbandoned(
  { invocation, events, inventory, printed, before }: Summon,
  { running: up, stopped, stopping }: EndOf<"abandoned">,
): ExitCode {
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
    for (const name of waitsFor) {
      const journal = await lastLines(summon, name);
      if (journal.length === 0) continue;
      const head = `lychd: last lines of ${printable(name)}:`;
      events.emit({ event: "journal", name, journal }, withJournal(head, journal));
    }
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
  const { events } = summon;
  const { trouble, engines, hint } = await explainLosses(summon, lost);
  if (trouble !== undefined) {
    const why = `it ${trouble.what}`;
    events.emit({ event: "lost", name: "pod", why }, `lychd: the pod ${printable(trouble.what)}`);
  }
  for (const { name, why, journal } of engines) {
    const text = `lychd: ${printable(name)} is not ready: ${why}`;
    if (trouble === undefined) {
      const event = { event: "lost", name, why, journal, seconds: events.seconds() };
      events.emit(event, withJournal(text, journal));
    } else events.emit({ event: "lost", name, why }, trouble.isStart ? undefined : text);
  }
  if (engines.length > 0) printHint(summon, hint);
  return trouble;
}

function printHint({ events }: Pick<Reporting, "events">, hint: string): void {
  events.emit({ event: "hint", hint }, undefined, hint);
}

function withJournal(head: string, journal: readonly string[]): string {
  return journal.length === 0 ? head : `${head}\n${printableLines(journal)}`;
}
