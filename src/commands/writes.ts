import {
  type Change,
  formatGeneration,
  formatReceipt,
  FORMER_PATH,
  RECEIPT_PATH,
  sha256,
} from "../core/plan/mod.ts";
import type { DiskTree } from "./disk.ts";
import type { Write } from "./transaction.ts";

const OWN_MODE = 0o600;

/**
 * The files that make a plan true: those of its changes, the receipt, and, where there was one, the
 * generation before it.
 */
export function writesFor(changes: readonly Change[], { receipt, disk }: DiskTree): Write[] {
  const files: Record<string, { sha256: string; mode: number }> = {};
  const writes: Write[] = [];
  for (const { path, action, after } of changes) {
    if (after !== undefined) files[path] = { sha256: sha256(after.text), mode: after.mode };
    if (action === "unchanged") continue;
    writes.push({ path, content: after?.text, mode: after?.mode ?? OWN_MODE });
  }
  if (writes.length === 0 && sameFiles(files, receipt.files)) return [];
  writes.push({ path: RECEIPT_PATH, content: formatReceipt({ files }), mode: OWN_MODE });
  const former = Object.keys(receipt.files).flatMap((path) => {
    const file = disk.get(path);
    const text = file === undefined ? undefined : new TextDecoder().decode(file.bytes);
    return file === undefined || text === undefined
      ? []
      : [{ path, text, mode: file.mode, provenance: new Map() }];
  });
  if (former.length > 0) {
    writes.push({ path: FORMER_PATH, content: formatGeneration(former), mode: OWN_MODE });
  }
  return writes;
}

function sameFiles(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>) {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name));
}
