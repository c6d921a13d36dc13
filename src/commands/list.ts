import { capabilityIndex, type Inventory } from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { aboutLines, stateText } from "../units/about.ts";
import type { CommandContext } from "../run/context.ts";
import { type EnginesNow, tryEnginesNow } from "../units/engines.ts";
import { printJson } from "../run/say.ts";
import { tableLines, wrapped } from "../run/table.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd list`: the Soulstones of the Codex, and who offers what. */
export async function list(
  { json }: Extract<Invocation, { command: "list" | "covens" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { terminal } = context;
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory, differences } = view;
  const asked = await tryEnginesNow(context, inventory);
  const now = "now" in asked ? asked.now : undefined;
  if ("problem" in asked) {
    terminal.err(`lychd: the user's systemd does not answer (${asked.problem})\n`);
  }
  if (json) printJson(context, { ...listJson(inventory, now), differences });
  else printList(context, inventory, now);
  return EXIT.ok;
}

function printList(
  { terminal }: CommandContext,
  inventory: Inventory,
  now: EnginesNow | undefined,
): void {
  const { outPalette } = terminal;
  const [head = "", ...rows] = tableLines([
    ["SOULSTONE", "ENGINE", "STATE", "URI"],
    ...inventory.engines.map((engine) => {
      const state = now?.engines.get(engine.name)?.condition.state;
      const shown = state === undefined ? "unknown" : stateText(state, outPalette);
      return [engine.name, engine.profile, shown, engine.uri];
    }),
  ]);
  const lines = [outPalette.strong(head)];
  for (const [i, engine] of inventory.engines.entries()) {
    lines.push(rows[i] ?? "", ...aboutLines(engine, 2, outPalette));
  }
  const index = capabilityIndex(inventory);
  if (index.size > 0) lines.push("", outPalette.strong("CAPABILITY"));
  for (const [capability, names] of index) {
    lines.push(...wrapped(`${capability}: ${names.join(", ")}`, 0));
  }
  terminal.out(lines.map((line) => `${line}\n`).join(""));
}

function listJson(inventory: Inventory, now: EnginesNow | undefined) {
  return {
    soulstones: inventory.engines.map((engine) => ({
      name: engine.name,
      engine: engine.profile,
      state: now?.engines.get(engine.name)?.condition.state ?? null,
      port: engine.port,
      uri: engine.uri,
      covens: engine.covens,
      resident: engine.resident,
      capabilities: engine.capabilities,
      vram_mib: engine.vramMib ?? null,
      metrics_path: engine.metricsPath ?? null,
    })),
    capabilities: Object.fromEntries(capabilityIndex(inventory)),
    systemd_answers: now !== undefined,
  };
}
