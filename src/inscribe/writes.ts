import { join } from "node:path/posix";
import { sha256 } from "../core/plan/digest.ts";
import {
  CURRENT_PATH,
  formatGeneration,
  FORMER_PATH,
  parseGeneration,
} from "../core/plan/generation.ts";
import type { Change } from "../core/plan/plan.ts";
import { formatReceipt, type Receipt, receiptOf, UNITS } from "../core/plan/receipt.ts";
import type { Host } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { warn } from "../run/say.ts";
import { readOwn } from "../trust/files.ts";
import type { Write } from "./transaction.ts";

const OWN_MODE = 0o600;

/**
 * Returns the writes of a plan: its changes, the receipt, this generation, and the previous one if it
 * differs. A render that only restores files makes no new generation. `codex` is the digest of the
 * Codex that the files were made from. Warns if the previous generation cannot be read.
 */
export function writesFor(
  { host, terminal }: Pick<CommandContext, "host" | "terminal">,
  root: string,
  changes: readonly Change[],
  { receipt, codex, undone, tree = UNITS }: {
    receipt: Receipt;
    tree?: typeof UNITS;
    codex?: string | undefined;
    undone?: string | undefined;
  },
): Write[] {
  const files: Record<string, { sha256: string; mode: number }> = {};
  const writes: Write[] = [];
  for (const { path, action, before, after } of changes) {
    if (after !== undefined) files[path] = { sha256: sha256(after.text), mode: after.mode };
    if (action === "unchanged") continue;
    const expected = before === undefined ? undefined : sha256(before.bytes);
    writes.push({ path, content: after?.text, mode: after?.mode ?? OWN_MODE, expected });
  }
  const isSame = sameFiles(files, receipt.files);
  const generation = changes.flatMap(({ after }) => after === undefined ? [] : [after]);
  const { current, problem } = tree.hasGenerations ? readCurrent(host, root, receipt) : {};
  if (problem !== undefined) {
    const loss = isSame ? "" : ", but a rollback cannot restore the units before this run";
    warn({ terminal }, `${problem}; lychd writes it again${loss}`);
  }
  // Another Codex may make the same files, for example one with another comment.
  if (writes.length === 0 && isSame && codex === receipt.codex && problem === undefined) return [];
  const after = {
    files,
    ...codex === undefined ? {} : { codex },
    ...undone === undefined ? {} : { undone },
  };
  writes.push({ path: receiptOf(tree), content: formatReceipt(after), mode: OWN_MODE });
  if (isSame && problem === undefined || !tree.hasGenerations) return writes;
  if (!isSame) writes.push({ path: FORMER_PATH, content: current, mode: OWN_MODE });
  // As bytes, which the transaction needs more than once.
  const content = new TextEncoder().encode(formatGeneration(generation));
  writes.push({ path: CURRENT_PATH, content, mode: OWN_MODE });
  return writes;
}

/**
 * Reads the generation of the last render, as it is on disk, or returns why it cannot be used. There is
 * none before the first render.
 */
export function readCurrent(
  host: Host,
  root: string,
  receipt: Receipt,
): { current?: Uint8Array | undefined; problem?: string } {
  const file = readOwn(host, root, CURRENT_PATH);
  if (file === undefined && Object.keys(receipt.files).length === 0) return {};
  const read = file === undefined
    ? { problem: "it does not exist" }
    : parseGeneration(new TextDecoder().decode(file.bytes));
  return "problem" in read
    ? { problem: `${join(root, CURRENT_PATH)} cannot be used: ${read.problem}` }
    : { current: file?.bytes };
}

/** Returns true if two receipts have the same files with the same digests. */
function sameFiles(a: Receipt["files"], b: Receipt["files"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => a[name]?.sha256 === b[name]?.sha256);
}
