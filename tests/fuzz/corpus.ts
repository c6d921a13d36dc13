/** The sources of inputs: the Codices, units and configurations of the golden tests. */
import { join } from "node:path/posix";
import { codexFiles, goldenCases } from "../golden/golden.ts";
import { importCases } from "../import/import.ts";

/** The kind of an input: a Codex of two files, a Quadlet unit, or a configuration of llama-swap. */
export type Kind = "codex" | "unit" | "config";

/** The settings of a Codex, or an empty text, and a text of the kind. */
export type Seed = readonly [settings: string, text: string];

/** The forms of TOML, one in each part. Empty lines separate forms of several lines. */
export const FORMS = Deno.readTextFileSync(join(import.meta.dirname ?? ".", "forms.toml"))
  .split(/\n\n+/).flatMap((part, i) => i === 0 ? part.split("\n") : [part.trim()]);

const decoder = new TextDecoder();

/** Joins all Soulstone files of a Codex into one text. */
function seedOf(folder: string): Seed {
  const files = codexFiles(folder);
  const text = (isSettings: boolean) =>
    files.filter(({ path }) => (path === "lychd.toml") === isSettings)
      .map((file) => "bytes" in file ? decoder.decode(file.bytes) : "").join("\n");
  return [text(true), text(false)];
}

const imported = (kind: "quadlet" | "llama-swap") =>
  importCases(kind).filter(({ isFolder }) => !isFolder)
    .map(({ input }): Seed => ["", Deno.readTextFileSync(input)]);

/** The texts of the golden tests. */
export const SEEDS: Readonly<Record<Kind, readonly Seed[]>> = {
  codex: [...goldenCases().map(({ codex }) => seedOf(codex)), ["", FORMS.join("\n")]],
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
