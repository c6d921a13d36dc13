import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { summonEvents } from "../summon/events.ts";
import { beginSummon, type SummonInvocation } from "../summon/summon.ts";
import { SESSION_HINT } from "../units/engines.ts";

/** `lychd summon WISH`: starts engines and waits until every one of them answers. */
export async function summon(
  invocation: SummonInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const events = summonEvents(context, invocation.json);
  try {
    return await beginSummon(invocation, context, events);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    const words = `the user's systemd does not answer: ${error.message}`;
    return events.refused(words, EXIT.hostRefused, SESSION_HINT);
  }
}
