/** Refuses files that an inscription would overwrite although lychd did not write them. */
import { join } from "node:path/posix";
import type { Rune } from "../core/compile/compile.ts";
import { formatDiff, paintDiff } from "../core/plan/diff.ts";
import type { Change } from "../core/plan/plan.ts";
import type { Receipt } from "../core/plan/receipt.ts";
import { printable } from "../core/report/printable.ts";
import type { CommandContext } from "../run/context.ts";
import type { InscribeOptions } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { nameClashes } from "./name_clashes.ts";
import { editedName, type Write } from "./transaction.ts";

/** Refuses files and units that lychd did not write, and files that were edited by hand. */
export function refuseNotOwned(
  context: CommandContext,
  options: InscribeOptions,
  changes: readonly Change[],
  runes: readonly Rune[],
  receipt: Receipt,
): void {
  const { host, folders } = context;
  const notOwned = changes.filter(({ action }) => action === "foreign");
  if (notOwned.length > 0) {
    throw new Refusal(unchanged(folders.config, notOwned, "was not written by lychd"), {
      hint: "move it away, or rename the Soulstone",
    });
  }
  const clashes = nameClashes(host, folders, runes, receipt);
  if (clashes.length > 0) {
    const message = "a unit of the same name already exists; nothing was changed";
    throw new Refusal([message, ...clashes.map((clash) => `  ${clash}`)], {
      hint: "move it away, or rename the Soulstone or group",
    });
  }
  refuseDrift(context, options, changes);
}

/** Refuses files that were edited by hand, and shows their diffs, unless `force` is set. */
export function refuseDrift(
  { folders, terminal }: CommandContext,
  { force }: InscribeOptions,
  changes: readonly Change[],
): void {
  const edited = changes.filter(({ action }) => action === "drifted");
  if (edited.length === 0 || force) return;
  for (const change of edited) {
    // The edit may contain control characters.
    terminal.err(paintDiff(formatDiff(change), terminal.errPalette, printable));
  }
  throw new Refusal(unchanged(folders.config, edited, "was edited by hand"), {
    hint:
      "copy the edit into the Codex (`quadlet` accepts any key); or overwrite it with --force, " +
      "which keeps a copy",
  });
}

/** Returns a line for each file: its state, and that nothing was changed. */
function unchanged(root: string, changes: readonly Change[], state: string): string[] {
  return changes.map(({ path }) => `${join(root, path)} ${state}; nothing was changed`);
}

/** Returns copies of edited files that are overwritten, under names that are not units. */
export function backupsFor({ host, folders }: CommandContext, changes: readonly Change[]): Write[] {
  return changes.flatMap(({ path, action, before }) => {
    if (action !== "drifted" || before === undefined) return [];
    const name = editedName(host, folders.config, path);
    return [{ path: name, content: before.bytes, mode: before.mode }];
  });
}
