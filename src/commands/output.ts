import { dirname, join } from "node:path/posix";
import {
  type Change,
  formatReceipt,
  formatSummary,
  plan,
  type Receipt,
  RECEIPT_PATH,
  sha256,
} from "../core/plan/mod.ts";
import { printable } from "../core/report/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../invocation.ts";
import type { CommandContext } from "./context.ts";
import { readTree } from "./disk.ts";
import type { Loaded } from "./load.ts";

/**
 * `render --output DIR`: writes the tree as it would lie below `$XDG_CONFIG_HOME`.
 *
 * DIR must be missing, empty, or made by an earlier run. The receipt is written first, with the old
 * and the new files, so that a run that was cut off can be repeated; and last, with the new ones.
 */
export function writeOutput(
  { json }: Extract<Invocation, { command: "render" }>,
  { host, folders, terminal }: CommandContext,
  { runes }: Loaded,
): ExitCode {
  const root = folders.output ?? "";
  const read = readTree(host, root, runes.map((rune) => rune.path));
  if ("problem" in read) return refuse(terminal.err, read.problem);
  try {
    const problem = read.tree.hasReceipt ? undefined : occupant(host, root);
    if (problem !== undefined) return refuse(terminal.err, problem);
    const changes = plan({ runes, disk: read.tree.disk, receipt: read.tree.receipt });
    const strange = changes.find((c) => c.action === "foreign" || c.action === "drifted");
    if (strange !== undefined) {
      return refuse(
        terminal.err,
        strange.action === "foreign"
          ? `${join(root, strange.path)} was not written by lychd; nothing was written`
          : `${join(root, strange.path)} was edited since it was written; nothing was written`,
      );
    }
    const receipt = receiptOf(changes);
    const union = { files: { ...read.tree.receipt.files, ...receipt.files } };
    replace(host, join(root, RECEIPT_PATH), formatReceipt(union), 0o600);
    for (const change of changes) applyChange(host, root, change);
    replace(host, join(root, RECEIPT_PATH), formatReceipt(receipt), 0o600);
    if (json) {
      const files = changes.map(({ path, action }) => ({ path, action }));
      terminal.out(`${JSON.stringify({ folder: root, files }, null, 2)}\n`);
    } else {
      terminal.out(`${printable(root)}: ${formatSummary(changes)}\n`);
    }
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return refuse(
      terminal.err,
      `${error.path}: ${error.message}; run it again when that is mended`,
    );
  }
}

function refuse(err: (text: string) => void, problem: string): ExitCode {
  err(`lychd: ${printable(problem)}\n`);
  return EXIT.failure;
}

/** Why `root` is no place for a tree, if it is none. */
function occupant(host: Host, root: string): string | undefined {
  const status = host.stat(root);
  if (status === undefined) return undefined;
  if (status.kind !== "folder") return `${root} is no folder`;
  return host.list(root).length === 0
    ? undefined
    : `${root} is neither empty nor made by lychd; name another folder`;
}

function receiptOf(changes: readonly Change[]): Receipt {
  const files: Record<string, { sha256: string; mode: number }> = {};
  for (const { path, after } of changes) {
    if (after !== undefined) files[path] = { sha256: sha256(after.text), mode: after.mode };
  }
  return { files };
}

function applyChange(host: Host, root: string, { path, action, after }: Change): void {
  if (action === "unchanged") return;
  if (after !== undefined) replace(host, join(root, path), after.text, after.mode);
  else host.remove(join(root, path));
}

/** Puts `text` in the place of `path` at once: whoever reads it sees the old file or the new one. */
function replace(host: Host, path: string, text: string, mode: number): void {
  const folder = dirname(path);
  host.makeFolder(folder);
  const staged = join(folder, `.lychd-new-${sha256(path).slice(0, 12)}`);
  if (host.lstat(staged) !== undefined) host.remove(staged);
  host.create(staged, text, mode);
  host.rename(staged, path);
  host.syncFolder(folder);
}
