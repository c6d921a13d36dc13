import { covenViews } from "../core/orchestrator/covens.ts";
import { conflict, type Inventory, rivalsOf } from "../core/orchestrator/inventory.ts";
import type { Palette } from "../core/report/palette.ts";
import { wrap } from "../core/report/text.ts";
import { tableLines } from "../run/table.ts";

/** Returns the Covens, and the rivals of each Soulstone, for `--json`. */
export function covensJson(inventory: Inventory) {
  return {
    covens: covenViews(inventory).map(({ vramMib, ...view }) => ({ ...view, vram_mib: vramMib })),
    stops: Object.fromEntries(
      inventory.engines.map((engine) => [engine.name, rivalsOf(engine, inventory)]),
    ),
  };
}

/** Returns the Covens, and the rivals of each Soulstone, as text. */
export function covensText(inventory: Inventory, palette: Palette): string {
  const lines = [...covenLines(inventory, palette), "", ...matrixLines(inventory, palette)];
  return lines.map((line) => `${line}\n`).join("");
}

function covenLines(inventory: Inventory, palette: Palette): string[] {
  const hasResidents = inventory.engines.some((engine) => engine.resident);
  const shared = hasResidents ? " (only residents are shared)" : "";
  const views = covenViews(inventory);
  if (views.length === 0) return ["there is no Coven: no Soulstone names a group"];
  return views.flatMap(({ name, vramMib, members, undeclared, shares, rivals }) => [
    `${palette.strong(name)}: ${vramMib} MiB of GPU memory declared`,
    ...wrap(members.join(" "), 2, palette.columns),
    ...[
      ...undeclared.length === 0 ? [] : [`undeclared: ${undeclared.join(", ")}`],
      ...shares.map(({ coven, members }) => `shares ${members.join(", ")} with ${coven}`),
      ...rivals.length === 0
        ? []
        : [`${name} and ${rivals.join(", ")} exclude each other${shared}`],
    ].flatMap((line) => wrap(line, 2, palette.columns).map(palette.dim)),
  ]);
}

/** Returns which engines stop which: as a square if it fits the width, otherwise as lists. */
function matrixLines(inventory: Inventory, palette: Palette): string[] {
  const { engines } = inventory;
  const rows = tableLines([
    ["", "", ...engines.map((_, i) => String(i + 1))],
    ...engines.map((engine, i) => [
      String(i + 1),
      engine.name,
      ...engines.map((other) => conflict(engine, other) ? "x" : "."),
    ]),
  ]);
  const head = "starting the engine of a row stops the engines marked x";
  return rows.every((row) => row.length <= palette.columns)
    ? [...wrap(head, 0, palette.columns).map(palette.strong), ...rows]
    : engines.flatMap((engine) =>
      wrap(
        `${engine.name} stops ${rivalsOf(engine, inventory).join(", ") || "none"}`,
        0,
        palette.columns,
      )
    );
}
