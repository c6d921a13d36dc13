import {
  enginesNamed,
  type Inventory,
  memoryNeed,
  type Progress,
  progressOf,
  type Transition,
} from "../core/orchestrator/mod.ts";
import type { CommandContext } from "./context.ts";
import { conditionsNow } from "./engines.ts";
import { readGpus } from "./gpus.ts";
import type { SummonEvents } from "./summon_events.ts";
import type { Systemd } from "./systemd.ts";

/** What a follower needs besides the transition. */
export interface Following {
  readonly context: CommandContext;
  readonly systemd: Systemd;
  readonly inventory: Inventory;
  readonly events: SummonEvents;
  /** When it gives up, by `performance.now()`; Infinity for never. */
  readonly deadlineMilliseconds: number;
}

/** How a transition ended, as far as it was followed; `abandoned` before systemd was told to start. */
export type Outcome =
  | { readonly kind: "ready" }
  | { readonly kind: "lost"; readonly lost: readonly { name: string; why: string }[] }
  | { readonly kind: "late"; readonly waitsFor: readonly string[]; readonly why: string }
  | { readonly kind: "interrupted"; readonly waitsFor: readonly string[] }
  | { readonly kind: "abandoned" };

/** The pauses between two looks: short at first, so that a quick start is not held up. */
const SHORTEST_POLL_MILLISECONDS = 50;
const LONGEST_POLL_MILLISECONDS = 250;
const POLL_SHARE = 0.01;

/** How long engines that systemd calls ready may take to answer, unless a timeout says otherwise. */
const ANSWER_MILLISECONDS = 60_000;

/** An engine that is started anew after a crash is still waited for in the same phase. */
const PHASES: readonly Progress["phase"][] = ["stop", "start", "healthy", "ready"];

type Part = Pick<Transition, "wanted" | "stop">;

/**
 * Follows a transition that systemd was told of until every wanted engine is ready for systemd and
 * has answered on its health path, where the host can ask it; or until one of them is lost.
 */
export async function follow(following: Following, part: Part): Promise<Outcome> {
  const { context, systemd, inventory, events, deadlineMilliseconds } = following;
  const begun = performance.now();
  const engines = enginesNamed(inventory, [...part.wanted, ...part.stop.map((s) => s.name)]);
  const asking = askHealth(following, part);
  let readyAt: number | undefined;
  let phase: Progress["phase"] = "stop";
  try {
    for (;;) {
      const progress = progressOf(part, await conditionsNow(systemd, engines));
      if (progress.lost.length > 0) return { kind: "lost", lost: progress.lost };
      if (PHASES.indexOf(progress.phase) > PHASES.indexOf(phase)) {
        if (phase !== "ready") events.ended(phase);
        phase = progress.phase;
      }
      let { waitsFor } = progress;
      if (progress.phase === "ready") {
        waitsFor = await asking.silent();
        if (waitsFor.length === 0) {
          events.ended("healthy");
          return { kind: "ready" };
        }
        readyAt ??= performance.now();
        events.waiting("healthy", waitsFor);
      } else if (phase !== "ready") events.waiting(phase, waitsFor);
      if (context.interruption.aborted) return { kind: "interrupted", waitsFor };
      const limit = Math.min(
        deadlineMilliseconds,
        deadlineMilliseconds === Infinity ? (readyAt ?? Infinity) + ANSWER_MILLISECONDS : Infinity,
      );
      if (performance.now() > limit) {
        const why = progress.phase === "stop" ? "it has not stopped" : "it does not answer";
        return { kind: "late", waitsFor, why: `${why} in time` };
      }
      await pause(context, pollMilliseconds(performance.now() - begun));
    }
  } finally {
    asking.close();
  }
}

/** Waits until those that are to stop are gone. */
export async function followStops(
  following: Following,
  stop: Transition["stop"],
): Promise<Outcome> {
  const outcome = await follow(following, { wanted: [], stop });
  return outcome.kind === "interrupted" ? { kind: "abandoned" } : outcome;
}

/**
 * Waits until the GPUs have as much memory free as engines declare that they take: a process that is
 * gone is not yet memory that is free. Goes on, and says so, when that takes longer than
 * `timeoutSeconds`: what is declared may be more than what is needed.
 */
export async function followMemory(
  { context, inventory, events, deadlineMilliseconds }: Following,
  names: readonly string[],
  timeoutSeconds: number,
): Promise<Outcome> {
  const limit = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const need = memoryNeed(enginesNamed(inventory, names), await readGpus(context));
    if (need === undefined) return { kind: "ready" };
    const detail = `${need.freeMib} MiB free, ${need.neededMib} MiB wanted`;
    events.waiting("memory", names, detail);
    const isFree = need.freeMib >= need.neededMib;
    if (isFree || performance.now() > limit) {
      events.ended("memory", isFree ? detail : `${detail}: started all the same`);
      return { kind: "ready" };
    }
    if (context.interruption.aborted) return { kind: "abandoned" };
    if (performance.now() > deadlineMilliseconds) {
      return { kind: "late", waitsFor: names, why: "there is not enough GPU memory free in time" };
    }
    await pause(context, LONGEST_POLL_MILLISECONDS);
  }
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
function askHealth({ context, inventory }: Following, { wanted }: Part) {
  const waiting = new Map(
    enginesNamed(inventory, wanted).flatMap((engine) =>
      engine.healthPath === undefined
        ? []
        : [[engine.name, { port: engine.port, path: engine.healthPath }] as const]
    ),
  );
  const ports = [...waiting.values()].map((endpoint) => endpoint.port);
  const prober = ports.length === 0 ? undefined : context.startProber(ports);
  return {
    /** Those that have not answered yet. */
    async silent(): Promise<string[]> {
      await Promise.all([...waiting].map(async ([name, endpoint]) => {
        if (await prober?.answers(endpoint)) waiting.delete(name);
      }));
      return [...waiting.keys()].sort();
    },
    close: () => prober?.close(),
  };
}
