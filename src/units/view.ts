import { type Inventory, readInventory } from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { compileCodex, findingJson, reportFindings } from "./codex.ts";
import { differences, readRendered, type Rendered, tellDifferences } from "./rendered.ts";
import { printJson, warn } from "../run/say.ts";

/** What the Codex says could be summoned, beside what was rendered. */
export interface CodexView {
  readonly inventory: Inventory;
  readonly rendered: Rendered;
  /** In words; empty when the two are the same. */
  readonly differences: readonly string[];
}

/**
 * Reads the Codex for a command that only looks, and warns where it is not what was rendered. Of one
 * with faults it tells the faults and gives the exit code; warnings are counted.
 */
export async function viewCodex(
  context: CommandContext,
  json: boolean,
): Promise<CodexView | { code: ExitCode }> {
  const loaded = await compileCodex(context);
  if (!loaded.valid) {
    reportFindings(context, loaded);
    if (json) printJson(context, { findings: loaded.findings.map(findingJson) });
    return { code: EXIT.codexInvalid };
  }
  const read = readRendered(context, loaded.runes);
  if ("problem" in read) return { code: fail(context, json, read.problem) };
  // What was asked for would be lost among warnings that have nothing to do with it.
  const { length } = loaded.findings;
  if (length > 0) {
    warn(context, `the Codex has ${length} warning${length === 1 ? "" : "s"}`, "lychd check");
  }
  const found = differences(loaded.runes, read.rendered);
  tellDifferences(context, found);
  const inventory = readInventory(loaded.runes);
  return { inventory, rendered: read.rendered, differences: found };
}
