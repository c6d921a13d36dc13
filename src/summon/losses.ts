/** The engines that a summon lost, and why. */
import { isUp } from "../core/orchestrator/condition.ts";
import { enginesNamed, rivalsOf } from "../core/orchestrator/inventory.ts";
import { type Progress, STOPPED_BY_OTHER } from "../core/orchestrator/progress.ts";
import { logSourceOf, type Service } from "../core/orchestrator/services.ts";
import { SEPULCHER } from "../core/rune/names.ts";
import { type EnginesNow, enginesNow } from "../units/engines.ts";
import { journalTail } from "../units/journal.ts";
import { type PodTrouble, podTrouble } from "../units/pod.ts";
import { readRendered } from "../units/rendered.ts";
import type { Following } from "./follow.ts";

/** The part of a summon, or of another start, that is needed to explain why engines are lost. */
export type Explaining = Pick<Following, "context" | "systemd" | "inventory"> & {
  /** The pod and the Watchers. */
  readonly services: readonly Service[];
  /** The time of its start, in seconds of the Unix epoch. */
  readonly sinceSeconds: number;
};

/** The reasons why engines did not become ready. */
export interface Losses {
  /** The trouble of the pod, if that is why. */
  readonly trouble: PodTrouble | undefined;
  readonly engines: readonly {
    readonly name: string;
    readonly why: string;
    /** The last lines of its journal; none if the pod is why. */
    readonly journal: readonly string[];
  }[];
  /** The next command. */
  readonly hint: string;
}

/** Explains why engines are lost. */
export async function explainLosses(
  explaining: Explaining,
  lost: Progress["lost"],
): Promise<Losses> {
  const { context, systemd, inventory } = explaining;
  const trouble = await podTroubleOf(explaining);
  const now = await enginesNow(systemd, inventory);
  const rendered = readRendered(context).inventory.engines;
  const isRemoved = (name: string) => !rendered.some((engine) => engine.name === name);
  const engines = await Promise.all(lost.map(async ({ name, why }) => {
    if (trouble !== undefined) {
      const why = trouble.isStart ? "the pod could not start" : "the failure of the pod stopped it";
      return { name, why, journal: [] };
    }
    const reason = isRemoved(name)
      ? "a render removed it while it started"
      : replacementOf(explaining, name, why, now) ?? why;
    return { name, why: reason, journal: await lastLines(explaining, name) };
  }));
  const first = lost[0]?.name ?? "";
  const hint = trouble?.hint ?? (isRemoved(first) ? "lychd list" : `lychd logs ${first}`);
  return { trouble, engines, hint };
}

/** Returns the last lines of the journal of an engine since the start of a summon. */
export async function lastLines(
  { context, sinceSeconds }: Pick<Explaining, "context" | "sinceSeconds">,
  name: string,
): Promise<string[]> {
  return await journalTail(context, logSourceOf(name), { lines: SHOWN_LINES, sinceSeconds });
}

/** The number of journal lines to show. */
const SHOWN_LINES = 12;

/** Returns the trouble of the pod, if it failed during the summon. */
async function podTroubleOf(
  { context, systemd, services, sinceSeconds }: Explaining,
): Promise<PodTrouble | undefined> {
  const pod = services.find(({ service }) => service === SEPULCHER.service);
  const unit = pod && (await systemd.states([pod.service])).get(pod.service);
  if (pod === undefined || unit === undefined) return undefined;
  const isRecent = (unit.sinceSeconds ?? 0) >= Math.floor(sinceSeconds);
  return unit.activeState === "failed" || isRecent
    ? await podTrouble(context, pod, unit)
    : undefined;
}

/** Returns which engines were started meanwhile and exclude the stopped engine `name`. */
function replacementOf(
  { inventory }: Explaining,
  name: string,
  why: string,
  now: EnginesNow,
): string | undefined {
  if (why !== STOPPED_BY_OTHER) return undefined;
  const isStarted = (rival: string) => {
    const condition = now.engines.get(rival)?.condition;
    return condition !== undefined && (isUp(condition) || condition.hasJob);
  };
  const rivals = enginesNamed(inventory, [name]).flatMap((engine) => rivalsOf(engine, inventory))
    .filter(isStarted);
  return rivals.length === 0 ? undefined : `the start of ${rivals.join(", ")} replaced it`;
}
