import vento from "ventojs";
import boot from "../../../templates/boot.conf.vto" with { type: "text" };
import coven from "../../../templates/coven.target.vto" with { type: "text" };
import sepulcher from "../../../templates/sepulcher.pod.vto" with { type: "text" };
import soulstone from "../../../templates/soulstone.container.vto" with { type: "text" };
import { printable } from "../report/mod.ts";
import type { Directive, Section, Unit } from "../rune/mod.ts";

/** The templates by the name of their file, embedded: no read permission is needed. */
const TEMPLATES = {
  "boot.conf": boot,
  "coven.target": coven,
  "sepulcher.pod": sepulcher,
  "soulstone.container": soulstone,
} as const;

/** A unit and what stands around its directives. */
export interface Layout {
  readonly template: keyof typeof TEMPLATES;
  /** For the comment at the top. */
  readonly title: string;
  /** The Codex file it comes from. */
  readonly source: string;
  readonly unit: Unit;
  /** Keys of `quadlet` that lychd does not write itself, by section. */
  readonly passed?: Unit;
}

type Renderer = (layout: Layout) => Promise<string>;

/**
 * Makes a function that lays out units by their templates. Each template is compiled once.
 */
export function makeRenderer(): Renderer {
  const environment = vento({ strict: true, autoescape: false, dataVarname: "rune" });
  environment.filters["directive"] = (directives: readonly Directive[] | undefined, key: string) =>
    (directives ?? []).map((d) => `\n${key}=${d.text}`).join("");
  environment.filters["directives"] = (section: Section | undefined) =>
    Object.entries(section ?? {})
      .flatMap(([key, directives]) => directives.map((d) => `\n${key}=${d.text}`)).join("");
  return async function render({ template, title, source, unit, passed }) {
    const { "X-Lychd": facts, ...sections } = unit;
    const data = {
      title: printable(title),
      source: printable(source),
      facts,
      passed: passed ?? {},
      ...sections,
    };
    const { content } = await environment.runString(TEMPLATES[template], data, template);
    return content;
  };
}
