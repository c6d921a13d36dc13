import { runHand } from "../door/hand/mod.ts";
import type { CommandContext } from "../run/context.ts";
import type { ExitCode } from "../run/invocation.ts";

/** `lychd serve`: the front door. Runs until systemd stops it. */
export async function serve(context: CommandContext): Promise<ExitCode> {
  return await runHand(context, context.openFront);
}
