/** The pod, when it fails. */
import { conditionOf, type UnitState } from "../core/orchestrator/condition.ts";
import {
  hasPodFailed,
  podProblemOf,
  STOPPED_BY_POD,
  stoppedByPod,
  wasPodDown,
} from "../core/orchestrator/pod.ts";
import type { Service } from "../core/orchestrator/services.ts";
import { countOf } from "../core/report/text.ts";
import { SEPULCHER } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import type { EngineNow, EnginesNow } from "./engines.ts";
import { jobEnds, journalTail } from "./journal.ts";
import type { Systemd } from "./systemd.ts";

/** A problem of the pod, and the next command. */
export interface PodTrouble {
  /** True if it could not start: then its engines did not run. */
  readonly isStart: boolean;
  /** Follows "the pod" or "it". */
  readonly what: string;
  readonly hint: string;
}

const NO_ENGINE = "no engine can start";

/** The lines of the last starts: systemd tries five times, with about ten lines each. */
const JOURNAL_LINES = 60;

/** More than systemd takes for the starts of a pod that fails. */
const FAILING_SECONDS = 600;

/** Returns why the pod does not run, or that systemd restarted it; undefined without a failure. */
export async function podTrouble(
  context: CommandContext,
  pod: Service,
  unit: UnitState | undefined,
): Promise<PodTrouble | undefined> {
  if (unit === undefined || !hasPodFailed(unit)) return undefined;
  const hint = "lychd logs pod";
  const { state, restarts } = conditionOf(unit);
  if (state === "running") {
    const what = `failed, and systemd restarted it ${countOf(restarts, "time")}`;
    return { isStart: false, what, hint };
  }
  const sinceSeconds = failedSince(unit);
  const lines = await journalTail(context, pod, { lines: JOURNAL_LINES, sinceSeconds });
  const problem = podProblemOf(lines);
  if (problem === undefined) return { isStart: false, what: "failed", hint };
  if (problem.kind !== "port") {
    const what = `could not start: ${problem.message}; ${NO_ENGINE}`;
    return { isStart: true, what, hint: problem.fix ?? hint };
  }
  const { cause, isFree, fix } = await portHolder(context, problem);
  const what = `could not start: ${cause}${isFree ? "" : `; ${NO_ENGINE}`}`;
  return { isStart: true, what, hint: fix ?? "lychd summon NAME" };
}

/**
 * Forgets the failed starts of the pod: systemd counts them, and would refuse the next one although the
 * operator has fixed the cause.
 */
export async function forgetFailedStarts(systemd: Systemd): Promise<void> {
  const { service } = SEPULCHER;
  const pod = (await systemd.activeStates([service])).get(service);
  // In any other state, this would also clear what `podTrouble` reads.
  if (pod?.activeState === "failed") await systemd.resetFailed([service]);
}

/** Returns the time when a pod that ran has failed; before the first start of one that never ran. */
function failedSince({ activeUntilSeconds, sinceSeconds = 0 }: UnitState): number {
  return activeUntilSeconds ?? sinceSeconds - FAILING_SECONDS;
}

/** Returns what holds a port and the command that frees it, as far as the host shows them. */
export async function portHolder(
  context: CommandContext,
  { port, address }: { readonly port: number; readonly address: string },
): Promise<{ readonly cause: string; readonly isFree: boolean; readonly fix?: string }> {
  // The readers of facts are loaded only here.
  const [{ portHolderOf, portProbes }, { gather }, { outputOf }] = await Promise.all([
    import("../core/doctor/mod.ts"),
    import("../run/gather.ts"),
    import("../core/facts.ts"),
  ]);
  const facts = await gather(context, () => portProbes(port));
  const holder = portHolderOf(facts, port, address);
  if (holder !== undefined) {
    const cause = `port ${port} is used by ${holder.what}`;
    return { cause, isFree: false, fix: holder.fix.line };
  }
  return outputOf(facts, "ports") === undefined
    ? { cause: `port ${port} is in use`, isFree: false, fix: "lychd doctor --only codex.ports" }
    : { cause: `port ${port} was in use, but is free now`, isFree: true };
}

/** Adds the reason to the engines that do not run because the pod failed. */
export async function withPodFailure(
  context: CommandContext,
  now: EnginesNow,
  pod: UnitState | undefined,
): Promise<EnginesNow> {
  if (pod === undefined || !hasPodFailed(pod)) return now;
  const engines = [...now.engines.values()];
  const stopped = engines.filter(({ condition }) => condition.state === "stopped")
    .map(({ engine }) => engine.service);
  const reasons = stoppedByPod(pod, await jobEnds(context, stopped, failedSince(pod)));
  const reasonOf = ({ engine, unit, condition }: EngineNow) =>
    condition.state === "failed" && wasPodDown(pod, unit.sinceSeconds ?? 0)
      ? STOPPED_BY_POD
      : condition.state === "stopped"
      ? reasons.get(engine.service)
      : undefined;
  return {
    ...now,
    engines: new Map(engines.map((engine) => {
      const why = reasonOf(engine);
      const condition = why === undefined ? engine.condition : { ...engine.condition, why };
      return [engine.engine.name, { ...engine, condition }];
    })),
  };
}
