import type { Rune } from "../core/compile/compile.ts";
import { type Inventory, readInventory, type UnitFile } from "../core/orchestrator/inventory.ts";
import { readServices, type Service } from "../core/orchestrator/services.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { type DiskTree, readTree } from "./disk.ts";

/** The units on disk that lychd wrote. */
export interface Rendered {
  readonly tree: DiskTree;
  readonly files: readonly UnitFile[];
  readonly inventory: Inventory;
  /** The pod and the Watchers. */
  readonly services: readonly Service[];
}

/** Reads the units that lychd wrote, and the files at the paths of `runes`. */
export function readRendered(
  { host, folders }: CommandContext,
  runes: readonly Rune[] = [],
): Rendered {
  const tree = readTree(host, folders.config, runes.map((rune) => rune.path));
  const files = Object.keys(tree.receipt.files).flatMap((path) => {
    const file = tree.disk.get(path);
    return file === undefined ? [] : [{ path, text: new TextDecoder().decode(file.bytes) }];
  });
  return { tree, files, inventory: readInventory(files), services: readServices(files) };
}

/** Reads the units that lychd wrote; refuses if there was no render. */
export function requireRendered(context: CommandContext): Rendered {
  const { host, folders: { codex, codexShown } } = context;
  const rendered = readRendered(context);
  if (rendered.tree.hasReceipt) return rendered;
  throw host.lstat(codex) === undefined
    ? noCodex(codexShown)
    : new Refusal(NOTHING, { hint: "lychd render" });
}

/** Makes the refusal of a command that needs a Codex. */
export function noCodex(shown: string): Refusal {
  return new Refusal(`there is no Codex at ${shown} yet`, { hint: "lychd init" });
}

/** The problem before the first render. */
export const NOTHING = "nothing was rendered yet";
