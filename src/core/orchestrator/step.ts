import { type MemoryNeed, shortNeeds } from "./gpu_memory.ts";
import type { Transition } from "./transition.ts";

/** What a summon does next. */
export type Step =
  /** Has these stopped by themselves, and looks again. */
  | { readonly kind: "stop"; readonly names: readonly string[] }
  /** Waits until this memory is free, and looks again. */
  | { readonly kind: "wait"; readonly needs: readonly MemoryNeed[] }
  /** Has systemd start this one unit: nothing can be taken back then. */
  | { readonly kind: "start"; readonly unit: string }
  /** What runs is enough. */
  | { readonly kind: "follow" }
  /** Somebody started these since the operator was told what would stop: nothing more is done. */
  | { readonly kind: "overtaken"; readonly by: readonly string[] }
  /** The time that was given is over: nothing more is told to systemd. */
  | { readonly kind: "late" };

/** What a summon knows besides its plans. */
export interface StepState {
  /** The engines that it has stopped already. */
  readonly stopped: readonly string[];
  /** What the engines that start take; empty when nothing is waited for any more. */
  readonly needs: readonly MemoryNeed[];
  /** Whether the time that was given is over. */
  readonly isLate: boolean;
}

/**
 * Decides what comes next, by what the operator was `told` and by the plan for what runs `now`. One
 * transaction of systemd is enough where it stops whom it must and the memory is there. Else the stop
 * comes first, and the start later; in between others may have started something. What was not told
 * is not stopped. Who is late begins nothing; what is only followed is looked at all the same.
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
 * nextStep(plan, plan, { stopped: ["a"], needs: [], isLate: false }); // { kind: "overtaken", by: ["a"] }
 * ```
 */
export function nextStep(
  told: Part,
  now: Part,
  { stopped, needs, isLate }: StepState,
): Step {
  const names = now.stop.map(({ name }) => name);
  const by = names.filter((name) =>
    stopped.includes(name) || !told.stop.some((stop) => stop.name === name)
  );
  if (by.length > 0) return { kind: "overtaken", by };
  const { unit } = now.choice;
  if (isLate && unit !== undefined) return { kind: "late" };
  const short = shortNeeds(needs);
  const first = names.filter((name) => short.length > 0 || now.stopFirst.includes(name));
  if (first.length > 0) return { kind: "stop", names: first };
  if (short.length > 0) return { kind: "wait", needs: short };
  return unit === undefined ? { kind: "follow" } : { kind: "start", unit };
}

type Part = Pick<Transition, "choice" | "stop" | "stopFirst">;
