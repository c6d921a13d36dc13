/** The rendered units, and how they differ from the Codex. */
import { basename } from "node:path/posix";
import type { Rune } from "../core/compile/rune.ts";
import { type Inventory, readInventory } from "../core/orchestrator/inventory.ts";
import { type Change, plan } from "../core/plan/plan.ts";
import { printable } from "../core/report/printable.ts";
import { covenOf, SEPULCHER, soulstoneOf } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import { type DiskTree, readTree } from "./disk.ts";

/** The units on disk that lychd wrote. */
export interface Rendered {
  readonly tree: DiskTree;
  readonly inventory: Inventory;
}

/** Reads the units that lychd wrote, and the files at the paths of `runes`. */
export function readRendered(
  { host, folders }: CommandContext,
  runes: readonly Rune[] = [],
): Rendered {
  const read = readTree(host, folders.config, runes.map((rune) => rune.path));
  if ("problem" in read) throw new Refusal(read.problem);
  const { tree } = read;
  const files = Object.keys(tree.receipt.files).flatMap((path) => {
    const file = tree.disk.get(path);
    return file === undefined ? [] : [{ path, text: new TextDecoder().decode(file.bytes) }];
  });
  return { tree, inventory: readInventory(files) };
}

/** Reads the units that lychd wrote; refuses if there was no render. */
export function requireRendered(context: CommandContext): Rendered {
  const rendered = readRendered(context);
  if (!rendered.tree.hasReceipt) throw new Refusal(NOTHING, { hint: "lychd render" });
  return rendered;
}

const NOTHING = "nothing was rendered yet";

/** The most differences that are named. */
const NAMED_LIMIT = 6;

/** The actions in order: a new Soulstone updates all its rivals, so updates come last. */
const ORDER = [["create", "remove"], ["drifted", "foreign"], ["update"]];

/** Returns how the Codex differs from the rendered units, in a few words each. */
export function differences(runes: readonly Rune[], { tree }: Rendered): string[] {
  if (!tree.hasReceipt) return [NOTHING];
  const changes = plan({ runes, disk: tree.disk, receipt: tree.receipt });
  const sorted = ORDER.flatMap((some) => changes.filter(({ action }) => some.includes(action)));
  const named = sorted.slice(0, NAMED_LIMIT).map(difference);
  const rest = sorted.length - named.length;
  return rest === 0 ? named : [...named, `${rest} more`];
}

function difference({ path, action }: Change): string {
  const file = basename(path);
  const coven = covenOf(file);
  const name = file === SEPULCHER.file
    ? "the pod"
    : printable(soulstoneOf(file) ?? (coven === undefined ? file : `Coven ${coven}`));
  switch (action) {
    case "create":
      return `${name} is not rendered`;
    case "remove":
      return `${name} is no longer in the Codex`;
    case "drifted":
      return `${name} was edited by hand`;
    case "foreign":
      return `${name} was not written by lychd`;
    default:
      return `${name} changed`;
  }
}

/** Warns about differences between the Codex and the rendered units. */
export function warnOfDifferences(context: CommandContext, found: readonly string[]): void {
  if (found.length === 0) return;
  const words = found[0] === NOTHING
    ? NOTHING
    : `the Codex differs from the last render: ${found.join(", ")}`;
  warn(context, words, "lychd render --dry-run shows the changes, lychd render applies them");
}
