/** How a summon ends: ready, interrupted, or failed and maybe undone. */
import {
  enginesNamed,
  type Inventory,
  type Transition,
  wayBack,
} from "../core/orchestrator/mod.ts";
import { printable, printableLines } from "../core/report/mod.ts";
import { SEPULCHER } from "../core/rune/mod.ts";
import { EXIT, type ExitCode, type SummonOptions } from "../invocation.ts";
import { follow, type Following, type Outcome } from "./follow.ts";
import { journalTail } from "./journal.ts";
import type { Systemd } from "./systemd.ts";
import { tableLines } from "./table.ts";

/** A summon under way. */
export interface Summon {
  readonly invocation: SummonOptions & { readonly wish: readonly string[] };
  readonly following: Following;
  readonly transition: Transition;
  /** The engines that held their place before it. */
  readonly before: readonly string[];
  /** When it began, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
}

/** systemd refused a transaction: something else is under way, which is told. */
export function tellUnderWay({ following: { events } }: Summon, problem: string): ExitCode {
  const [, unit, job] = /\((\S+) has '(\w+)' job queued/.exec(problem) ?? [];
  if (unit === undefined) {
    return events.refused(problem.split("\n")[0] ?? "", EXIT.hostRefused, "lychd status");
  }
  return events.refused(
    `something else is under way: a ${job} of ${unit}; this was not begun`,
    EXIT.hostRefused,
    "lychd status --watch shows it, lychd banish ends it",
  );
}

/** Tells how it ended, and on failure brings back what ran before if that is wanted. */
export async function concludeSummon(summon: Summon, outcome: Outcome): Promise<ExitCode> {
  const { invocation, following } = summon;
  const { events } = following;
  events.clear();
  switch (outcome.kind) {
    case "ready":
      tellReady(summon);
      return EXIT.ok;
    case "interrupted": {
      const names = outcome.waitsFor.join(", ");
      events.tell(
        { event: "interrupted", waits_for: outcome.waitsFor },
        `lychd: interrupted; systemd goes on, still waited for: ${printable(names)}\n` +
          "hint: lychd status --watch shows it, lychd banish ends it",
      );
      return EXIT.interrupted;
    }
    case "abandoned":
      events.tell(
        { event: "abandoned" },
        "lychd: interrupted; what had to stop stops, and nothing was started\n" +
          `hint: lychd summon ${printable(invocation.wish.join(" "))}`,
      );
      return EXIT.interrupted;
    case "late":
      await tellLost(summon, outcome.waitsFor.map((name) => ({ name, why: outcome.why })));
      return await fallBack(summon);
    case "lost":
      await tellLost(summon, outcome.lost);
      return await fallBack(summon);
  }
}

function tellReady({ invocation, following, transition }: Summon): void {
  const { context: { terminal }, events, inventory } = following;
  const soulstones = enginesNamed(inventory, transition.wanted)
    .map(({ name, uri }) => ({ name, uri }));
  events.tell({ event: "ready", soulstones });
  if (invocation.json) return;
  const lines = tableLines(soulstones.map(({ name, uri }) => [name, uri]));
  terminal.out(lines.map((line) => `${line}\n`).join(""));
}

type Lost = Extract<Outcome, { kind: "lost" }>["lost"];

async function tellLost({ following, sinceSeconds }: Summon, lost: Lost): Promise<void> {
  const { context, systemd, events, inventory } = following;
  const tell = async (name: string, service: string, why: string) => {
    const journal = await journalTail(context, service, sinceSeconds);
    const words = [`lychd: ${printable(name)} is not ready: ${why}`];
    if (journal.length > 0) words.push(printableLines(journal));
    events.tell({ event: "lost", name, why, journal }, words.join("\n"));
  };
  const pod = (await systemd.facts([SEPULCHER.service])).get(SEPULCHER.service);
  if (pod?.activeState === "failed") {
    await tell("the pod", SEPULCHER.service, "it did not start, so none of its engines can");
  }
  for (const { name, why } of lost) {
    await tell(name, enginesNamed(inventory, [name])[0]?.service ?? "", why);
  }
  const names = lost.map(({ name }) => name);
  if (names[0] !== undefined) events.tell({ event: "hint" }, `hint: lychd logs ${names[0]}`);
}

/** Brings back what ran before, if that is wanted; the summon has failed either way. */
async function fallBack(summon: Summon): Promise<ExitCode> {
  const { following, before, transition } = summon;
  const { systemd, events, inventory } = following;
  const units = transition.stop.length === 0 ? [] : wayBack(before, inventory);
  const names = before.join(", ");
  if (units.length === 0) return EXIT.failure;
  if (!isFallbackWanted(summon)) {
    const wish = wishFor(units[0] ?? "");
    events.tell(
      { event: "left", ran_before: before },
      `hint: lychd summon ${wish} brings back what ran before`,
    );
    return EXIT.failure;
  }
  events.tell({ event: "fallback", units }, `bringing back ${names}`);
  await systemd.cancel(await pendingJobs(systemd, inventory));
  for (const unit of units) {
    const problem = await systemd.startIrreversibly(unit);
    if (problem !== undefined) return tellUnderWay(summon, problem);
  }
  const patient = { ...following, deadlineMilliseconds: Infinity };
  const outcome = await follow(patient, { wanted: before, stop: [] });
  events.clear();
  if (outcome.kind === "ready") {
    events.tell({ event: "fallen-back", soulstones: before }, `${names} back again`);
  } else if (outcome.kind === "lost") await tellLost(summon, outcome.lost);
  else if (outcome.kind !== "abandoned") {
    events.tell(
      { event: "interrupted", waits_for: outcome.waitsFor },
      `lychd: not back yet: ${outcome.waitsFor.join(", ")}; systemd goes on\n` +
        "hint: lychd status --watch",
    );
  }
  return EXIT.failure;
}

function isFallbackWanted({ invocation, following, before }: Summon): boolean {
  const { terminal } = following.context;
  if (invocation.fallback !== undefined) return invocation.fallback;
  if (!terminal.canAsk || !terminal.errIsTerminal || invocation.json) return false;
  const names = printable(before.join(", "));
  const answer = terminal.ask(`bring back what ran before (${names})? [Y/n] `);
  return !/^n/i.test(answer.trim());
}

/** What to wish for so that a unit starts. */
function wishFor(unit: string): string {
  const coven = /^lychd-coven-(.+)\.target$/.exec(unit)?.[1];
  const soulstone = /^soulstone-(.+)\.service$/.exec(unit)?.[1];
  return printable(coven === undefined ? `soulstone:${soulstone}` : `coven:${coven}`);
}

/** The jobs of our engines and Covens that are not done: they could not be undone otherwise. */
async function pendingJobs(
  systemd: Systemd,
  { engines, covens }: Inventory,
): Promise<string[]> {
  const units = [...engines.map((e) => e.service), ...covens.map((c) => c.target)];
  const facts = await systemd.facts(units);
  return [...facts.values()].map((unit) => unit.job).filter((job) => job !== "");
}
