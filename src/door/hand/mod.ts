import type { CommandContext } from "../../run/context.ts";
import type { ExitCode } from "../../run/invocation.ts";
/** Stub. */
export function runHand(
  _context: CommandContext,
  _openFront: () => MessagePort,
): Promise<ExitCode> {
  return Promise.resolve(0);
}
