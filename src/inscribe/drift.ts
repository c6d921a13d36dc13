/** What stands in the way of an inscription: edits, and files that are not ours. */
import { join } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { type Change, formatDiff, paintDiff, type Receipt } from "../core/plan/mod.ts";
import { printable, printableLines } from "../core/report/mod.ts";
import { EXIT, type InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { findStrangers } from "./name_clashes.ts";
import { editedName, type Write } from "./transaction.ts";
import { Refusal } from "./locked.ts";

/** Refuses what is not ours to change, and what somebody edited. */
export function refuseStrange(
  context: CommandContext,
  options: InscribeOptions,
  changes: readonly Change[],
  runes: readonly Rune[],
  receipt: Receipt,
): void {
  const { host, folders } = context;
  const shown = (path: string) => printable(join(folders.config, path));
  const foreign = changes.filter((change) => change.action === "foreign");
  if (foreign.length > 0) {
    throw new Refusal(
      EXIT.failure,
      foreign.map(({ path }) => `${shown(path)} was not written by lychd; nothing was changed`)
        .join("\n"),
      "move it away, or name the Soulstone otherwise",
    );
  }
  const strangers = findStrangers(host, folders, runes, receipt);
  if (strangers.length > 0) {
    throw new Refusal(
      EXIT.failure,
      `a unit of that name is there already; nothing was changed\n${printableLines(strangers)}`,
      "move it away, or name the Soulstone or group otherwise",
    );
  }
  refuseDrift(context, options, changes);
}

/** Refuses, with their diffs, files that somebody edited, unless ours are to be taken. */
export function refuseDrift(
  { folders, terminal }: CommandContext,
  { force }: InscribeOptions,
  changes: readonly Change[],
): void {
  const drifted = changes.filter((change) => change.action === "drifted");
  if (drifted.length === 0 || force) return;
  // An edit is somebody's text: it must not steer the terminal that it is shown on.
  for (const change of drifted) {
    terminal.err(paintDiff(formatDiff(change), terminal.errPalette, printable));
  }
  throw new Refusal(
    EXIT.failure,
    drifted.map(({ path }) =>
      `${
        printable(join(folders.config, path))
      } was edited since it was written; nothing was changed`
    ).join("\n"),
    "bring the edit into the Codex (`quadlet` takes any key); or --force takes ours and keeps yours",
  );
}

/** Copies of files that were edited and are now overwritten, under names that are no units. */
export function backupsFor({ host, folders }: CommandContext, changes: readonly Change[]): Write[] {
  return changes.flatMap(({ path, action, before }) => {
    if (action !== "drifted" || before === undefined) return [];
    const name = editedName(host, folders.config, path);
    return [{ path: name, content: before.bytes, mode: before.mode }];
  });
}
