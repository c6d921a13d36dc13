import type { Refusal } from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode } from "./invocation.ts";
import type { CommandContext } from "./context.ts";
import { fail } from "./fail.ts";

/** Says why a wish is not granted: what was asked for is not there. */
export function refuseWish(
  context: CommandContext,
  json: boolean,
  { message, hint }: Refusal,
): ExitCode {
  return fail(context, json, message, { code: EXIT.usage, hint });
}
