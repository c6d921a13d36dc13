import type { EngineState } from "../core/orchestrator/condition.ts";
import type { Engine } from "../core/orchestrator/inventory.ts";
import type { Palette } from "../core/report/palette.ts";
import { printable } from "../core/report/printable.ts";
import { wrapped } from "../run/table.ts";

/** Returns the Covens and capabilities of an engine, as indented lines. */
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

/** Returns a state in its colour. */
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
    case "stopped":
      return palette.dim(state);
  }
}
