import { formatDiff, paintDiff } from "../core/plan/diff.ts";
import { type Change, formatSummary } from "../core/plan/plan.ts";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";

/** Prints the diffs of a plan for the files below `root`, and its summary. */
export function printChanges(
  { terminal }: Pick<CommandContext, "terminal">,
  changes: readonly Change[],
  root: string,
): void {
  for (const change of changes) {
    const diff = formatDiff(change);
    terminal.out(
      terminal.outIsTerminal ? paintDiff(diff, terminal.outPalette, printable) : diff,
    );
    terminal.err(remark(change, root));
  }
  terminal.out(`${formatSummary(changes)}\n`);
}

/** Returns what the diff of a change does not show. */
function remark({ path, action, before, after }: Change, root: string): string {
  const shown = printable(`${root}/${path}`);
  switch (action) {
    case "drifted":
      return `lychd: ${shown} was edited by hand; render will refuse to overwrite it\n`;
    case "foreign":
      return `lychd: ${shown} was not written by lychd; render will refuse to overwrite it\n`;
    case "update":
      return before !== undefined && after !== undefined && before.mode !== after.mode
        ? `lychd: ${shown} has mode ${octal(before.mode)}; render sets it to ${octal(after.mode)}\n`
        : "";
    default:
      return "";
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
