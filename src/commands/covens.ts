import { warningsOf } from "../core/orchestrator/covens.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import { covensJson, covensText } from "../units/covens_text.ts";
import { readGpus } from "../units/gpus.ts";
import { viewCodex } from "../units/view.ts";

/** `lychd covens`: shows which engines run together, which stop each other, and likely mistakes. */
export async function covens(
  { json }: Extract<Invocation, { command: "list" | "covens" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const view = await viewCodex(context, json);
  if ("code" in view) return view.code;
  const { inventory, source, differences } = view;
  const rendered = view.rendered.tree.hasReceipt ? view.rendered.inventory : undefined;
  const warnings = warningsOf(inventory, { gpus: await readGpus(context), rendered });
  for (const { message } of warnings) warn(context, message);
  if (json) printJson(context, { ...covensJson(inventory), warnings, source, differences });
  else context.terminal.out(covensText(inventory, context.terminal.outPalette));
  return EXIT.ok;
}
