import { type MemoryNeed, shortNeeds } from "./gpu_memory.ts";
import type { Transition } from "./transition.ts";

/** The next step of a summon. */
export type Step =
  /** Stop these engines, then look again. */
  | { readonly kind: "stop"; readonly names: readonly string[] }
  /** Wait until this memory is free, then look again. */
  | { readonly kind: "wait"; readonly needs: readonly MemoryNeed[] }
  /** Start this unit; after that nothing can be undone. */
  | { readonly kind: "start"; readonly unit: string }
  /** Start nothing: the running engines are enough. */
  | { readonly kind: "follow" }
  /** Give up: these engines would have to stop, and the printed plan did not list them. */
  | { readonly kind: "unplanned"; readonly names: readonly string[] }
  /** Give up: the time limit is over. */
  | { readonly kind: "late" };

/** The state of a summon besides its plans. */
export interface StepState {
  /** The engines that it has already stopped. */
  readonly stopped: readonly string[];
  /** The memory that starting engines need; empty if it does not wait for memory. */
  readonly needs: readonly MemoryNeed[];
  /** True if the time limit is over. */
  readonly isLate: boolean;
}

/**
 * Returns the next step from the plan that was `printed` and the plan for what runs `now`. One
 * transaction of systemd is enough if it stops all that must stop and the memory is free. Otherwise
 * the stop comes first and the start later. A summon never stops an engine that the printed plan did
 * not list, and starts and stops nothing after the time limit.
 *
 * @example
 * ```ts
 * import { nextStep } from "./step.ts";
 * const plan = {
 *   choice: { kind: "coven", name: "two", unit: "lychd-coven-two.target" },
 *   stop: [{ name: "a", why: "" }],
 *   stopFirst: [],
 * } as const;
 * nextStep(plan, plan, { stopped: [], needs: [], isLate: false }).kind; // "start"
 * nextStep(plan, plan, { stopped: ["a"], needs: [], isLate: false }).kind; // "unplanned"
 * ```
 */
export function nextStep(
  printed: Part,
  now: Part,
  { stopped, needs, isLate }: StepState,
): Step {
  const names = now.stop.map(({ name }) => name);
  const unplanned = names.filter((name) =>
    stopped.includes(name) || !printed.stop.some((stop) => stop.name === name)
  );
  if (unplanned.length > 0) return { kind: "unplanned", names: unplanned };
  const { unit } = now.choice;
  if (isLate && unit !== undefined) return { kind: "late" };
  const short = shortNeeds(needs);
  const first = names.filter((name) => short.length > 0 || now.stopFirst.includes(name));
  if (first.length > 0) return { kind: "stop", names: first };
  if (short.length > 0) return { kind: "wait", needs: short };
  return unit === undefined ? { kind: "follow" } : { kind: "start", unit };
}

type Part = Pick<Transition, "choice" | "stop" | "stopFirst">;
