import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "./context.ts";

/** One value as JSON on stdout. */
export function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

/** A warning on stderr, with what helps. */
export function warn({ terminal }: CommandContext, message: string, hint?: string): void {
  const { errPalette } = terminal;
  terminal.err(`${errPalette.warning("warning")}: ${printable(message)}\n`);
  if (hint !== undefined) terminal.err(`${errPalette.hint("hint")}: ${hint}\n`);
}
