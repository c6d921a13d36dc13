import { join } from "node:path/posix";
import { QUADLET_FOLDER, SYSTEMD_FOLDER } from "../rune/names.ts";

/** A tree of files that lychd writes below one folder, the root. Paths are relative to it. */
export interface Tree {
  /** The folders of the files. lychd touches no other path. */
  readonly folders: readonly [string, ...string[]];
  /** The folder of the receipt and the journal. */
  readonly own: string;
  /** True if a rollback can restore the previous render. */
  readonly hasGenerations: boolean;
}

/** The units; their root is `$XDG_CONFIG_HOME`. */
export const UNITS: Tree = {
  folders: [QUADLET_FOLDER, SYSTEMD_FOLDER],
  own: QUADLET_FOLDER,
  hasGenerations: true,
};

/** The objects of Kubernetes. */
export const MANIFESTS: Tree = {
  folders: ["base", "covens", "watchers"],
  own: ".",
  hasGenerations: false,
};

/** Returns the path of the receipt of a tree. */
export function receiptOf({ own }: Tree): string {
  return join(own, ".lychd-receipt.json");
}

/** The path of the receipt, relative to `$XDG_CONFIG_HOME`. */
export const RECEIPT_PATH = receiptOf(UNITS);

/** The files of the last render: the only proof that lychd wrote a file. */
export interface Receipt {
  /** By path relative to `$XDG_CONFIG_HOME`. */
  readonly files: Readonly<Record<string, { readonly sha256: string; readonly mode: number }>>;
  /** The digest of the Codex that they were made from; undefined after a rollback. */
  readonly codex?: string;
  /** The digest of the Codex that a rollback undid; a render of it would repeat the edit. */
  readonly undone?: string;
}

/** The empty receipt. */
export const NO_RECEIPT: Receipt = { files: {} };

/** The version of the format. */
const VERSION = 1;

/** Formats a receipt, sorted by path. */
export function formatReceipt(receipt: Receipt): string {
  const files = Object.fromEntries(
    Object.entries(receipt.files).sort(([a], [b]) => a < b ? -1 : 1),
  );
  const { codex, undone } = receipt;
  const value = { lychd: VERSION, codex, undone, files };
  return `${JSON.stringify(value, null, 2)}\n`;
}

/**
 * Reads a receipt, or returns what is wrong with the text. Refuses paths outside of the folders of
 * lychd, because files of a receipt may be removed.
 */
export function parseReceipt(
  text: string,
  tree = UNITS,
): { receipt: Receipt } | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { problem: error instanceof Error ? error.message : String(error) };
  }
  if (!isRecord(value) || !isRecord(value["files"])) {
    return { problem: "it is not a receipt of lychd" };
  }
  const { lychd: version, codex, undone } = value;
  if (version !== VERSION) {
    return { problem: `it has version ${version}; this version of lychd reads ${VERSION}` };
  }
  const files: Record<string, { sha256: string; mode: number }> = {};
  for (const [path, entry] of Object.entries(value["files"])) {
    const shown = JSON.stringify(path);
    if (!isOwnPath(path, tree)) {
      return { problem: `it names a file that lychd cannot have written: ${shown}` };
    }
    const { sha256, mode } = isRecord(entry) ? entry : {};
    if (typeof sha256 !== "string" || typeof mode !== "number") {
      return { problem: `its entry for ${shown} is broken` };
    }
    files[path] = { sha256, mode };
  }
  return {
    receipt: {
      ...typeof codex === "string" ? { codex } : {},
      ...typeof undone === "string" ? { undone } : {},
      files,
    },
  };
}

/**
 * Returns true if a path, relative to the root of the tree, is in a folder that lychd writes to, or that of
 * the receipt.
 */
export function isOwnPath(path: string, tree = UNITS): boolean {
  const { folders } = tree;
  return path === receiptOf(tree) ||
    folders.some((folder) => path.startsWith(`${folder}/`)) && !path.includes("\0") &&
      path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
