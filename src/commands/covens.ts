import {
  conflict,
  type CovenView,
  covenViews,
  type Engine,
  type Inventory,
  warningsOf,
} from "../core/orchestrator/mod.ts";
import type { Palette } from "../core/report/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { readGpus } from "../units/gpus.ts";
import { printJson, warn } from "../run/say.ts";
import { tableLines, WIDTH, wrapped } from "../run/table.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd covens`: who runs with whom, who stops whom, and what may not be meant. */
export async function covens(
  { json }: Extract<Invocation, { command: "list" | "covens" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory, differences } = view;
  const rendered = view.rendered.tree.hasReceipt ? view.rendered.inventory : undefined;
  const views = covenViews(inventory);
  const warnings = warningsOf(inventory, { gpus: await readGpus(context), rendered });
  for (const { message } of warnings) warn(context, message);
  if (json) {
    printJson(context, {
      covens: views.map(({ vramMib, ...view }) => ({ ...view, vram_mib: vramMib })),
      stops: Object.fromEntries(
        inventory.engines.map((engine) => [engine.name, rivalsOf(engine, inventory)]),
      ),
      warnings,
      differences,
    });
    return EXIT.ok;
  }
  const { outPalette, out } = context.terminal;
  const hasResidents = inventory.engines.some((engine) => engine.resident);
  const lines = [
    ...covenLines(views, hasResidents, outPalette),
    "",
    ...matrixLines(inventory, outPalette),
  ];
  out(lines.map((line) => `${line}\n`).join(""));
  return EXIT.ok;
}

function covenLines(
  views: readonly CovenView[],
  hasResidents: boolean,
  palette: Palette,
): string[] {
  const nothing = hasResidents ? "nothing but residents" : "nothing";
  if (views.length === 0) return ["there is no Coven: no Soulstone names a group"];
  return views.flatMap((view) => [
    `${palette.strong(view.name)}: ${view.vramMib} MiB of GPU memory declared`,
    ...wrapped(view.members.join(" "), 2),
    ...view.undeclared.length === 0
      ? []
      : wrapped(`undeclared: ${view.undeclared.join(", ")}`, 2).map(palette.dim),
    ...view.shares.flatMap(({ coven, members }) =>
      wrapped(`shares ${members.join(", ")} with ${coven}`, 2).map(palette.dim)
    ),
    ...view.rivals.length === 0
      ? []
      : wrapped(`leaves ${nothing} running of ${view.rivals.join(", ")}`, 2).map(palette.dim),
  ]);
}

/** Who stops whom, as a square if that fits, else as lists. */
function matrixLines({ engines, covens }: Inventory, palette: Palette): string[] {
  const title = palette.strong("a start of the left stops those with an x");
  const number = (i: number) => String(i + 1);
  const rows = tableLines([
    ["", "", ...engines.map((_, i) => number(i))],
    ...engines.map((engine, i) => [
      number(i),
      engine.name,
      ...engines.map((other) => conflict(engine, other) ? "x" : "."),
    ]),
  ]);
  if (rows.every((row) => row.length <= WIDTH)) return [title, ...rows];
  return engines.flatMap((engine) => {
    const rivals = rivalsOf(engine, { engines, covens });
    return wrapped(`${engine.name} stops ${rivals.join(", ") || "nobody"}`, 0);
  });
}

function rivalsOf(engine: Engine, { engines }: Inventory): string[] {
  return engines.filter((other) => conflict(engine, other)).map((other) => other.name);
}
