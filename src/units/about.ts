import type { EngineState } from "../core/orchestrator/condition.ts";
import type { Engine } from "../core/orchestrator/inventory.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { wrap } from "../core/report/text.ts";

/** Returns the Covens, the slot and the capabilities of an engine, as indented lines. */
export function aboutLines(engine: Engine, indent: number, palette: Palette): string[] {
  const slot = engine.slot === undefined ? [] : [`slot ${engine.slot}`];
  const place = engine.resident
    ? ["resident"]
    : engine.covens.length > 0
    ? [`in ${engine.covens.join(", ")}`, ...slot]
    : slot.length > 0
    ? slot
    : ["in no Coven"];
  const offers = engine.capabilities.length === 0
    ? "offers nothing"
    : `offers ${engine.capabilities.join(", ")}`;
  const metrics = engine.metricsPath === undefined ? "; no metrics" : "";
  return wrap(printable(`${[...place, offers].join("; ")}${metrics}`), indent, palette.columns).map(
    palette.dim,
  );
}

const COLORS: Readonly<Record<EngineState, Exclude<keyof Palette, "columns">>> = {
  running: "added",
  starting: "warning",
  restarting: "warning",
  stopping: "warning",
  stopped: "dim",
  failed: "error",
  masked: "error",
  missing: "error",
};

/** Returns a state in its colour. */
export function stateText(state: EngineState, palette: Palette): string {
  return palette[COLORS[state]](state);
}
