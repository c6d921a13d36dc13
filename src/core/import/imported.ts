/** What both importers take and give. */
import type { CodexFile } from "../codex/mod.ts";
import { FILE_LIMIT_KIB, lychdSchema, soulstoneSchema } from "../codex/mod.ts";
import { type Finding, finding, type Place, startOf } from "../report/mod.ts";
import type { Settled } from "./draft.ts";
import { type Note, noteLine } from "./ledger.ts";
import type { TakenPorts } from "./ports.ts";
import { soulstoneText } from "./toml_text.ts";

/** A file to import as the host found it; `path` is how the operator calls it. */
export type ImportFile = CodexFile | {
  readonly path: string;
  /** Why it was not read any more: what one import reads at most. */
  readonly beyond: string;
};

/** What is known of the host, and of the Codex that the import is for. */
export interface ImportContext {
  /** The home folder of the user. */
  readonly home: string | undefined;
  /** `$XDG_RUNTIME_DIR`. */
  readonly runtime: string | undefined;
  /** `$XDG_CONFIG_HOME`. */
  readonly config: string | undefined;
  /** The number of the user. */
  readonly user: number;
  /** Ports that the Codex gives away already, and to whom. */
  readonly takenPorts: ReadonlyMap<number, string>;
  /** Groups that the Codex has already. */
  readonly takenGroups: ReadonlySet<string>;
}

/** An import of something that could be read. */
export interface Imported {
  /** One TOML text for each Soulstone, in the order of the input. */
  readonly soulstones: readonly { readonly name: string; readonly text: string }[];
  /** The Coven that starts with the host, for `boot_coven` of lychd.toml. */
  readonly bootCoven: string | undefined;
  /** What became of everything in the input, in its order. */
  readonly notes: readonly Note[];
}

/** An import, or what is wrong with the input; warnings may stand beside a result. */
export interface ImportResult {
  readonly imported: Imported | undefined;
  readonly findings: readonly Finding[];
  /** The text of each file that could be read, by path: for the frames of a report. */
  readonly sources: ReadonlyMap<string, string>;
}

const DEFAULTS = lychdSchema.parse({});

/** Ports that watchers and the front door have by default, and those that the Codex gives away. */
export function portsOf({ takenPorts }: ImportContext): TakenPorts {
  return new Map([
    [DEFAULTS.harvester.port, "the Harvester (Prometheus)"],
    [DEFAULTS.scribe.port, "the Scribe (Grafana)"],
    [DEFAULTS.vessel.port, "the Vessel (the front door, kept free)"],
    ...takenPorts,
  ]);
}

/** True for an image that a Soulstone can have. */
export function isImage(text: string): boolean {
  return soulstoneSchema.shape.image.safeParse(text).success;
}

/** The Soulstones as TOML, each below comments that tell what changed and what was lost. */
export function textsOf(
  settled: readonly Settled[],
  notes: readonly Note[],
): { name: string; text: string }[] {
  return settled.map(({ name, fields, heading }) => {
    const own = notes.filter((note) => note.soulstone === name);
    const told = (title: string, outcome: Note["outcome"]) => {
      const lines = own.filter((note) => note.outcome === outcome).map((n) => `  ${noteLine(n)}`);
      return lines.length === 0 ? [] : [title, ...lines];
    };
    const comments = [
      ...heading,
      ...told("Not carried over:", "lost"),
      ...told("Changed:", "changed"),
    ];
    return { name, text: soulstoneText(name, fields, comments) };
  });
}

/** The text of a file, or why it has none. */
export function readText(file: ImportFile): { text: string } | { fault: Finding } {
  const at = startOf(file.path);
  if ("beyond" in file) {
    return { fault: finding("import-too-large", at, { limit: file.beyond }) };
  }
  if ("unreadable" in file) {
    return { fault: finding("file-unreadable", at, { reason: file.unreadable }) };
  }
  if (file.bytes.length > FILE_LIMIT_KIB * 1024) {
    return { fault: finding("file-too-large", at, { limitKib: FILE_LIMIT_KIB }) };
  }
  try {
    // A byte order mark is no white space to those who read these files.
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(file.bytes) };
  } catch {
    return { fault: finding("file-not-utf8", at, {}) };
  }
}

/** A whole line of those of a text, without the white space around it. */
export function lineAt(file: string, lines: readonly string[], line: number): Place {
  const content = lines[line - 1]?.trimEnd() ?? "";
  const start = { line, column: content.length - content.trimStart().length + 1 };
  return { file, start, end: { line, column: Math.max(content.length, start.column) + 1 } };
}
