import { scriptFor } from "../core/completion/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";

/** `lychd completions SHELL`: the script that asks lychd itself for completions. */
export function completions(
  { shell }: Extract<Invocation, { command: "completions" }>,
  { terminal }: CommandContext,
): ExitCode {
  terminal.out(scriptFor(shell));
  return EXIT.ok;
}
