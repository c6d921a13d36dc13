import { isAsWritten } from "../core/plan/plan.ts";
import { digestOf, readCodexFolder } from "./codex_folder.ts";
import type { CommandContext } from "../run/context.ts";
import { differences, type Rendered, tellDifferences } from "./rendered.ts";
import { warn } from "../run/say.ts";

/**
 * Warns, by name, where the Codex is not what was rendered, and so not what happens: after an edit of
 * either, after a rollback, and with another Codex.
 */
export async function compareWithCodex(
  context: CommandContext,
  rendered: Rendered,
): Promise<void> {
  if (isMadeFrom(context, rendered)) return;
  // The compiler takes time to load, which nobody waits for here.
  const { compileCodex } = await import("./codex.ts");
  const { runes, valid } = await compileCodex(context);
  if (valid) tellDifferences(context, differences(runes, rendered));
  else warn(context, "the Codex has faults; what was rendered last counts", "lychd check");
}

/** Whether it is certain, without a compilation, that the Codex makes what is on disk. */
function isMadeFrom({ host, folders, version }: CommandContext, { tree }: Rendered): boolean {
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  return "folder" in found && digestOf(found.folder, version) === tree.receipt.codex &&
    isAsWritten(tree);
}
