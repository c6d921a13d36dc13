import { join } from "node:path/posix";
import { type Change, plan } from "../core/plan/plan.ts";
import { receiptOf, type Tree } from "../core/plan/receipt.ts";
import type { Rune } from "../core/compile/mod.ts";
import { printable } from "../core/report/printable.ts";
import type { Host } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { entryProblem, refusePath, refuseUntrustedFolders } from "../trust/path.ts";
import { readTree } from "../units/disk.ts";
import { beginTransaction, isTransient, recover } from "./transaction.ts";
import { writesFor } from "./writes.ts";

/** The files of a tree. */
export interface Output {
  readonly files: readonly Rune[];
  readonly tree: Tree;
  /** The digest of the Codex. */
  readonly codex: string | undefined;
}

/**
 * `render --output DIR`: writes a tree to DIR, and returns the changes. Removes files that an earlier run
 * wrote and this one does not.
 *
 * DIR must be missing, empty, or written by an earlier run, and only this user may write to it.
 */
export function writeOutput(context: CommandContext, root: string, output: Output): Change[] {
  try {
    return writeTree(context, root, output);
  } catch (error) {
    throw refusalOf(error, "nothing was changed");
  }
}

/** Returns the changes that {@linkcode writeOutput} would make. */
export function compareOutput(
  { host }: Pick<CommandContext, "host">,
  root: string,
  { files, tree }: Output,
): Change[] {
  const { disk, receipt } = readTree(host, root, files.map(({ path }) => path), tree);
  return plan({ runes: files, disk, receipt });
}

function writeTree(
  context: CommandContext,
  root: string,
  { files: runes, tree, codex }: Output,
): Change[] {
  const { host } = context;
  if (host.stat(root) === undefined) host.makeFolder(root);
  if (host.stat(root)?.kind !== "folder") throw new Refusal(`${printable(root)} is not a folder`);
  // Another user may have made the folder since the gate checked it.
  const status = host.lstat(root);
  const problem = status && entryProblem(root, status, context, { name: "--output" });
  if (problem !== undefined) refusePath(problem);
  const paths = runes.map(({ path }) => path);
  refuseUntrustedFolders(context, root, [receiptOf(tree), ...paths]);
  recover(host, root, tree);
  const { disk, receipt, hasReceipt } = readTree(host, root, paths, tree);
  if (!hasReceipt && !isVacant(host, root)) {
    throw new Refusal(
      `${printable(root)} is neither empty nor written by lychd; use another folder`,
    );
  }
  const changes = plan({ runes, disk, receipt });
  const kept = changes.find(({ action }) => action === "foreign" || action === "drifted");
  if (kept !== undefined) {
    const state = kept.action === "foreign" ? "was not written by lychd" : "was edited by hand";
    throw new Refusal(`${printable(join(root, kept.path))} ${state}; nothing was written`, {
      hint: "move it away, or use another folder",
    });
  }
  const writes = writesFor(context, root, changes, { receipt, codex, tree });
  beginTransaction(host, root, writes, tree).commit();
  return changes;
}

/** Returns true if a folder has no files, except those of an interrupted transaction. */
function isVacant(host: Host, folder: string): boolean {
  const status = host.lstat(folder);
  if (status === undefined) return true;
  return host.list(folder).every((name) => {
    const path = join(folder, name);
    return host.lstat(path)?.kind === "folder" ? isVacant(host, path) : isTransient(name);
  });
}
