import { SCRIPTS } from "../core/completion/shell.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";

/** `lychd completions SHELL`: prints the completion script of a shell. */
export function completions(
  { shell }: Extract<Invocation, { command: "completions" }>,
  { terminal }: CommandContext,
): ExitCode {
  terminal.out(SCRIPTS[shell]);
  return EXIT.ok;
}
