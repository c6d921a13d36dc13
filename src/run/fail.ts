import { printable } from "../core/report/mod.ts";
import { EXIT, type ExitCode } from "./invocation.ts";
import type { CommandContext } from "./context.ts";

/**
 * Says why a command did nothing: to the operator, and to a program that asked for JSON. A message may
 * have several lines.
 */
export function fail(
  { terminal }: CommandContext,
  json: boolean,
  message: string,
  { code = EXIT.failure, hint }: { code?: ExitCode | undefined; hint?: string | undefined } = {},
): ExitCode {
  const lines = message.split("\n").map(printable).join("\n");
  terminal.err(`lychd: ${lines}\n`);
  if (hint !== undefined) terminal.err(`hint: ${printable(hint)}\n`);
  if (json) terminal.out(`${JSON.stringify({ error: message, ...hint && { hint } }, null, 2)}\n`);
  return code;
}
