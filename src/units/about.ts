/** How Soulstones are told in lists. */
import prettyMilliseconds from "pretty-ms";
import type { Engine, EngineState } from "../core/orchestrator/mod.ts";
import { type Palette, printable } from "../core/report/mod.ts";
import { wrapped } from "../run/table.ts";

/** Its Covens and capabilities, in lines behind an indent. */
export function aboutLines(engine: Engine, indent: number, palette: Palette): string[] {
  const covens = engine.resident
    ? "resident"
    : engine.covens.length === 0
    ? "in no Coven"
    : `in ${engine.covens.join(", ")}`;
  const offers = engine.capabilities.length === 0
    ? "offers nothing"
    : `offers ${engine.capabilities.join(", ")}`;
  const metrics = engine.metricsPath === undefined ? "; no metrics" : "";
  return wrapped(printable(`${covens}; ${offers}${metrics}`), indent).map(palette.dim);
}

/** A state in its colour. */
export function stateText(state: EngineState, palette: Palette): string {
  switch (state) {
    case "running":
      return palette.added(state);
    case "failed":
    case "masked":
    case "missing":
      return palette.error(state);
    case "starting":
    case "restarting":
    case "stopping":
      return palette.warning(state);
    default:
      return palette.dim(state);
  }
}

/** GPU memory as its declaration says it. */
export function vramText({ vramMib }: Engine): string {
  return vramMib === undefined ? "undeclared" : vramMib === 0 ? "none" : `${vramMib} MiB`;
}

/** Bytes of main memory, in MiB or GiB. */
export function bytesText(bytes: number | undefined): string {
  if (bytes === undefined) return "";
  return bytes < 2 ** 30
    ? `${Math.round(bytes / 2 ** 20)} MiB`
    : `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}

/** A time that has passed, in its two largest units: `2h 3m`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return "0s";
  return prettyMilliseconds(Math.max(0, Math.floor(seconds)) * 1000, { unitCount: 2 });
}
