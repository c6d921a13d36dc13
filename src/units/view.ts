import { type Inventory, readInventory, type UnitFile } from "../core/orchestrator/inventory.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { printJson, warn } from "../run/say.ts";
import type { CodexEntry } from "../trust/path.ts";
import { compileCodex, findingJson, reportFindings } from "./codex.ts";
import { CODEX_HAS_ERRORS, differences, isUndone, warnOfDifferences } from "./differences.ts";
import { readRendered, type Rendered } from "./rendered.ts";

/** The inventory of the Codex, and the rendered units. */
export interface CodexView {
  readonly inventory: Inventory;
  /** The units that it was read from. */
  readonly files: readonly UnitFile[];
  /** The files and folders of the Codex that the inventory depends on. */
  readonly visited: readonly CodexEntry[];
  /** The source of the inventory: the last render if the Codex has errors. */
  readonly source: "codex" | "last-render";
  readonly rendered: Rendered;
  /** In words; empty if the two are the same. */
  readonly differences: readonly string[];
}

/**
 * Reads the Codex for a command that changes nothing, and warns if it differs from the last render.
 * If the Codex is invalid, uses the rendered units, as `summon` does; if there are none, prints the
 * findings and returns the exit code.
 */
export async function viewCodex(
  context: CommandContext,
  json: boolean,
): Promise<CodexView | { code: ExitCode }> {
  const loaded = await compileCodex(context);
  const { findings, runes } = loaded;
  const rendered = readRendered(context, runes);
  if (!loaded.valid) {
    const { tree: { hasReceipt }, inventory, files } = rendered;
    if (hasReceipt) {
      warn(context, CODEX_HAS_ERRORS, "lychd check");
      const differences = [CODEX_HAS_ERRORS];
      return { inventory, files, visited: [], source: "last-render", rendered, differences };
    }
    reportFindings(context, loaded);
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return { code: EXIT.codexInvalid };
  }
  if (findings.length > 0) {
    const plural = findings.length === 1 ? "" : "s";
    warn(context, `the Codex has ${findings.length} warning${plural}`, "lychd check");
  }
  const found = differences(runes, rendered);
  warnOfDifferences(context, found, isUndone(rendered, loaded.codexDigest));
  return {
    inventory: readInventory(runes),
    files: runes,
    visited: loaded.visited,
    source: "codex",
    rendered,
    differences: found,
  };
}
