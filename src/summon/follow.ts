/** Waiting for engines and for GPU memory. */
import {
  hopelessNeeds,
  type MemoryNeed,
  memoryNeeds,
  shortNeeds,
} from "../core/orchestrator/gpu_memory.ts";
import { enginesNamed, type Inventory } from "../core/orchestrator/inventory.ts";
import { type Awaited, type Progress, progressOf } from "../core/orchestrator/progress.ts";
import type { CommandContext } from "../run/context.ts";
import { conditionsNow } from "../units/engines.ts";
import { readGpus } from "../units/gpus.ts";
import type { Systemd } from "../units/systemd.ts";

/** A part of a summon that takes time. */
export type Phase = "stop" | "memory" | "start" | "healthy";

/** Receives the progress of a summon. */
export interface Phases {
  startPhase(phase: Phase, names: readonly string[]): void;
  /** Engines, with a detail such as the free memory, are still waited for. */
  waiting(phase: Phase, names: readonly string[], detail?: string): void;
  /** Ends the current phase, if any; `isDone` is false if it did not finish. */
  endPhase(isDone: boolean, detail?: string): void;
}

/** The context of a summon that is followed. */
export interface Following {
  readonly context: CommandContext;
  readonly systemd: Systemd;
  /** With strays. */
  readonly inventory: Inventory;
  readonly events: Phases;
  /** The time limit, on the clock of `performance.now()`; Infinity for none. */
  readonly deadlineMilliseconds: number;
}

/** The engines that are still missing at the time limit, or at an interrupt. */
export interface Unfinished {
  readonly kind: "late" | "interrupted";
  readonly phase: Phase;
  readonly waitsFor: readonly string[];
}

/** The result of following a transition. */
export type Outcome =
  | { readonly kind: "ready" }
  | { readonly kind: "lost"; readonly lost: Progress["lost"] }
  | Unfinished;

/** The pause between two polls: 1 % of the time so far, within these limits. */
const SHORTEST_POLL_MILLISECONDS = 50;
const LONGEST_POLL_MILLISECONDS = 250;
const POLL_SHARE = 0.01;

/** The time for engines that systemd calls ready to answer, unless the operator sets a limit. */
const ANSWER_MILLISECONDS = 60_000;

/** The engines to wait for, and those of them that had to start. */
export type Followed = Awaited & { readonly start: readonly string[] };

/**
 * Follows a transition until every wanted engine is ready for systemd and has answered on its health
 * path, if the host can reach it; or until one of them is lost.
 */
export async function follow(following: Following, followed: Followed): Promise<Outcome> {
  const { context, systemd, inventory, events, deadlineMilliseconds } = following;
  const { wanted, stop } = followed;
  const startMilliseconds = performance.now();
  const engines = enginesNamed(inventory, [...wanted, ...stop]);
  const health = healthOf(following, wanted);
  const reach = phasesOf(events, followed);
  let readyMilliseconds = Infinity;
  try {
    for (;;) {
      const progress = progressOf(followed, await conditionsNow(systemd, engines));
      const isReady = progress.phase === "ready";
      const phase = progress.phase === "ready" ? "healthy" : progress.phase;
      reach(phase);
      const waitsFor = isReady ? await health.silent() : progress.waitsFor;
      if (isReady) readyMilliseconds = Math.min(readyMilliseconds, performance.now());
      const limit = deadlineMilliseconds === Infinity
        ? readyMilliseconds + ANSWER_MILLISECONDS
        : deadlineMilliseconds;
      const outcome: Outcome | undefined = progress.lost.length > 0
        ? { kind: "lost", lost: progress.lost }
        : isReady && waitsFor.length === 0
        ? { kind: "ready" }
        : context.interruption.aborted
        ? { kind: "interrupted", phase, waitsFor }
        : performance.now() > limit
        ? { kind: "late", phase, waitsFor }
        : undefined;
      if (outcome !== undefined) {
        events.endPhase(outcome.kind === "ready");
        return outcome;
      }
      events.waiting(phase, waitsFor);
      const share = (performance.now() - startMilliseconds) * POLL_SHARE;
      const longest = Math.min(LONGEST_POLL_MILLISECONDS, share);
      await pause(context, Math.max(SHORTEST_POLL_MILLISECONDS, longest));
    }
  } finally {
    health.close();
  }
}

/** Returns a function that ends the phases before the given one, and starts it. */
function phasesOf(events: Phases, { stop, start, wanted }: Followed) {
  const left = Object.entries({ stop, start, healthy: wanted }) as [Phase, readonly string[]][];
  return (phase: Phase): void => {
    while (left.some(([next]) => next === phase)) {
      const [next, names] = left.shift()!;
      events.endPhase(true);
      if (names.length > 0) events.startPhase(next, names);
    }
  };
}

/** Returns the patience of `--memory-timeout`: all waits for memory together, from the first one on. */
export function memoryPatience(seconds: number) {
  let limitMilliseconds = Infinity;
  return {
    start(): void {
      if (limitMilliseconds === Infinity) limitMilliseconds = performance.now() + seconds * 1000;
    },
    isOver: () => performance.now() > limitMilliseconds,
  };
}

/**
 * Waits until the GPUs have enough free memory for `names`. Stops waiting when the patience is over:
 * engines may need less than they declare.
 */
export async function followMemory(
  { context, inventory, events, deadlineMilliseconds }: Following,
  names: readonly string[],
  patience: ReturnType<typeof memoryPatience>,
): Promise<Unfinished | undefined> {
  patience.start();
  events.startPhase("memory", names);
  let detail: string | undefined;
  for (;;) {
    const gpus = await readGpus(context, deadlineMilliseconds);
    const needs = memoryNeeds(enginesNamed(inventory, names), gpus);
    const short = shortNeeds(needs);
    const kind = context.interruption.aborted
      ? "interrupted"
      : performance.now() > deadlineMilliseconds
      ? "late"
      : undefined;
    // An interrupt and the deadline end the query of the GPUs: keep the last answer.
    if (kind === undefined || needs.length > 0) detail = memoryText(short[0] ?? needs[0]);
    if (kind !== undefined && (short.length > 0 || needs.length === 0)) {
      events.endPhase(false, detail);
      return { kind, phase: "memory", waitsFor: names };
    }
    if (short.length === 0 || patience.isOver()) {
      const isFree = short.length === 0;
      events.endPhase(isFree, isFree ? detail : `${detail}: stopped waiting`);
      return undefined;
    }
    events.waiting("memory", names, detail);
    await pause(context, LONGEST_POLL_MILLISECONDS);
  }
}

/** Returns the memory that engines need now; does not query the GPUs if they declare nothing. */
export async function needsNow(
  { context, inventory, deadlineMilliseconds }: Following,
  names: readonly string[],
): Promise<MemoryNeed[]> {
  const engines = enginesNamed(inventory, names);
  if (!engines.some((engine) => (engine.vramMib ?? 0) > 0)) return [];
  return memoryNeeds(engines, await readGpus(context, deadlineMilliseconds));
}

/** Returns a warning for each need that can never be met. */
export function hopelessText(needs: readonly MemoryNeed[]): string[] {
  return hopelessNeeds(needs).map(({ neededMib, totalMib, gpus }) =>
    `${neededMib} MiB of GPU memory are declared, more than the ${totalMib} MiB of ` +
    `${gpus.join(", ")}: not waiting for it`
  );
}

function memoryText(need: MemoryNeed | undefined): string {
  if (need === undefined) return "its GPUs no longer report their memory";
  return `${need.freeMib} MiB free, ${need.neededMib} MiB needed on ${need.gpus.join(", ")}`;
}

/** Pauses until the time is over or the operator interrupts. */
export function pause({ interruption }: CommandContext, milliseconds: number): Promise<void> {
  return new Promise((wake) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      clearTimeout(timer);
      interruption.removeEventListener("abort", done);
      wake();
    }
    interruption.addEventListener("abort", done);
  });
}

/** Asks the wanted engines that the host can reach, each until it has answered once. */
function healthOf({ context, inventory }: Following, wanted: readonly string[]) {
  const waiting = new Map(
    enginesNamed(inventory, wanted).filter((engine) => engine.healthPath !== undefined)
      .map(({ name, port }) => [name, port]),
  );
  const prober = waiting.size === 0 ? undefined : context.startProber();
  return {
    /** Returns the engines that have not answered yet. */
    async silent(): Promise<string[]> {
      await Promise.all([...waiting].map(async ([name, port]) => {
        if (await prober?.answers(port)) waiting.delete(name);
      }));
      return [...waiting.keys()].sort();
    },
    close: () => prober?.close(),
  };
}
