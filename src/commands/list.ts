import { capabilityIndex } from "../core/orchestrator/inventory.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson } from "../run/say.ts";
import { wrap } from "../core/report/text.ts";
import { tableLines } from "../core/report/table.ts";
import { aboutLines, stateText } from "../units/about.ts";
import { doorJson, portalLine, readDoorState } from "../units/door_state.ts";
import { tryEnginesNow } from "../units/engines.ts";
import { NOT_STALE, staleJson, tryStaleNow, warnOfStale } from "../units/stale.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd list`: shows the Soulstones of the Codex and the capabilities that they offer. */
export async function list(
  { json }: Extract<Invocation, { command: "list" | "covens" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory: { engines }, inventory, source, differences } = view;
  const now = await tryEnginesNow(context, inventory);
  const stale = now === undefined ? NOT_STALE : await tryStaleNow(context, view.rendered);
  warnOfStale(context, stale);
  const stateOf = (name: string) => now?.engines.get(name)?.condition.state;
  const capabilities = capabilityIndex(inventory);
  const door = readDoorState(context);
  if (json) {
    printJson(context, {
      soulstones: engines.map((engine) => ({
        name: engine.name,
        engine: engine.profile,
        state: stateOf(engine.name) ?? null,
        port: engine.port,
        uri: engine.uri,
        covens: engine.covens,
        slot: engine.slot ?? null,
        resident: engine.resident,
        capabilities: engine.capabilities,
        vram_mib: engine.vramMib ?? null,
        metrics_path: engine.metricsPath ?? null,
      })),
      capabilities: Object.fromEntries(capabilities),
      portals: doorJson(door)?.portals ?? [],
      systemd_answers: now !== undefined,
      source,
      differences,
      ...staleJson(stale),
    });
    return EXIT.ok;
  }
  const portals = door?.portals ?? [];
  const { outPalette, out } = context.terminal;
  const [head = "", ...rows] = tableLines([
    ["SOULSTONE", "ENGINE", "STATE", "URI"],
    ...engines.map(({ name, profile, uri }) => {
      const state = stateOf(name);
      return [name, profile, state === undefined ? "unknown" : stateText(state, outPalette), uri];
    }),
  ], outPalette.columns);
  const lines = [
    outPalette.strong(head),
    ...engines.flatMap((engine, i) => [rows[i] ?? "", ...aboutLines(engine, 2, outPalette)]),
    ...capabilities.size > 0 ? ["", outPalette.strong("CAPABILITY")] : [],
    ...[...capabilities].flatMap(([name, names]) =>
      wrap(`${name}: ${names.join(", ")}`, 0, outPalette.columns)
    ),
    ...portals.length > 0 ? ["", outPalette.strong("PORTAL")] : [],
    ...portals.flatMap((portal) => wrap(portalLine(portal), 0, outPalette.columns)),
  ];
  out(lines.map((line) => `${line}\n`).join(""));
  return EXIT.ok;
}
