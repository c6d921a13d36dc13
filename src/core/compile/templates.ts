import { MemoryLoader } from "ventojs/loaders/memory.js";
import vento from "ventojs/web.js";
import unitTemplate from "../../../templates/unit.vto" with { type: "text" };
import yamlTemplate from "../../../templates/yaml.vto" with { type: "text" };
import { printable } from "../report/mod.ts";
import {
  type Provenance,
  type Unit,
  verifyDocuments,
  verifyUnit,
  verifyYaml,
  writeYaml,
  type YamlValue,
} from "../rune/mod.ts";

/** The comment at the top of a file. */
interface Heading {
  readonly title: string;
  /** The Codex files that it is generated from. */
  readonly source: string;
}

/** Comment lines by `Section.Key`; they are written above the first line of the key, if there is one. */
export type Comments = Readonly<Record<string, readonly string[]>>;

/** A unit before it is rendered. */
export interface UnitLayout extends Heading {
  readonly unit: Unit;
  readonly comments?: Comments;
}

/** A YAML file before it is rendered; blank lines separate its parts. */
interface YamlLayout extends Heading {
  readonly parts: readonly Readonly<Record<string, YamlValue>>[];
}

/** A YAML file of several documents before it is rendered. */
export interface DocumentsLayout extends Heading {
  readonly documents: readonly YamlValue[];
}

/** A file before it is rendered, or its text. `path` is relative to `$XDG_CONFIG_HOME`. */
export type FileLayout = { readonly path: string } & (UnitLayout | YamlLayout | { text: string });

/** A rendered file, or its first line that differs from the layout. */
export type Rendered =
  | { readonly text: string; readonly provenance: Provenance }
  | { readonly wrong: string };

/** Compiles each template once. The default entry point of Vento would load `node:fs`, which is slow. */
const ENVIRONMENT = vento({
  includes: new MemoryLoader({ "/unit.vto": unitTemplate, "/yaml.vto": yamlTemplate }),
  autoescape: false,
  dataVarname: "rune",
  autoDataVarname: false,
});

/** Renders a file, reads it back, and compares it with its layout. */
export async function render(layout: FileLayout | DocumentsLayout): Promise<Rendered> {
  if ("text" in layout) return { text: layout.text, provenance: new Map() };
  const { title, source } = layout;
  const heading = { title: printable(title), source: printable(source) };
  if ("parts" in layout) {
    const parts = layout.parts.map((part) => writeYaml(part));
    const text = (await ENVIRONMENT.run("yaml.vto", { ...heading, parts })).content;
    return verifyYaml(text, Object.assign({}, ...layout.parts)) ?? { text, provenance: new Map() };
  }
  if ("documents" in layout) {
    const parts = layout.documents.map((each, i) => `${i === 0 ? "" : "---\n"}${writeYaml(each)}`);
    const text = (await ENVIRONMENT.run("yaml.vto", { ...heading, parts })).content;
    return verifyDocuments(text, layout.documents) ?? { text, provenance: new Map() };
  }
  const data = { ...heading, sections: sectionsOf(layout) };
  const text = (await ENVIRONMENT.run("unit.vto", data)).content;
  const read = verifyUnit(text, layout.unit);
  return "wrong" in read ? read : { text, provenance: read.provenance };
}

/** Returns the sections and keys that have lines. */
function sectionsOf({ unit, comments = {} }: UnitLayout) {
  return Object.entries(unit).map(([section, keys]) => ({
    name: section,
    keys: Object.entries(keys).filter(([, lines]) => lines.length > 0).map(([key, lines]) => ({
      name: key,
      comments: comments[`${section}.${key}`] ?? [],
      values: lines.map(({ text }) => text),
    })),
  })).filter(({ keys }) => keys.length > 0);
}
