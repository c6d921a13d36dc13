// Not the main entry: its loader of files loads `node:fs/promises`, a sixth of the time of a render.
import { MemoryLoader } from "ventojs/loaders/memory.js";
import vento from "ventojs/web.js";
import boot from "../../../templates/boot.conf.vto" with { type: "text" };
import coven from "../../../templates/coven.target.vto" with { type: "text" };
import dashboards from "../../../templates/dashboards.yml.vto" with { type: "text" };
import volume from "../../../templates/data.volume.vto" with { type: "text" };
import datasource from "../../../templates/datasource.yml.vto" with { type: "text" };
import observerService from "../../../templates/observer.service.vto" with { type: "text" };
import observerTimer from "../../../templates/observer.timer.vto" with { type: "text" };
import prometheus from "../../../templates/prometheus.yml.vto" with { type: "text" };
import sepulcher from "../../../templates/sepulcher.pod.vto" with { type: "text" };
import soulstone from "../../../templates/soulstone.container.vto" with { type: "text" };
import watcher from "../../../templates/watcher.container.vto" with { type: "text" };
import watchers from "../../../templates/watchers.target.vto" with { type: "text" };
import { printable } from "../report/mod.ts";
import {
  type Directive,
  type Provenance,
  type Section,
  type Unit,
  verifyUnit,
  verifyYaml,
  writeYaml,
  type YamlValue,
} from "../rune/mod.ts";

/** The templates by the name of their file, embedded: no read permission is needed. */
const TEMPLATES = {
  "boot.conf": boot,
  "coven.target": coven,
  "dashboards.yml": dashboards,
  "data.volume": volume,
  "datasource.yml": datasource,
  "observer.service": observerService,
  "observer.timer": observerTimer,
  "prometheus.yml": prometheus,
  "sepulcher.pod": sepulcher,
  "soulstone.container": soulstone,
  "watcher.container": watcher,
  "watchers.target": watchers,
} as const;

/** A template, and what its comment at the top says. */
interface Layout {
  readonly template: keyof typeof TEMPLATES;
  readonly title: string;
  /** The Codex file it comes from. */
  readonly source: string;
}

/** A unit and what stands around its directives. */
export interface UnitLayout extends Layout {
  readonly unit: Unit;
  /** Keys of `quadlet` that lychd does not write itself, by section. */
  readonly passed?: Unit;
}

/** A file of YAML. */
export interface YamlLayout extends Layout {
  readonly value: YamlValue;
}

/** A file that lychd brings along as it is. */
export interface VerbatimLayout {
  readonly text: string;
}

/** A file as it is meant. `path` is relative to `$XDG_CONFIG_HOME`. */
export type FileLayout = { readonly path: string } & (UnitLayout | YamlLayout | VerbatimLayout);

/** A file as it is written, or the first line of it that does not say what was meant. */
export type Rendered =
  | { readonly text: string; readonly provenance: Provenance }
  | { readonly wrong: string };

/** Holds each template once it is compiled. */
const ENVIRONMENT = environmentOf();

function environmentOf() {
  const environment = vento({
    includes: new MemoryLoader({}),
    strict: true,
    autoescape: false,
    dataVarname: "rune",
  });
  environment.filters["directive"] = (directives: readonly Directive[] | undefined, key: string) =>
    (directives ?? []).map((d) => `\n${key}=${d.text}`).join("");
  environment.filters["directives"] = (section: Section | undefined) =>
    Object.entries(section ?? {})
      .flatMap(([key, directives]) => directives.map((d) => `\n${key}=${d.text}`)).join("");
  environment.filters["yaml"] = writeYaml;
  return environment;
}

/** Lays out a file by its template, and reads it back: it must say exactly what was meant. */
export async function render(layout: UnitLayout | YamlLayout | VerbatimLayout): Promise<Rendered> {
  if ("text" in layout) return { text: layout.text, provenance: new Map() };
  if ("value" in layout) {
    const { value } = layout;
    const text = await layOut(layout, { value });
    return verifyYaml(text, value) ?? { text, provenance: new Map() };
  }
  const { unit, passed = {} } = layout;
  const { "X-Lychd": facts, ...sections } = unit;
  const text = await layOut(layout, { facts, passed, ...sections });
  const read = verifyUnit(text, mergeUnits(unit, passed));
  return "wrong" in read ? read : { text, provenance: read.provenance };
}

async function layOut(
  { template, title, source }: Layout,
  content: Record<string, unknown>,
): Promise<string> {
  const data = { title: printable(title), source: printable(source), ...content };
  return (await ENVIRONMENT.runString(TEMPLATES[template], data, template)).content;
}

function mergeUnits(unit: Unit, passed: Unit): Unit {
  const merged: Record<string, Section> = { ...unit };
  for (const [section, keys] of Object.entries(passed)) {
    merged[section] = { ...merged[section], ...keys };
  }
  return merged;
}
