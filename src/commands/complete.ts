import { readCodex } from "../core/codex/mod.ts";
import { answerFor, lookUp } from "../core/completion/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";

/**
 * What the script of a shell asks for at a TAB, where the answer is in the Codex. A Codex with faults
 * gives what can be read of it, and one that is not there nothing: a shell shows no errors.
 */
export function complete(
  { shell, asked, handed }: Extract<Invocation, { command: "complete" }>,
  { host, folders, terminal }: CommandContext,
): ExitCode {
  const { question } = asked;
  if (question.kind !== "lookup") throw new Error("there is nothing to look up");
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const { codex } = readCodex("folder" in found ? found.folder : { folder: "", files: [] });
  const looked = lookUp(codex, question.lookup, question.taken);
  terminal.out(answerFor(shell, asked, looked, handed));
  return EXIT.ok;
}
