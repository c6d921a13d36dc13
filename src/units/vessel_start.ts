import type { LogSource } from "../core/orchestrator/services.ts";
import { VESSEL } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { journalTail } from "./journal.ts";
import type { Systemd } from "./systemd.ts";

/** The log of the front door. */
const LOG: LogSource = { services: [VESSEL.service], identifiers: ["lychd"] };

/** More lines than a start that fails prints. */
const LINES = 20;

/**
 * Starts the front door, and waits until it accepts connections. Returns why it does not, with the
 * command that fixes it; systemd goes on trying.
 */
export async function startVessel(
  context: CommandContext,
  systemd: Systemd,
): Promise<string | undefined> {
  const sinceSeconds = Date.now() / 1000;
  const problem = await systemd.start([VESSEL.service]);
  if (problem === undefined) return undefined;
  const lines = await journalTail(context, LOG, { lines: LINES, sinceSeconds });
  const own = (prefix: string) =>
    lines.findLast((line) => line.startsWith(prefix))?.slice(prefix.length);
  const hint = own("hint: ") ?? `lychd logs ${VESSEL.name}`;
  return `the front door does not start: ${own("lychd: ") ?? problem}: ${hint}`;
}
