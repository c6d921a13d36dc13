import { drainText } from "../core/dispatcher/drain_text.ts";
import { unitsToStop } from "../core/orchestrator/inventory.ts";
import { readName } from "../core/orchestrator/wish.ts";
import { printable } from "../core/report/printable.ts";
import { EVERY_COVEN, EVERY_SOULSTONE, soulstoneOf } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson } from "../run/say.ts";
import { readDoorState } from "../units/door_state.ts";
import { readNameNow, stopUnits } from "../units/engines.ts";
import { readRendered } from "../units/rendered.ts";
import { withSystemd } from "../units/systemd.ts";

/**
 * `lychd banish [WISH]`: stops a Soulstone, a Coven without its residents, or all engines, including
 * strays and engines that still start. Touches nothing else in the pod.
 */
export async function banish(
  { json, wish }: Extract<Invocation, { command: "banish" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const { inventory } = readRendered(context);
  return await withSystemd(context, async (systemd) => {
    const patterns = wish === undefined ? [EVERY_SOULSTONE, EVERY_COVEN] : unitsToStop(
      await readNameNow(systemd, inventory, (inventory) => readName(wish, inventory)),
      inventory,
    );
    const states = await systemd.activeStates(patterns);
    const engines = [...states.keys()].flatMap((unit) => soulstoneOf(unit) ?? []);
    const drain = drainText(readDoorState(context), engines);
    if (drain !== undefined && !json) context.terminal.err(`lychd: ${drain}\n`);
    const startMilliseconds = performance.now();
    const { stopped, forgotten } = await stopUnits(context, systemd, patterns);
    const seconds = Number(((performance.now() - startMilliseconds) / 1000).toFixed(1));
    if (json) {
      printJson(context, { stopped, forgotten, seconds });
      return EXIT.ok;
    }
    context.terminal.out(
      stopped.length === 0
        ? `${idleText(wish)}; nothing to stop\n`
        : `stopped: ${stopped.join(", ")} (${seconds.toFixed(1)} s)\n`,
    );
    if (forgotten.length > 0) {
      context.terminal.out(`reset from failed to stopped: ${forgotten.join(", ")}\n`);
    }
    return EXIT.ok;
  });
}

function idleText(wish: string | undefined): string {
  return wish === undefined ? "no engine is running" : `${printable(wish)} is not running`;
}
