/** What inputs are made of: the Codices, units and configurations of the golden tests. */
import { join } from "node:path/posix";
import { codexFiles, goldenCases } from "../golden/golden.ts";
import { importCases } from "../import/import.ts";

/** What is fed: a Codex of two files, a unit of Quadlet, or a configuration of llama-swap. */
export type Kind = "codex" | "unit" | "config";

/** The settings of a Codex, or nothing, and a text of the kind. */
export type Seed = readonly [settings: string, text: string];

/** One form of TOML in each part: the forms of several lines stand between empty ones. */
export const FORMS = Deno.readTextFileSync(join(import.meta.dirname ?? ".", "forms.toml"))
  .split(/\n\n+/).flatMap((part, i) => i === 0 ? part.split("\n") : [part.trim()]);

const decoder = new TextDecoder();

/** The files of Soulstones of a Codex are one here. */
function seedOf(folder: string): Seed {
  const files = codexFiles(folder);
  const text = (isSettings: boolean) =>
    files.filter(({ path }) => (path === "lychd.toml") === isSettings)
      .map((file) => "bytes" in file ? decoder.decode(file.bytes) : "").join("\n");
  return [text(true), text(false)];
}

const imported = (kind: "quadlet" | "llama-swap") =>
  importCases(kind).map(({ input }): Seed => ["", Deno.readTextFileSync(input)]);

/** The texts of the golden tests. */
export const SEEDS: Readonly<Record<Kind, readonly Seed[]>> = {
  codex: [...goldenCases().map(({ codex }) => seedOf(codex)), ["", FORMS.join("\n")]],
  unit: imported("quadlet"),
  config: imported("llama-swap"),
};

/** Parts of texts: lines, and the values behind their keys. */
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

/** What may be put into texts of a kind. */
export const PARTS: Readonly<Record<Kind, Parts>> = {
  codex: partsOf("codex"),
  unit: partsOf("unit"),
  config: partsOf("config"),
};
