import { readCodex } from "../core/codex/mod.ts";
import { answerFor, lookUp } from "../core/completion/mod.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import type { CommandContext } from "../run/context.ts";

/**
 * `lychd complete`: prints the words of the Codex that fit at the cursor. A shell shows no errors, so
 * an invalid Codex gives the words that can be read, and a missing one gives none.
 */
export function complete(
  { shell, completion, shellWords }: Extract<Invocation, { command: "complete" }>,
  { host, folders, terminal }: CommandContext,
): ExitCode {
  const { question } = completion;
  if (question.kind !== "lookup") throw new Error("the gate answers every other question");
  const read = readCodexFolder(host, folders.codex, folders.codexShown);
  const { codex } = readCodex("folder" in read ? read.folder : { folder: "", files: [] });
  const found = lookUp(codex, question.lookup, question.taken);
  terminal.out(answerFor(shell, completion, found, shellWords));
  return EXIT.ok;
}
