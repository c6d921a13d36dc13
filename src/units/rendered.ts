/** What was rendered, and how it differs from what the Codex says now. */
import { basename } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { type Inventory, readInventory } from "../core/orchestrator/mod.ts";
import { type Change, plan } from "../core/plan/plan.ts";
import { printable } from "../core/report/mod.ts";
import { SEPULCHER } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { type DiskTree, readTree } from "./disk.ts";

/** The units that lychd wrote, as they are on disk. */
export interface Rendered {
  readonly tree: DiskTree;
  readonly inventory: Inventory;
}

/** Reads the units that lychd wrote; `runes` are looked for besides, or why they cannot be read. */
export function readRendered(
  { host, folders }: CommandContext,
  runes: readonly Rune[] = [],
): { rendered: Rendered } | { problem: string } {
  const read = readTree(host, folders.config, runes.map((rune) => rune.path));
  if ("problem" in read) return read;
  const { tree } = read;
  const files = Object.keys(tree.receipt.files).flatMap((path) => {
    const file = tree.disk.get(path);
    return file === undefined ? [] : [{ path, text: new TextDecoder().decode(file.bytes) }];
  });
  return { rendered: { tree, inventory: readInventory(files) } };
}

/** The same for a command that works with them: it needs some. */
export function requireRendered(
  context: CommandContext,
): { rendered: Rendered } | { problem: string; hint?: string } {
  const read = readRendered(context);
  if ("problem" in read || read.rendered.tree.hasReceipt) return read;
  return { problem: NOTHING, hint: "lychd render" };
}

const NOTHING = "nothing was rendered yet";

/** How many differences are named. */
const NAMED_LIMIT = 6;

/** How what the Codex says differs from what was rendered, in a few words each; empty if nowise. */
export function differences(runes: readonly Rune[], { tree }: Rendered): string[] {
  if (!tree.hasReceipt) return [NOTHING];
  const changes = plan({ runes, disk: tree.disk, receipt: tree.receipt })
    .filter((change) => change.action !== "unchanged")
    .sort((a, b) => WEIGHTS[a.action] - WEIGHTS[b.action]);
  const named = changes.slice(0, NAMED_LIMIT).map(difference);
  const rest = changes.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more`];
}

/** A new Soulstone changes all its rivals: what came and went says more. */
const WEIGHTS: Readonly<Record<Change["action"], number>> = {
  create: 0,
  remove: 0,
  drifted: 1,
  foreign: 1,
  update: 2,
  unchanged: 3,
};

function difference({ path, action }: Change): string {
  const name = nameOf(basename(path));
  switch (action) {
    case "create":
      return `${name} is not rendered`;
    case "remove":
      return `${name} is no longer in the Codex`;
    case "drifted":
      return `${name} was edited by hand`;
    case "foreign":
      return `${name} is a file of somebody else`;
    default:
      return `${name} changed`;
  }
}

function nameOf(file: string): string {
  if (file === SEPULCHER.file) return "the pod";
  const soulstone = /^soulstone-(.+)\.container$/.exec(file)?.[1];
  const coven = /^lychd-coven-(.+)\.target$/.exec(file)?.[1];
  return printable(soulstone ?? (coven === undefined ? file : `Coven ${coven}`));
}

/** Warns that the Codex and what was rendered differ, and names in what. */
export function tellDifferences({ terminal }: CommandContext, found: readonly string[]): void {
  if (found.length === 0) return;
  const { warning, hint } = terminal.errPalette;
  const words = found[0] === NOTHING
    ? NOTHING
    : `the Codex is not what was rendered: ${found.join(", ")}`;
  terminal.err(
    `${warning("warning")}: ${words}\n` +
      `${hint("hint")}: lychd render --dry-run shows it, lychd render puts it in place\n`,
  );
}
