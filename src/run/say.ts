import { printable, printableJson } from "../core/report/printable.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Prints a value as JSON on stdout: indented, or on one line as part of a stream of events. Characters
 * that control a terminal are escaped.
 */
export function printJson(
  { terminal }: { readonly terminal: Pick<Terminal, "out"> },
  value: unknown,
  indent: 0 | 2 = 2,
): void {
  terminal.out(`${printableJson(value, indent)}\n`);
}

/** Prints a warning on stderr, with a hint. */
export function warn(
  { terminal }: { readonly terminal: Pick<Terminal, "err" | "errPalette"> },
  message: string,
  hint?: string,
): void {
  const { errPalette } = terminal;
  terminal.err(`${errPalette.warning("warning")}: ${printable(message)}\n`);
  if (hint !== undefined) terminal.err(`${errPalette.hint("hint")}: ${printable(hint)}\n`);
}
