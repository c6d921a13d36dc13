import { covenViews, slotViews } from "../core/orchestrator/covens.ts";
import { conflict, type Inventory, rivalsOf } from "../core/orchestrator/inventory.ts";
import type { Palette } from "../core/report/palette.ts";
import { wrap } from "../core/report/text.ts";
import { tableLines } from "../core/report/table.ts";

/** Returns the Covens, the slots, and the rivals of each Soulstone, for `--json`. */
export function covensJson(inventory: Inventory) {
  return {
    covens: covenViews(inventory).map(({ vramMib, otherSlots, ...view }) => {
      return { ...view, other_slots: otherSlots, vram_mib: vramMib };
    }),
    slots: Object.fromEntries(slotViews(inventory).map(({ slot, members }) => [slot, members])),
    stops: Object.fromEntries(
      inventory.engines.map((engine) => [engine.name, rivalsOf(engine, inventory)]),
    ),
  };
}

/** Returns the Covens, the slots, and the rivals of each Soulstone, as text. */
export function covensText(inventory: Inventory, palette: Palette): string {
  const parts = [
    covenLines(inventory, palette),
    slotLines(inventory, palette),
    matrixLines(inventory, palette),
  ].filter((lines) => lines.length > 0);
  return parts.map((lines) => lines.map((line) => `${line}\n`).join("")).join("\n");
}

function covenLines(inventory: Inventory, palette: Palette): string[] {
  const hasResidents = inventory.engines.some((engine) => engine.resident);
  const shared = hasResidents ? " (only residents are shared)" : "";
  const views = covenViews(inventory);
  if (views.length === 0) return ["there is no Coven: no Soulstone names a group"];
  return views.flatMap(({ name, vramMib, members, undeclared, ...others }) => [
    `${palette.strong(name)}: ${vramMib === 0 ? "no" : `${vramMib} MiB of`} GPU memory declared`,
    ...wrap(members.join(" "), 2, palette.columns),
    ...[
      ...undeclared.length === 0 ? [] : [`undeclared: ${undeclared.join(", ")}`],
      ...others.shares.map(({ coven, members }) => `shares ${members.join(", ")} with ${coven}`),
      ...others.rivals.length === 0
        ? []
        : [`${name} and ${others.rivals.join(", ")} exclude each other${shared}`],
      ...others.beside.length === 0
        ? []
        : [`${name} and ${others.beside.join(", ")} may run together`],
      ...others.otherSlots.length === 0 ? [] : [
        `stops nothing in ${others.otherSlots.length === 1 ? "slot" : "slots"} ${
          others.otherSlots.join(", ")
        }`,
      ],
    ].flatMap((line) => wrap(line, 2, palette.columns).map(palette.dim)),
  ]);
}

/** Returns the slots: as columns if they fit the width, otherwise as lists. */
function slotLines(inventory: Inventory, palette: Palette): string[] {
  const slots = slotViews(inventory);
  if (slots.length === 0) return [];
  const height = Math.max(...slots.map(({ members }) => members.length));
  const [names = "", ...rows] = tableLines([
    slots.map(({ slot }) => slot),
    ...Array.from({ length: height }, (_, i) => slots.map(({ members }) => members[i] ?? "")),
  ]);
  const isNarrow = [names, ...rows].every((row) => row.length <= palette.columns);
  const residents = inventory.engines.filter((engine) => engine.resident).map((e) => e.name);
  const isMixed = inventory.engines.some((e) => e.slot === undefined && !e.resident);
  return [
    ...wrap("one engine of each slot may run, in any combination", 0, palette.columns)
      .map(palette.strong),
    ...isNarrow
      ? [palette.strong(names), ...rows]
      : slots.flatMap(({ slot, members }) =>
        wrap(`${slot}: ${members.join(", ")}`, 0, palette.columns)
      ),
    ...[
      ...residents.length === 0 ? [] : [`resident beside all of them: ${residents.join(", ")}`],
      ...isMixed
        ? ["an engine without a slot excludes those in slots, except in a common Coven"]
        : [],
    ].flatMap((line) => wrap(line, 0, palette.columns).map(palette.dim)),
  ];
}

/** Returns which engines stop which: as a square if it fits the width, otherwise as lists. */
function matrixLines(inventory: Inventory, palette: Palette): string[] {
  // The columns of the slots show the others.
  const engines = inventory.engines.filter((engine) => engine.slot === undefined);
  if (engines.every((e) => e.resident) && engines.length < inventory.engines.length) return [];
  // A square without a mark shows nothing, and with slots it would not show what an engine does stop.
  const isEmpty = !engines.some((a) => engines.some((b) => conflict(a, b)));
  // Each engine needs a column of at least two characters.
  const isWide = engines.length * 2 > palette.columns;
  const rows = isEmpty || isWide ? [] : tableLines([
    ["", "", ...engines.map((_, i) => String(i + 1))],
    ...engines.map((engine, i) => [
      String(i + 1),
      engine.name,
      ...engines.map((other) => conflict(engine, other) ? "x" : "."),
    ]),
  ]);
  const head = "starting the engine of a row stops the engines marked x";
  return rows.length > 0 && rows.every((row) => row.length <= palette.columns)
    ? [...wrap(head, 0, palette.columns).map(palette.strong), ...rows]
    : engines.flatMap((engine) =>
      wrap(
        `${engine.name} stops ${rivalsOf(engine, inventory).join(", ") || "none"}`,
        0,
        palette.columns,
      )
    );
}
