import { printable } from "../core/report/printable.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode } from "./invocation.ts";
import { printJson } from "./say.ts";
import type { Terminal } from "./terminal.ts";

/** The exit code of a refusal, and a hint: a command or one short sentence. */
export interface RefusalOptions {
  readonly code?: ExitCode;
  readonly hint?: string | undefined;
}

/**
 * The reason why a command stops. Any function of the shell may throw it; `runCommand` prints it.
 * Control characters in the message are escaped. A list is a message of several lines.
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
  readonly lines: readonly string[];

  constructor(
    message: string | readonly string[],
    { code = EXIT.failure, hint }: RefusalOptions = {},
  ) {
    const lines = typeof message === "string" ? [message] : message;
    super(lines.join("\n"));
    this.lines = lines;
    this.code = code;
    this.hint = hint;
  }
}

/** Makes a Refusal of a HostError that also states what was changed. Returns other errors as they are. */
export function refusalOf(error: unknown, state: string, options?: RefusalOptions): unknown {
  return error instanceof HostError
    ? new Refusal(`${printable(error.path)}: ${error.message}; ${state}`, options)
    : error;
}

/** Prints a Refusal on stderr. */
export function printRefusal(
  { terminal }: { readonly terminal: Pick<Terminal, "err"> },
  { lines, hint }: Pick<Refusal, "lines" | "hint">,
): void {
  terminal.err(`lychd: ${lines.map(printable).join("\n")}\n`);
  if (hint !== undefined) terminal.err(`hint: ${printable(hint)}\n`);
}

/**
 * Runs `act`. Prints the Refusal that it throws on stderr, with `json` also as an object on stdout.
 * Returns the exit code.
 */
export async function withRefusals(
  { terminal }: { readonly terminal: Pick<Terminal, "out" | "err"> },
  json: boolean,
  act: () => Promise<ExitCode>,
): Promise<ExitCode> {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    printRefusal({ terminal }, error);
    const { message, hint, code } = error;
    if (json) printJson({ terminal }, { error: message, ...hint && { hint } });
    return code;
  }
}
