import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "./context.ts";
import { EXIT, type ExitCode } from "./invocation.ts";

/**
 * The reason why a command stops. Any function of the shell may throw it; `runCommand` prints it.
 *
 * A message may have several lines; a hint is a command or a sentence that helps.
 *
 * @example
 * ```ts ignore
 * throw new Refusal("there is no systemctl on this host", { code: EXIT.hostRefused });
 * ```
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly code: ExitCode;
  readonly hint: string | undefined;

  constructor(
    message: string,
    { code = EXIT.failure, hint }: { code?: ExitCode; hint?: string | undefined } = {},
  ) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** Prints a refusal: words on stderr, with `json` also an object on stdout. Returns its exit code. */
export function printRefusal(
  { terminal }: Pick<CommandContext, "terminal">,
  json: boolean,
  { message, hint, code }: Refusal,
): ExitCode {
  terminal.err(`lychd: ${message.split("\n").map(printable).join("\n")}\n`);
  if (hint !== undefined) terminal.err(`hint: ${printable(hint)}\n`);
  if (json) terminal.out(`${JSON.stringify({ error: message, ...hint && { hint } }, null, 2)}\n`);
  return code;
}
