import { join } from "node:path/posix";
import { formatSummary, plan } from "../core/plan/plan.ts";
import { RECEIPT_PATH } from "../core/plan/receipt.ts";
import { printable } from "../core/report/printable.ts";
import type { Host } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal, refusalOf } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";
import { entryProblem, refusePath, refuseUntrustedFolders } from "../trust/path.ts";
import type { Loaded } from "../units/codex.ts";
import { readTree } from "../units/disk.ts";
import { beginTransaction, isTransient, recover } from "./transaction.ts";
import { writesFor } from "./writes.ts";

/**
 * `render --output DIR`: writes the tree that a render would write below `$XDG_CONFIG_HOME`.
 *
 * DIR must be missing, empty, or written by an earlier run, and only this user may write to it.
 */
export function writeOutput(
  { json }: Extract<Invocation, { command: "render" }>,
  context: CommandContext,
  loaded: Loaded,
): ExitCode {
  const { folders, terminal } = context;
  const root = folders.output ?? "";
  try {
    const changes = writeTree(context, root, loaded);
    if (json) {
      const files = changes.map(({ path, action }) => ({ path, action }));
      printJson(context, { folder: root, files });
    } else terminal.out(`${printable(root)}: ${formatSummary(changes)}\n`);
    return EXIT.ok;
  } catch (error) {
    throw refusalOf(error, "nothing was changed");
  }
}

function writeTree(
  context: CommandContext,
  root: string,
  { runes, codexDigest: codex }: Loaded,
) {
  const { host } = context;
  if (host.stat(root) === undefined) host.makeFolder(root);
  if (host.stat(root)?.kind !== "folder") throw new Refusal(`${printable(root)} is not a folder`);
  // Another user may have made the folder since the gate checked it.
  const status = host.lstat(root);
  const problem = status && entryProblem(root, status, context, { name: "--output" });
  if (problem !== undefined) refusePath(problem);
  const paths = runes.map(({ path }) => path);
  refuseUntrustedFolders(context, root, [RECEIPT_PATH, ...paths]);
  recover(host, root);
  const { disk, receipt, hasReceipt } = readTree(host, root, paths);
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
  beginTransaction(host, root, writesFor(context, root, changes, { receipt, codex })).commit();
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
