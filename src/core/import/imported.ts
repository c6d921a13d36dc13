/** The input and the result of both importers. */
import { type CodexFile, FILE_LIMIT_KIB } from "../codex/mod.ts";
import type { Vendor } from "../gpus.ts";
import { type Finding, finding, startOf } from "../report/mod.ts";
import type { Reported } from "./report.ts";

/** The most files that one import reads, drop-ins included: the Soulstones that a Codex may have. */
export const IMPORT_FILE_LIMIT = 512;

/** The most KiB of all files of one import: eight times the limit of a Codex. */
export const IMPORT_LIMIT_KIB = 4096;

/** A file to import; `path` is the operator's own spelling. */
export type ImportFile = CodexFile | {
  readonly path: string;
  /** The limit that was reached before this file. */
  readonly overLimit: string;
};

/** The facts of the host and of the Codex that an import depends on. */
export interface ImportContext {
  /** The home folder of the user. */
  readonly home: string | undefined;
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtime: string | undefined;
  /** `$XDG_CONFIG_HOME`. */
  readonly config: string | undefined;
  /** The number of the user. */
  readonly user: number;
  /** The ports that the Codex uses, and their owners. */
  readonly takenPorts: ReadonlyMap<number, string>;
  /** The groups of the Codex. */
  readonly takenGroups: ReadonlySet<string>;
  /** The maker of the GPUs for engines; undefined if no GPU is suitable. */
  readonly vendor: Vendor | undefined;
  /** The environment of llama-swap, as far as it is known. */
  readonly variables: ReadonlyMap<string, string>;
}

/** The Codex that an import produces. */
export interface Imported extends Reported {
  /** The TOML of each Soulstone, in the order of the input. */
  readonly soulstones: readonly { readonly name: string; readonly text: string }[];
  /** The TOML of each Portal, which has a file of its own. */
  readonly portals: readonly { readonly name: string; readonly text: string }[];
  /** The Coven that starts with the host, for `boot_coven` of lychd.toml. */
  readonly bootCoven: string | undefined;
  /** The TOML of lychd.toml, `boot_coven` included; empty if nothing belongs there. */
  readonly settings: string;
  /** The slots of the Soulstones. */
  readonly slots: ReadonlySet<string>;
}

/** An import, or the errors of the input. */
export interface ImportResult {
  readonly imported: Imported | undefined;
  readonly findings: readonly Finding[];
  /** The text of each readable file by path, for the frames of findings. */
  readonly sources: ReadonlyMap<string, string>;
}

/** Returns the text of a file, or the reason why it has none. */
export function readText(file: ImportFile): { text: string } | { error: Finding } {
  const at = startOf(file.path);
  if ("overLimit" in file) {
    return { error: finding("import-too-large", at, { limit: file.overLimit }) };
  }
  if ("unreadable" in file) {
    return { error: finding("file-unreadable", at, { reason: file.unreadable }) };
  }
  if (file.bytes.length > FILE_LIMIT_KIB * 1024) {
    return { error: finding("file-too-large", at, { limitKib: FILE_LIMIT_KIB }) };
  }
  try {
    // Quadlet and llama-swap do not skip a byte order mark.
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.bytes) };
  } catch {
    return { error: finding("file-not-utf8", at, {}) };
  }
}
