import { type Inventory, readInventory } from "../core/orchestrator/inventory.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import { compileCodex, findingJson, reportFindings } from "./codex.ts";
import { differences, warnOfDifferences } from "./differences.ts";
import { readRendered, type Rendered } from "./rendered.ts";

/** The inventory of the Codex, and the rendered units. */
export interface CodexView {
  readonly inventory: Inventory;
  readonly rendered: Rendered;
  /** In words; empty if the two are the same. */
  readonly differences: readonly string[];
}

/**
 * Reads the Codex for a command that changes nothing, and warns if it differs from the last render.
 * Prints the findings of an invalid Codex and returns the exit code; otherwise only counts warnings.
 */
export async function viewCodex(
  context: CommandContext,
  json: boolean,
): Promise<CodexView | { code: ExitCode }> {
  const loaded = await compileCodex(context);
  const { findings, runes } = loaded;
  if (!loaded.valid) {
    reportFindings(context, loaded);
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return { code: EXIT.codexInvalid };
  }
  const rendered = readRendered(context, runes);
  if (findings.length > 0) {
    const plural = findings.length === 1 ? "" : "s";
    warn(context, `the Codex has ${findings.length} warning${plural}`, "lychd check");
  }
  const found = differences(runes, rendered);
  warnOfDifferences(context, found, rendered);
  return { inventory: readInventory(runes), rendered, differences: found };
}
