import type { CommandContext } from "../run/context.ts";
import type { ExitCode } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { summonEvents } from "../summon/events.ts";
import { startSummon, type SummonInvocation } from "../summon/summon.ts";

/** `lychd summon WISH`: starts engines and waits until every one of them answers. */
export async function summon(
  invocation: SummonInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const events = summonEvents(context, invocation.json);
  try {
    return await startSummon(invocation, context, events);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // With `--json`, a refusal is one more event.
    return events.refused(error);
  }
}
