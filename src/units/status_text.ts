import prettyMilliseconds from "pretty-ms";
import { stateHint } from "../core/orchestrator/condition.ts";
import type { Gpu } from "../core/gpus.ts";
import type { Engine } from "../core/orchestrator/inventory.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { wrap } from "../core/report/text.ts";
import { tableLines } from "../run/table.ts";
import { aboutLines, stateText } from "./about.ts";
import type { EnginesNow } from "./engines.ts";
import type { Stale } from "./stale.ts";

/** The state of all engines and GPUs at a time. */
export interface Status {
  readonly now: EnginesNow;
  readonly stale: Stale;
  readonly gpus: readonly Gpu[];
  readonly atSeconds: number;
}

/** Returns a text that changes with the engines, but not with time. */
export function fingerprintOf({ now, stale }: Status): string {
  const engines = [...now.engines.values()].map(({ engine, unit, condition: { state, why } }) => [
    ...[engine.name, engine.uri, state, why],
    unit.sinceSeconds,
  ]);
  return JSON.stringify([engines, now.strays, stale]);
}

/** Returns a status as text. */
export function statusText({ now, stale, gpus, atSeconds }: Status, palette: Palette): string {
  const engines = [...now.engines.values()];
  const isAnyStale = stale.restart.length > 0;
  const [head = "", ...rows] = tableLines([
    ["SOULSTONE", "STATE", "SINCE", ...isAnyStale ? ["STALE"] : [], "URI", "VRAM", "RAM"],
    ...engines.map(({ engine, unit, condition }) => [
      engine.name,
      stateText(condition.state, palette),
      unit.sinceSeconds === undefined ? "" : durationText(atSeconds - unit.sinceSeconds),
      ...isAnyStale ? [staleText(engine, stale)] : [],
      engine.uri,
      vramText(engine),
      bytesText(unit.memoryBytes),
    ]),
  ]);
  const lines = [
    palette.strong(head),
    ...engines.flatMap(({ engine, condition: { state, why } }, i) => [
      rows[i] ?? "",
      ...aboutLines(engine, 2, palette),
      ...why === undefined
        ? []
        : wrap(`${why}: ${stateHint(engine.name, state)}`, 2).map(palette.hint),
    ]),
    ...now.strays.map(printable).map((name) =>
      `${name}: runs, but is no longer rendered: lychd banish soulstone:${name}`
    ),
    ...gpus.map(({ vendor, names, totalMib, freeMib }) =>
      `GPU ${vendor} ${names[0]}: ${totalMib - freeMib} of ${totalMib} MiB in use`
    ),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** Returns whether an engine runs with old settings, or cannot be reached before the pod restarts. */
function staleText({ name, service }: Engine, { restart, unpublished }: Stale): string {
  return unpublished.includes(name) ? "no port" : restart.includes(service) ? "yes" : "";
}

function vramText({ vramMib }: Engine): string {
  return vramMib === undefined ? "undeclared" : vramMib === 0 ? "none" : `${vramMib} MiB`;
}

function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  return bytes < 2 ** 30
    ? `${Math.round(bytes / 2 ** 20)} MiB`
    : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** Returns a duration in its two largest units: `2h 3m`. */
function durationText(seconds: number): string {
  if (seconds < 1) return "0s";
  return prettyMilliseconds(Math.floor(seconds) * 1000, { unitCount: 2 });
}

/** Returns a status for `--json`. */
export function statusJson({ now, stale, gpus }: Status) {
  return {
    soulstones: [...now.engines.values()].map(({ engine, unit, condition: { state, why } }) => ({
      name: engine.name,
      state,
      ...why === undefined ? {} : { why },
      since: unit.sinceSeconds === undefined
        ? null
        : new Date(unit.sinceSeconds * 1000).toISOString(),
      uri: engine.uri,
      stale: stale.restart.includes(engine.service),
      unpublished: stale.unpublished.includes(engine.name),
      covens: engine.covens,
      resident: engine.resident,
      capabilities: engine.capabilities,
      vram_mib: engine.vramMib ?? null,
      memory_bytes: unit.memoryBytes ?? null,
    })),
    strays: now.strays.map(printable),
    restart_needed: stale.restart,
    gpus: gpus.map(({ vendor, names, totalMib, freeMib }) => ({
      vendor,
      names,
      total_mib: totalMib,
      free_mib: freeMib,
    })),
  };
}
