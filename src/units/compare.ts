import { isAsWritten } from "../core/plan/plan.ts";
import type { CommandContext } from "../run/context.ts";
import { warn } from "../run/say.ts";
import { digestOf, readCodexFolder } from "./codex_folder.ts";
import { differences, type Rendered, warnOfDifferences } from "./rendered.ts";

/** Warns if the Codex differs from the rendered units. Compiles it only if its digest differs. */
export async function compareWithCodex(context: CommandContext, rendered: Rendered): Promise<void> {
  const { host, folders, version } = context;
  const { tree } = rendered;
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const isSame = "folder" in found && digestOf(found.folder, version) === tree.receipt.codex &&
    isAsWritten(tree);
  if (isSame) return;
  const { compileCodex } = await import("./codex.ts");
  const { runes, valid } = await compileCodex(context);
  if (valid) warnOfDifferences(context, differences(runes, rendered));
  else warn(context, "the Codex has errors; the units of the last render are used", "lychd check");
}
