/** The sources of inputs: the Codices, units and configurations of the golden tests. */
import { Buffer } from "node:buffer";
import { join } from "node:path/posix";
import type { CodexFile } from "../../src/core/codex/mod.ts";
import { codexFiles, goldenCases } from "../golden/golden.ts";
import { importCases } from "../import/import.ts";
import { kubernetesFolders } from "../kubernetes/kubernetes.ts";

/** The kind of an input: a Codex, a Quadlet unit, or a configuration of llama-swap. */
export type Kind = "codex" | "unit" | "config";

/** The settings of a Codex, or an empty text, and a text of the kind. */
export type Seed = readonly [settings: string, text: string];

/** The forms of TOML, one in each part. Empty lines separate forms of several lines. */
export const FORMS = Deno.readTextFileSync(join(import.meta.dirname ?? ".", "forms.toml"))
  .split(/\n\n+/).flatMap((part, i) => i === 0 ? part.split("\n") : [part.trim()]);

const decoder = new TextDecoder();

/** The line before a file of a Portal. */
const PORTAL_LINE = /^#: (portals\/[^.\/\n][^\/\n]*\.(?:toml|pem))\n/m;

/** Joins all Soulstone files of a Codex into one text, followed by the files of its Portals. */
function seedOf(folder: string): Seed {
  const texts = codexFiles(folder).map((file) => ({
    path: file.path,
    text: "bytes" in file ? decoder.decode(file.bytes) : "",
  }));
  const joined = (start: string, before: (path: string) => string) =>
    texts.filter(({ path }) => path.startsWith(start))
      .map(({ path, text }) => before(path) + text).join("\n");
  const portals = joined("portals/", (path) => `#: ${path}\n`);
  const soulstones = joined("soulstones/", () => "");
  return [
    joined("lychd.toml", () => ""),
    portals === "" ? soulstones : `${soulstones}\n${portals}`,
  ];
}

/** Returns the files of a Codex whose text has the form of a seed; of two with one path the last. */
export function filesOf(settings: Uint8Array, text: Uint8Array): CodexFile[] {
  // latin1 keeps every byte: an edit may have made invalid UTF-8.
  const [soulstones = "", ...portals] = Buffer.from(text).toString("latin1").split(PORTAL_LINE);
  const files = new Map([["lychd.toml", settings], ["soulstones/a.toml", bytesOf(soulstones)]]);
  for (let i = 0; i + 1 < portals.length; i += 2) {
    files.set(portals[i] ?? "", bytesOf(portals[i + 1] ?? ""));
  }
  return [...files].map(([path, bytes]) => ({ path, bytes }));
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

const imported = (kind: "quadlet" | "llama-swap") =>
  importCases(kind).filter(({ isFolder }) => !isFolder)
    .map(({ input }): Seed => ["", Deno.readTextFileSync(input)]);

/** The texts of the golden tests. */
export const SEEDS: Readonly<Record<Kind, readonly Seed[]>> = {
  codex: [
    ...[...goldenCases().map(({ codex }) => codex), ...kubernetesFolders()].map(seedOf),
    ["", FORMS.join("\n")],
  ],
  unit: imported("quadlet"),
  config: imported("llama-swap"),
};

/** Parts of texts: lines, and the values after their keys. */
export interface Parts {
  readonly lines: readonly string[];
  readonly values: readonly string[];
}

function partsOf(kind: Kind): Parts {
  const more = kind === "codex" ? FORMS : [];
  const lines = [...new Set([...more, ...SEEDS[kind].flat().flatMap((text) => text.split("\n"))])];
  const separator = kind === "config" ? /^[^:]*: +/ : /^[^=]*= */;
  return {
    lines,
    values: lines.filter((line) => separator.test(line)).map((l) => l.replace(separator, "")),
  };
}

/** The parts that edits insert into texts of a kind. */
export const PARTS: Readonly<Record<Kind, Parts>> = {
  codex: partsOf("codex"),
  unit: partsOf("unit"),
  config: partsOf("config"),
};
