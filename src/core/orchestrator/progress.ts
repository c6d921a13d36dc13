import { type Condition, isUp } from "./condition.ts";

/** The engines that a summon waits for. */
export interface Awaited {
  /** Engines that must become ready. */
  readonly wanted: readonly string[];
  /** Engines that must stop. */
  readonly stop: readonly string[];
  /** The restarts of each engine that was already up: these do not count. */
  readonly restarts: ReadonlyMap<string, number>;
}

/** The progress of a transition. */
export interface Progress {
  /** The current phase; `ready` if every wanted engine is ready for systemd. */
  readonly phase: "stop" | "start" | "healthy" | "ready";
  /** The engines that the phase waits for; sorted. */
  readonly waitsFor: readonly string[];
  /** Wanted engines that have failed; sorted. */
  readonly lost: readonly { readonly name: string; readonly why: string }[];
}

/**
 * Returns the progress of a transition from the conditions of its engines. An engine is lost if it
 * ended and has no job left, or if it ended again after a restart.
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
  const stopping = stop.filter(
    is((c) => c !== undefined && (isUp(c) || c.state === "stopping")),
  );
  // An engine that runs and has a job still has to restart.
  const waiting = wanted.filter(
    is((c) => c === undefined || !isUp(c) || c.state === "running" && c.hasJob),
  );
  const loading = wanted.filter(is((c) => c?.state !== "running"));
  if (stopping.length > 0) return { phase: "stop", waitsFor: stopping, lost };
  if (waiting.length > 0) return { phase: "start", waitsFor: waiting, lost };
  if (loading.length > 0) return { phase: "healthy", waitsFor: loading, lost };
  return { phase: "ready", waitsFor: [], lost };
}

/** The reason of an engine that is stopped, although it was to start. */
export const STOPPED_BY_OTHER = "it was stopped meanwhile, for example by `lychd banish`";

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
      // systemd counts a restart when it queues the job, before the engine starts.
      const finished = hasJob ? restarts - 1 : restarts;
      return finished > restartsBefore ? `${why}, and again after a restart` : undefined;
    }
    case "stopped":
      return hasJob ? undefined : STOPPED_BY_OTHER;
    default:
      return undefined;
  }
}
