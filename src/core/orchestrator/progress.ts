import { type Condition, isUp } from "./condition.ts";
import type { Transition } from "./transition.ts";

/** What is waited for. */
export interface Awaited extends Pick<Transition, "wanted" | "stop"> {
  /**
   * How often systemd had restarted each engine that was up when it began: what was before says
   * nothing of now. One that starts anew counts from 0.
   */
  readonly restarts: ReadonlyMap<string, number>;
}

/** How far a transition has come. */
export interface Progress {
  /** What systemd is at: `ready` when all that is wanted is ready for it. */
  readonly phase: "stop" | "start" | "healthy" | "ready";
  /** Those that `phase` waits for; sorted. */
  readonly waitsFor: readonly string[];
  /** Wanted engines that will not come, and why; sorted. */
  readonly lost: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Tells how far a transition has come, by what its engines do once systemd has been told. A unit that
 * is ended and that systemd has no more to do with is lost, and so is one that ended again after
 * systemd had restarted it.
 */
export function progressOf(
  { wanted, stop, restarts }: Awaited,
  conditions: ReadonlyMap<string, Condition>,
): Progress {
  const lost = wanted.flatMap((name) => {
    const why = lossOf(conditions.get(name), restarts.get(name) ?? 0);
    return why === undefined ? [] : [{ name, why }];
  });
  const is = (fits: (condition: Condition | undefined) => boolean) => (name: string) =>
    fits(conditions.get(name));
  const ending = stop.map((s) => s.name).filter(
    is((c) => c !== undefined && (isUp(c) || c.state === "stopping")),
  );
  const waiting = wanted.filter(is((c) => c === undefined || !isUp(c)));
  const loading = wanted.filter(is((c) => c?.state !== "running"));
  if (ending.length > 0) return { phase: "stop", waitsFor: ending, lost };
  if (waiting.length > 0) return { phase: "start", waitsFor: waiting, lost };
  if (loading.length > 0) return { phase: "healthy", waitsFor: loading, lost };
  return { phase: "ready", waitsFor: [], lost };
}

function lossOf(condition: Condition | undefined, restartsBefore: number): string | undefined {
  if (condition === undefined) return undefined;
  const { state, why, restarts, hasJob } = condition;
  switch (state) {
    case "failed":
      return hasJob ? undefined : why;
    case "masked":
    case "missing":
      return why;
    case "restarting": {
      // systemd counts a restart as it queues its job, while the engine still is as it ended.
      const begun = hasJob ? restarts - 1 : restarts;
      return begun > restartsBefore ? `${why}, and again after a restart` : undefined;
    }
    case "stopped":
      return hasJob ? undefined : "something else stopped it";
    default:
      return undefined;
  }
}
