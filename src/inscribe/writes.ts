import { sha256 } from "../core/plan/digest.ts";
import { CURRENT_PATH, formatGeneration, FORMER_PATH } from "../core/plan/generation.ts";
import type { Change } from "../core/plan/plan.ts";
import { formatReceipt, type Receipt, RECEIPT_PATH } from "../core/plan/receipt.ts";
import type { Host } from "../host/host.ts";
import { readOwn } from "../trust/files.ts";
import type { Write } from "./transaction.ts";

const OWN_MODE = 0o600;

/**
 * Returns the writes of a plan: its changes, the receipt, this generation, and the previous one if it
 * differs. A render that only restores files makes no new generation. `codex` is the digest of the
 * Codex that the files were made from.
 */
export function writesFor(
  host: Host,
  root: string,
  changes: readonly Change[],
  { receipt, codex, undone }: {
    receipt: Receipt;
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
  // Another Codex may make the same files, for example one with another comment.
  if (writes.length === 0 && isSame && codex === receipt.codex) return [];
  const after = {
    files,
    ...codex === undefined ? {} : { codex },
    ...undone === undefined ? {} : { undone },
  };
  writes.push({ path: RECEIPT_PATH, content: formatReceipt(after), mode: OWN_MODE });
  if (isSame) return writes;
  const current = readOwn(host, root, CURRENT_PATH);
  if (current !== undefined) {
    writes.push({ path: FORMER_PATH, content: current.bytes, mode: OWN_MODE });
  }
  const generation = changes.flatMap(({ after }) => after === undefined ? [] : [after]);
  writes.push({ path: CURRENT_PATH, content: formatGeneration(generation), mode: OWN_MODE });
  return writes;
}

/** Returns true if two receipts have the same files with the same digests. */
function sameFiles(a: Receipt["files"], b: Receipt["files"]): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length &&
    names.every((name) => a[name]?.sha256 === b[name]?.sha256);
}
