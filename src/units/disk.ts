import { Refusal } from "../run/refusal.ts";
import { join } from "node:path/posix";
import { TREE_LIMIT_BYTES } from "../core/plan/limits.ts";
import type { DiskFile } from "../core/plan/plan.ts";
import { NO_RECEIPT, parseReceipt, type Receipt, receiptOf, UNITS } from "../core/plan/receipt.ts";
import { type Host, HostError, tooLarge } from "../host/host.ts";
import { readOwn } from "../trust/files.ts";

/** The files that lychd wrote, or may write. */
export interface DiskTree {
  readonly receipt: Receipt;
  readonly hasReceipt: boolean;
  readonly disk: ReadonlyMap<string, DiskFile>;
}

/** Reads the receipt below `root`, its files and those at `paths`; refuses what it cannot read. */
export function readTree(
  host: Host,
  root: string,
  paths: readonly string[],
  kind = UNITS,
): DiskTree {
  try {
    const file = readOwn(host, root, receiptOf(kind));
    const parsed = file === undefined
      ? { receipt: NO_RECEIPT }
      : parseReceipt(new TextDecoder().decode(file.bytes), kind);
    if ("problem" in parsed) {
      const path = join(root, receiptOf(kind));
      throw new Refusal(`the receipt ${path} cannot be used: ${parsed.problem}`);
    }
    const { receipt } = parsed;
    const disk = new Map<string, DiskFile>();
    let bytes = 0;
    for (const path of new Set([...paths, ...Object.keys(receipt.files)])) {
      const file = readOwn(host, root, path);
      if (file === undefined) continue;
      bytes += file.bytes.length;
      if (bytes > TREE_LIMIT_BYTES) throw tooLarge(root, TREE_LIMIT_BYTES);
      disk.set(path, file);
    }
    return { receipt, hasReceipt: file !== undefined, disk };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new Refusal(`${error.path} cannot be read: ${error.message}`);
  }
}
