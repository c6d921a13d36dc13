import { type Inventory, readInventory } from "../core/orchestrator/mod.ts";
import { EXIT, type ExitCode } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { fail } from "./fail.ts";
import { findingJson, loadCodex } from "./load.ts";
import { differences, readRendered, type Rendered, tellDifferences } from "./rendered.ts";
import { printJson } from "./say.ts";

/** What the Codex says could be summoned, beside what was rendered. */
export interface CodexView {
  readonly inventory: Inventory;
  readonly rendered: Rendered;
  /** In words; empty when the two are the same. */
  readonly differences: readonly string[];
}

/**
 * Reads the Codex for a command that only looks, and warns where it is not what was rendered. Of one
 * with faults it tells the faults and gives the exit code.
 */
export async function viewCodex(
  context: CommandContext,
  json: boolean,
): Promise<CodexView | { code: ExitCode }> {
  const loaded = await loadCodex(context);
  if (!loaded.valid) {
    if (json) printJson(context, { findings: loaded.findings.map(findingJson) });
    return { code: EXIT.codexInvalid };
  }
  const read = readRendered(context, loaded.runes);
  if ("problem" in read) return { code: fail(context, json, read.problem) };
  const found = differences(loaded.runes, read.rendered);
  tellDifferences(context, found);
  const inventory = readInventory(loaded.runes);
  return { inventory, rendered: read.rendered, differences: found };
}
