/** The work of an apply: which services it restarts, stops and starts. */
import { inactiveUnit, isUp } from "../core/orchestrator/condition.ts";
import { type Inventory, unitsToStop } from "../core/orchestrator/inventory.ts";
import { readName } from "../core/orchestrator/wish.ts";
import { GPU_EXPORTER, HARVESTER, SCRIBE, SEPULCHER, VESSEL } from "../core/rune/names.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { Refusal } from "../run/refusal.ts";
import { tableLines } from "../core/report/table.ts";
import { enginesNow, readNameNow } from "../units/engines.ts";
import { shortNames, type Stale } from "../units/stale.ts";
import type { Systemd } from "../units/systemd.ts";

/** The services that an apply restarts, stops and starts. Lists are sorted. */
export interface Work {
  /** Services to restart; at most the pod and the Vessel if the pod is among them. */
  readonly restart: readonly string[];
  readonly stop: readonly string[];
  /** The Vessel if it does not run, and Watchers that do not run beside the pod. */
  readonly start: readonly string[];
  /** The Soulstones that restart. */
  readonly engines: readonly string[];
}

/** Nothing to do. */
export const NO_WORK: Work = { restart: [], stop: [], start: [], engines: [] };

/** The services to apply to. */
export interface Scope {
  /** Soulstones and Covens; all services if empty. */
  readonly names: readonly string[];
  /** True to restart also named engines that run with the rendered settings. */
  readonly always: boolean;
}

/** Returns what an apply has to do. Refuses to restart an engine that does not run. */
export async function planWork(
  systemd: Systemd,
  { names, always }: Scope,
  { stale, inventory }: { readonly stale: Stale; readonly inventory: Inventory },
): Promise<Work> {
  const { engines } = await enginesNow(systemd, inventory);
  const up = [...engines.values()].filter(({ condition }) => isUp(condition));
  if (names.length === 0) {
    const hasPod = stale.restart.includes(SEPULCHER.service);
    const restart = hasPod ? stale.restart.filter(isNotOfPod) : stale.restart;
    const restarted = up.filter(({ engine }) => hasPod || restart.includes(engine.service));
    const start = await notStarted(systemd);
    const { stop } = stale;
    return { restart, stop, start, engines: restarted.map(({ engine }) => engine.name) };
  }
  const named = new Set<string>();
  for (const word of names) {
    const name = await readNameNow(systemd, inventory, (known) => readName(word, known));
    const units = unitsToStop(name, inventory);
    for (const unit of units) named.add(unit);
    if (always && !up.some(({ engine }) => units.includes(engine.service))) {
      throw new Refusal(`${word} is not running`, { hint: `lychd summon ${word}` });
    }
  }
  const restarted = up.filter(({ engine: { service } }) =>
    named.has(service) && (always || stale.restart.includes(service))
  );
  const restart = restarted.map(({ engine }) => engine.service);
  const stop = stale.stop.filter((unit) => named.has(unit));
  return { restart, stop, start: [], engines: restarted.map(({ engine }) => engine.name) };
}

/** Returns true for the pod and the Vessel: the pod restarts all others. */
function isNotOfPod(unit: string): boolean {
  return unit === SEPULCHER.service || unit === VESSEL.service;
}

/** Returns what runs with former settings after `work`, because it was not named. */
export function leftAfter({ restart, stop }: Work, stale: Stale): Pick<Stale, "restart" | "stop"> {
  const isDone = (unit: string) =>
    restart.includes(unit) || restart.includes(SEPULCHER.service) && !isNotOfPod(unit);
  return {
    restart: stale.restart.filter((unit) => !isDone(unit)),
    stop: stale.stop.filter((unit) => !stop.includes(unit)),
  };
}

const WATCHERS: readonly string[] = [HARVESTER, SCRIBE, GPU_EXPORTER].map((w) => w.service);

/**
 * Returns the Vessel if it would start only with the next session, and the Watchers that would start
 * only with the next engine, although the pod runs.
 */
async function notStarted(systemd: Systemd): Promise<string[]> {
  const states = await systemd.activeStates([SEPULCHER.service, VESSEL.service, ...WATCHERS]);
  const hasPod = states.get(SEPULCHER.service)?.activeState === "active";
  const units = [VESSEL.service, ...hasPod ? WATCHERS : []].filter((unit) => !states.has(unit));
  if (units.length === 0) return [];
  const files = await systemd.fileStates(units);
  return units.filter((unit) => inactiveUnit(files.get(unit)).loadState === "loaded");
}

/** Returns the work as text, one line for each service. */
export function workText({ restart, stop, start, engines }: Work, palette: Palette): string {
  const inPod = restart.includes(SEPULCHER.service) && engines.length > 0
    ? `and with it every engine: ${engines.join(", ")}`
    : "";
  const rows = [
    ...restart.map((unit) => [
      palette.warning("restart"),
      ...shortNames([unit]),
      unit === SEPULCHER.service ? inPod : "",
    ]),
    ...shortNames(stop).map((name) => [palette.removed("stop"), name, "no longer rendered"]),
    ...shortNames(start).map((name) => [palette.added("start"), name, ""]),
  ];
  return tableLines(rows).map((line) => `  ${printable(line)}\n`).join("");
}
