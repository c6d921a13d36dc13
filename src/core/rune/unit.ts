import type { Place } from "../report/finding.ts";
import { trimEnds } from "../report/text.ts";

/** The value of one line `Key=text`, already escaped, and the Codex value that it comes from. */
export interface Directive {
  readonly text: string;
  readonly from?: Place | undefined;
}

/** The lines of one section by key; a key with an empty list is not written. */
export type Section = Readonly<Record<string, readonly Directive[]>>;

/** The content of a unit, by section. */
export type Unit = Readonly<Record<string, Section>>;

/** Returns one directive whose text needs no escaping, as the list that a {@linkcode Section} holds. */
export function directive(text: string | number | boolean, from?: Place): Directive[] {
  return [from === undefined ? { text: String(text) } : { text: String(text), from }];
}

/** One line of a unit file, read back. */
export interface UnitLine {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** The lines and sections of a unit file in their order, or its first invalid line. */
export type ReadUnit =
  | { readonly lines: UnitLine[]; readonly sections: string[] }
  | { readonly badLine: number };

/**
 * Reads a unit file as systemd does: a line that starts with `#` or `;` is a comment, and a backslash
 * at the end of a line joins the next line with a space.
 *
 * @returns the lines, or the number of the first one that is not a section, a comment or `Key=value`.
 *
 * @example
 * ```ts
 * import { readUnit } from "./unit.ts";
 * readUnit("[Unit]\nDescription=An eye\n");
 * // { lines: [{ section: "Unit", key: "Description", value: "An eye", line: 2 }], sections: … }
 * ```
 */
export function readUnit(text: string): ReadUnit {
  const logical: LogicalLine[] = [];
  const physical = text.split("\n");
  for (let i = 0; i < physical.length; i++) {
    const number = i + 1;
    let line = (physical[i] ?? "").trimStart();
    if (isComment(line)) continue;
    const parts: string[] = [];
    while (line.endsWith("\\") && i + 1 < physical.length) {
      const next = physical[++i] ?? "";
      // Comments between continued lines are skipped.
      if (/^\s*[#;]/.test(next)) continue;
      parts.push(line.slice(0, -1));
      line = next.trimStart();
    }
    logical.push({ text: [...parts, line].join(" "), number });
  }
  return readLines(logical);
}

/**
 * Reads a unit file as Quadlet does. It joins continued lines without a space, allows white space
 * after the backslash, and skips empty lines between them (observed with Podman 5.4.2).
 *
 * @example
 * ```ts
 * import { readQuadletUnit } from "./unit.ts";
 * readQuadletUnit("[Container]\nExec=a\\\n  b \\ \nc\n");
 * // { lines: [{ section: "Container", key: "Exec", value: "ab c", line: 2 }], sections: … }
 * ```
 */
export function readQuadletUnit(text: string): ReadUnit {
  const logical: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [i, physical] of text.split("\n").entries()) {
    const line = trimSpace(physical);
    if (isComment(line)) continue;
    const continues = line.endsWith("\\");
    const part = continues ? line.slice(0, -1) : line;
    open = { text: (open?.text ?? "") + part, number: open?.number ?? i + 1 };
    if (continues) continue;
    logical.push(open);
    open = undefined;
  }
  return readLines(open === undefined ? logical : [...logical, open]);
}

/** A line joined with its continuation lines; the number is that of the first. */
interface LogicalLine {
  readonly text: string;
  readonly number: number;
}

function isComment(line: string): boolean {
  return line === "" || line.startsWith("#") || line.startsWith(";");
}

/** White space as Go defines it, without the byte order mark. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

function trimSpace(text: string): string {
  return trimEnds(text, SPACE);
}

function readLines(logical: readonly LogicalLine[]): ReadUnit {
  const lines: UnitLine[] = [];
  const sections: string[] = [];
  let section: string | undefined;
  for (const { text, number } of logical) {
    const head = /^\[([^\[\]]+)\]\s*$/.exec(text);
    if (head !== null) {
      section = head[1] ?? "";
      sections.push(section);
      continue;
    }
    const equals = text.indexOf("=");
    if (section === undefined || equals <= 0) return { badLine: number };
    const key = trimSpace(text.slice(0, equals));
    lines.push({ section, key, value: trimSpace(text.slice(equals + 1)), line: number });
  }
  return { lines, sections };
}

/** The Codex places of a rendered unit, by line number. */
export type Provenance = ReadonlyMap<number, Place>;

/**
 * Compares a rendered file with the unit that it was rendered from. Sections, keys and the values of
 * each key must be equal, so no value and no template can add, lose or change a directive.
 *
 * @returns the Codex place of each line, or the first line that differs.
 */
export function verifyUnit(
  text: string,
  unit: Unit,
): { provenance: Provenance } | { wrong: string } {
  const read = readUnit(text);
  if ("badLine" in read) return { wrong: text.split("\n")[read.badLine - 1] ?? "" };
  for (const [i, section] of read.sections.entries()) {
    const isExpected = Object.values(unit[section] ?? {}).some((lines) => lines.length > 0);
    if (!isExpected || read.sections.indexOf(section) !== i) return { wrong: `[${section}]` };
  }
  const expected = new Map(
    Object.entries(unit).flatMap(([section, keys]) =>
      Object.entries(keys).map(([key, lines]) => [`${section}.${key}`, lines.values()])
    ),
  );
  const provenance = new Map<number, Place>();
  for (const { section, key, value, line } of read.lines) {
    const next = expected.get(`${section}.${key}`)?.next().value;
    if (next === undefined || next.text !== value) return { wrong: `[${section}] ${key}=${value}` };
    if (next.from !== undefined) provenance.set(line, next.from);
  }
  for (const [name, left] of expected) {
    const first = left.next().value;
    if (first !== undefined) return { wrong: `missing: ${name}=${first.text}` };
  }
  return { provenance };
}

/**
 * Returns the services in the output of `quadlet -dryrun`, by name. The only sign that the generator
 * drops a unit is that its service is missing; the exit code is not reliable.
 */
export function parseGeneratorOutput(stdout: string): Map<string, string> {
  const services = new Map<string, string>();
  for (const block of stdout.split(/^---(?=\S+\.service---$)/m).slice(1)) {
    services.set(block.slice(0, block.indexOf("---")), block.slice(block.indexOf("\n") + 1));
  }
  return services;
}
