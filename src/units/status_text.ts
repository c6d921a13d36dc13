import prettyMilliseconds from "pretty-ms";
import { type Condition, stateHint } from "../core/orchestrator/condition.ts";
import type { Gpu } from "../core/gpus.ts";
import type { Engine } from "../core/orchestrator/inventory.ts";
import { STOPPED_BY_POD } from "../core/orchestrator/pod.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { wrap } from "../core/report/text.ts";
import { SEPULCHER, VESSEL } from "../core/rune/names.ts";
import { tableLines } from "../core/report/table.ts";
import { aboutLines, stateText } from "./about.ts";
import { doorJson, doorLines, type DoorState } from "./door_state.ts";
import type { EngineNow, EnginesNow } from "./engines.ts";
import type { PodTrouble } from "./pod.ts";
import type { ServiceNow, ServicesNow } from "./services.ts";
import type { Stale } from "./stale.ts";
import type { UnitState } from "./systemd.ts";

/** The state of all engines, of the pod and the Watchers, and of GPUs at a time. */
export interface Status {
  readonly now: EnginesNow;
  readonly services: ServicesNow;
  readonly podTrouble: PodTrouble | undefined;
  readonly stale: Stale;
  readonly gpus: readonly Gpu[];
  /** The last lines of logs, by service; undefined if they were not read. */
  readonly logs: ReadonlyMap<string, readonly string[]> | undefined;
  /** Undefined if the front door does not run. */
  readonly door: DoorState | undefined;
  readonly atSeconds: number;
}

/** A row of the table: an engine or a service, with its problem. */
export interface Row {
  readonly name: string;
  /** Its unit in systemd. */
  readonly service: string;
  readonly unit: UnitState | undefined;
  readonly condition: Condition;
  readonly uri: string | undefined;
  readonly problem: Problem | undefined;
  /** Undefined for a service. */
  readonly engine: Engine | undefined;
}

interface Problem {
  readonly why: string;
  /** The command that fixes or explains it. */
  readonly hint: string | undefined;
}

/** Returns the rows of the engines, and those of the pod and the Watchers. */
export function rowsOf(
  { now, services, podTrouble, door }: Status,
): { engines: Row[]; services: Row[] } {
  return {
    engines: [...now.engines.values()].map((engine) => engineRow(engine, podTrouble)),
    services: services.services.map((service) => serviceRow(service, podTrouble, door)),
  };
}

function engineRow({ engine, unit, condition }: EngineNow, trouble: PodTrouble | undefined): Row {
  const { name, service, uri } = engine;
  const { state, why } = condition;
  // While the pod cannot start, its own row has the fix.
  const summon = trouble?.isStart ? undefined : `lychd summon soulstone:${name}`;
  const hint = state === "stopped" || why === STOPPED_BY_POD ? summon : stateHint(name, state);
  const problem = why === undefined ? undefined : { why, hint };
  return { name, service, unit, condition, uri, problem, engine };
}

function serviceRow(
  { service: { name, service, uri }, unit, condition }: ServiceNow,
  trouble: PodTrouble | undefined,
  door: DoorState | undefined,
): Row {
  const { state, why } = condition;
  const problem = service === VESSEL.service && door?.problem !== undefined
    ? door.problem
    : service === SEPULCHER.service && trouble !== undefined
    ? { why: `it ${trouble.what}`, hint: trouble.hint }
    : why === undefined
    ? undefined
    : { why, hint: stateHint(name, state, service) };
  return { name, service, unit, condition, uri, problem, engine: undefined };
}

/** Returns a problem with its command: `it was killed: lychd logs eye`. */
export function problemText({ why, hint }: Problem): string {
  return hint === undefined ? why : `${why}: ${hint}`;
}

/** Returns a text that changes with the engines and services, but not with time. */
export function fingerprintOf(status: Status): string {
  const { engines, services } = rowsOf(status);
  const rows = [...engines, ...services].map((
    { name, unit, condition: { state }, uri, problem },
  ) => [
    ...[name, state, uri, problem, unit?.sinceSeconds],
  ]);
  const door = doorJson(status.door);
  return JSON.stringify([rows, straysOf(status), status.stale, [...status.logs ?? []], door]);
}

/** Returns a status as a table, with lines about each engine. */
export function statusText(status: Status, palette: Palette): string {
  const { engines, services } = rowsOf(status);
  const isAnyStale = status.stale.restart.length > 0;
  const cellsOf = (row: Row) => [
    ...[row.name, stateText(row.condition.state, palette), sinceText(row.unit, status)],
    ...isAnyStale ? [staleText(row, status.stale)] : [],
    row.uri ?? "",
    ...[row.engine === undefined ? "" : vramText(row.engine), bytesText(row.unit?.memoryBytes)],
  ];
  const stale = isAnyStale ? ["STALE"] : [];
  // One table, so that the columns of both parts are aligned.
  const [engineHead = "", serviceHead = "", ...cells] = tableLines([
    ["SOULSTONE", "STATE", "SINCE", ...stale, "URI", "VRAM", "RAM"],
    ["SERVICE", "STATE", "SINCE", ...stale, "URI", "", "RAM"],
    ...[...engines, ...services].map(cellsOf),
  ], palette.columns);
  const linesOf = (rows: readonly Row[], first: number) =>
    rows.flatMap(({ engine, problem }, i) => [
      cells[first + i] ?? "",
      ...engine === undefined ? [] : aboutLines(engine, 2, palette),
      ...problem === undefined
        ? []
        : wrap(problemText(problem), 2, palette.columns).map(palette.hint),
    ]);
  return textOf([
    palette.strong(engineHead),
    ...linesOf(engines, 0),
    "",
    palette.strong(serviceHead),
    ...linesOf(services, engines.length),
    ...straysOf(status).flatMap(({ name, fix }) =>
      wrap(`${name}: runs, but is no longer rendered: ${fix}`, 0, palette.columns)
    ),
    ...(status.door === undefined ? [] : doorLines(status.door))
      .flatMap((line) => wrap(line, 0, palette.columns)),
    ...status.gpus.map(({ vendor, names, totalMib, freeMib }) =>
      `GPU ${vendor} ${names[0]}: ${totalMib - freeMib} of ${totalMib} MiB in use`
    ),
  ]);
}

/** Returns whether a row runs with old settings, or cannot be reached before the pod restarts. */
export function staleText({ name, service, engine }: Row, { restart, unpublished }: Stale): string {
  if (engine !== undefined && unpublished.includes(name)) return "no port";
  return restart.includes(service) ? "yes" : "";
}

/** Returns one line for each engine and service: its address, or its problem. */
export function shortText(status: Status, palette: Palette): string {
  const { engines, services } = rowsOf(status);
  const rows = [...engines, ...services].map((
    { name, condition: { state }, uri = "", problem },
  ) => [
    name,
    stateText(state, palette),
    problem === undefined ? uri : palette.hint(problemText(problem)),
  ]);
  const strays = straysOf(status).map(({ name, fix }) => [
    name,
    stateText("running", palette),
    palette.hint(`it is no longer rendered: ${fix}`),
  ]);
  return textOf(tableLines([...rows, ...strays], palette.columns));
}

/** Returns what runs but is no longer rendered, with the command that stops it. */
function straysOf({ now, services }: Status): { name: string; fix: string }[] {
  return [
    ...now.strays.map(printable).map((name) => ({ name, fix: `lychd banish soulstone:${name}` })),
    ...services.strays.map(({ service: { name } }) => ({
      name,
      fix: "lychd apply",
    })),
  ];
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

function sinceText(unit: UnitState | undefined, { atSeconds }: Status): string {
  return unit?.sinceSeconds === undefined ? "" : durationText(atSeconds - unit.sinceSeconds);
}

/** Returns the declared GPU memory of an engine. */
export function vramText({ vramMib }: Engine): string {
  return vramMib === undefined ? "undeclared" : vramMib === 0 ? "none" : `${vramMib} MiB`;
}

/** Returns a size of memory; an empty text for an unknown one. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  return bytes < 2 ** 30
    ? `${Math.round(bytes / 2 ** 20)} MiB`
    : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** Returns a duration in its two largest units: `2h 3m`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return "0s";
  return prettyMilliseconds(Math.floor(seconds) * 1000, { unitCount: 2 });
}

/** Returns a status for `--json`. */
export function statusJson(status: Status) {
  const { now, stale, gpus, logs, services: { strays } } = status;
  const { engines, services } = rowsOf(status);
  const commonOf = ({ name, service, unit, condition, uri, problem }: Row) => {
    const log = logs?.get(service);
    return {
      name,
      unit: service,
      state: condition.state,
      ...problem === undefined ? {} : { why: problem.why, hint: problem.hint ?? null },
      since: timeText(unit) ?? null,
      restarts: condition.restarts,
      uri: uri ?? null,
      stale: stale.restart.includes(service),
      memory_bytes: unit?.memoryBytes ?? null,
      ...log === undefined ? {} : { log },
    };
  };
  return {
    soulstones: engines.flatMap((row) => {
      const { engine } = row;
      return engine === undefined ? [] : [{
        ...commonOf(row),
        unpublished: stale.unpublished.includes(engine.name),
        covens: engine.covens,
        slot: engine.slot ?? null,
        resident: engine.resident,
        capabilities: engine.capabilities,
        conflicts: engine.conflicts,
        vram_mib: engine.vramMib ?? null,
      }];
    }),
    strays: now.strays.map(printable),
    restart_needed: stale.restart,
    services: services.map(commonOf),
    service_strays: strays.map(({ service }) => service.name),
    front_door: doorJson(status.door),
    gpus: gpus.map(({ vendor, names, totalMib, freeMib }) => ({
      vendor,
      names,
      total_mib: totalMib,
      free_mib: freeMib,
    })),
  };
}

/** Returns the time of the last change of a state, in UTC. */
export function timeText(unit: UnitState | undefined): string | undefined {
  if (unit?.sinceSeconds === undefined) return undefined;
  return new Date(unit.sinceSeconds * 1000).toISOString().replace(".000", "");
}
