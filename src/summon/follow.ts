import {
  type Awaited,
  enginesNamed,
  hopelessNeeds,
  type Inventory,
  type MemoryNeed,
  memoryNeeds,
  type Progress,
  progressOf,
  shortNeeds,
  type Transition,
} from "../core/orchestrator/mod.ts";
import type { CommandContext } from "../run/context.ts";
import { conditionsNow } from "../units/engines.ts";
import { readGpus } from "../units/gpus.ts";
import type { Phase, SummonEvents } from "./events.ts";
import type { Systemd } from "../units/systemd.ts";

/** What a follower needs besides what it waits for. */
export interface Following {
  readonly context: CommandContext;
  readonly systemd: Systemd;
  /** Strays included. */
  readonly inventory: Inventory;
  readonly events: SummonEvents;
  /** When it gives up, by `performance.now()`; Infinity for never. */
  readonly deadlineMilliseconds: number;
}

/** How a transition ended, as far as it was followed. */
export type Outcome =
  | { readonly kind: "ready" }
  | { readonly kind: "lost"; readonly lost: Progress["lost"] }
  /** Those that are waited for have not come so far within the time that was given. */
  | { readonly kind: "late"; readonly phase: Phase; readonly waitsFor: readonly string[] }
  | { readonly kind: "interrupted"; readonly phase: Phase; readonly waitsFor: readonly string[] };

/** The pauses between two looks: short at first, so that a quick start is not held up. */
const SHORTEST_POLL_MILLISECONDS = 50;
const LONGEST_POLL_MILLISECONDS = 250;
const POLL_SHARE = 0.01;

/** How often the memory of GPUs is looked at. */
const MEMORY_POLL_MILLISECONDS = 250;

/** How long engines that systemd calls ready may take to answer, unless a timeout says otherwise. */
const ANSWER_MILLISECONDS = 60_000;

/** An engine that is started anew after a crash is still waited for in the same phase. */
const PHASES = ["stop", "start", "healthy"] as const;

/** What is waited for, and what of it had to start. */
export type Followed = Awaited & Pick<Transition, "start">;

/**
 * Follows a transition that systemd was told of until every wanted engine is ready for systemd and
 * has answered on its health path, where the host can ask it; or until one of them is lost. Tells
 * each phase that has something to wait for, and what it took.
 */
export async function follow(following: Following, followed: Followed): Promise<Outcome> {
  const { context, systemd, inventory, events, deadlineMilliseconds } = following;
  const begun = performance.now();
  const names = [...followed.wanted, ...followed.stop.map((s) => s.name)];
  const engines = enginesNamed(inventory, names);
  const asking = askHealth(following, followed.wanted);
  const phases = tellPhases(events, followed);
  let readyAt: number | undefined;
  try {
    for (;;) {
      const progress = progressOf(followed, await conditionsNow(systemd, engines));
      const phase = progress.phase === "ready" ? "healthy" : progress.phase;
      phases.reach(phase);
      if (progress.lost.length > 0) {
        phases.end(false);
        return { kind: "lost", lost: progress.lost };
      }
      let { waitsFor } = progress;
      if (progress.phase === "ready") {
        waitsFor = await asking.silent();
        if (waitsFor.length === 0) {
          phases.end(true);
          return { kind: "ready" };
        }
        readyAt ??= performance.now();
      }
      events.waiting(phase, waitsFor);
      if (context.interruption.aborted) {
        phases.end(false);
        return { kind: "interrupted", phase, waitsFor };
      }
      const limit = deadlineMilliseconds === Infinity
        ? (readyAt ?? Infinity) + ANSWER_MILLISECONDS
        : deadlineMilliseconds;
      if (performance.now() > limit) {
        phases.end(false);
        return { kind: "late", phase, waitsFor };
      }
      await pause(context, pollMilliseconds(performance.now() - begun));
    }
  } finally {
    asking.close();
  }
}

/** Tells the phases in their order, each that has anybody in it. */
function tellPhases(events: SummonEvents, { stop, start, wanted }: Followed) {
  const names = { stop: stop.map((s) => s.name), start, healthy: wanted };
  let at = -1;
  return {
    /** Ends the phases before `phase`, also those that nobody saw, and begins it. */
    reach(phase: keyof typeof names): void {
      while (at < PHASES.indexOf(phase)) {
        events.ended(true);
        const next = PHASES[++at];
        if (next !== undefined && names[next].length > 0) events.begun(next, names[next]);
      }
    },
    end: (isDone: boolean) => events.ended(isDone),
  };
}

/** How long memory is waited for in all, from the first wait on. */
export class MemoryPatience {
  #limitMilliseconds: number | undefined;

  constructor(readonly seconds: number) {}

  begin(): void {
    this.#limitMilliseconds ??= performance.now() + this.seconds * 1000;
  }

  get isOver(): boolean {
    return this.#limitMilliseconds !== undefined && performance.now() > this.#limitMilliseconds;
  }
}

/** What a wait for memory ended with. */
export type MemoryOutcome =
  | { readonly kind: "free" | "tired" }
  | Extract<Outcome, { readonly kind: "late" | "interrupted" }>;

/**
 * Waits until the GPUs have as much memory free as engines declare that they take: a process that is
 * gone is not yet memory that is free. It tires when its patience is over, and says so: what is
 * declared may be more than what is needed.
 */
export async function followMemory(
  { context, inventory, events, deadlineMilliseconds }: Following,
  names: readonly string[],
  patience: MemoryPatience,
): Promise<MemoryOutcome> {
  patience.begin();
  events.begun("memory", names);
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
    // The GPUs were not waited for then: what they told last counts.
    if (kind === undefined || needs.length > 0) detail = memoryText(short[0] ?? needs[0]);
    if (kind !== undefined && (short.length > 0 || needs.length === 0)) {
      events.ended(false, detail);
      return { kind, phase: "memory", waitsFor: names };
    }
    if (short.length === 0) {
      events.ended(true, detail);
      return { kind: "free" };
    }
    if (patience.isOver) {
      events.ended(false, `${detail}: not waited for any longer`);
      return { kind: "tired" };
    }
    events.waiting("memory", names, detail);
    await pause(context, MEMORY_POLL_MILLISECONDS);
  }
}

/**
 * What engines take of GPUs now; empty, without a look, where they declare nothing. Of GPUs that do
 * not tell before the deadline nothing is known.
 */
export async function needsNow(
  { context, inventory, deadlineMilliseconds }: Following,
  names: readonly string[],
): Promise<MemoryNeed[]> {
  const engines = enginesNamed(inventory, names);
  if (!engines.some((engine) => (engine.vramMib ?? 0) > 0)) return [];
  return memoryNeeds(engines, await readGpus(context, deadlineMilliseconds));
}

/** What is to be said of needs that no waiting helps. */
export function hopelessText(needs: readonly MemoryNeed[]): string[] {
  return hopelessNeeds(needs).map(({ neededMib, totalMib, gpus }) =>
    `${neededMib} MiB of GPU memory are declared, more than the ${totalMib} MiB of ` +
    `${gpus.join(", ")}: not waited for`
  );
}

function memoryText(need: MemoryNeed | undefined): string {
  return need === undefined
    ? "its GPUs tell nothing any more"
    : `${need.freeMib} MiB free, ${need.neededMib} MiB wanted of ${need.gpus.join(", ")}`;
}

function pollMilliseconds(elapsed: number): number {
  const share = elapsed * POLL_SHARE;
  return Math.min(LONGEST_POLL_MILLISECONDS, Math.max(SHORTEST_POLL_MILLISECONDS, share));
}

/** Waits, or less when the operator interrupts. */
function pause({ interruption }: CommandContext, milliseconds: number): Promise<void> {
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

/** Asks the wanted engines that the host can ask, each until it has answered once. */
function askHealth({ context, inventory }: Following, wanted: readonly string[]) {
  const waiting = new Map(
    enginesNamed(inventory, wanted).flatMap((engine) =>
      engine.healthPath === undefined ? [] : [[engine.name, engine.port] as const]
    ),
  );
  const prober = waiting.size === 0 ? undefined : context.startProber();
  return {
    /** Those that have not answered yet. */
    async silent(): Promise<string[]> {
      await Promise.all([...waiting].map(async ([name, port]) => {
        if (await prober?.answers(port)) waiting.delete(name);
      }));
      return [...waiting.keys()].sort();
    },
    close: () => prober?.close(),
  };
}
