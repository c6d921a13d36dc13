import type { Place } from "../report/finding.ts";
import { trimEnds } from "../report/trim.ts";

/** The value of one line `Key=text`, already escaped for it, and the Codex value it came from. */
export interface Directive {
  readonly text: string;
  readonly from?: Place | undefined;
}

/** The lines of one section by key; a key with an empty list is not written. */
export type Section = Readonly<Record<string, readonly Directive[]>>;

/** A unit as it is meant, by section; templates lay it out. */
export type Unit = Readonly<Record<string, Section>>;

/** One line of a unit file, read back. */
export interface UnitLine {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What a unit file says, in its order, or its first line that says nothing. */
export type ReadUnit =
  | { readonly lines: UnitLine[]; readonly sections: string[] }
  | { readonly badLine: number };

/**
 * Reads a unit file as systemd and Quadlet do: comments begin a line with `#` or `;`, a backslash at
 * the end of a line joins the next one with a space.
 *
 * @returns every line and section, or the first line that is neither section, comment nor `Key=value`.
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
      // A comment between continued lines is passed over.
      if (/^\s*[#;]/.test(next)) continue;
      parts.push(line.slice(0, -1));
      line = next.trimStart();
    }
    logical.push({ text: [...parts, line].join(" "), number });
  }
  return readLines(logical);
}

/**
 * Reads a unit file as Quadlet itself does, which differs from systemd where a line goes on: white
 * space may stand behind the backslash, nothing is put in its place, and empty lines are passed over
 * like comments (seen with Podman 5.4.2).
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
  let begun: LogicalLine | undefined;
  for (const [i, physical] of text.split("\n").entries()) {
    const line = trimSpace(physical);
    if (isComment(line)) continue;
    const goesOn = line.endsWith("\\");
    const part = goesOn ? line.slice(0, -1) : line;
    begun = { text: (begun?.text ?? "") + part, number: begun?.number ?? i + 1 };
    if (goesOn) continue;
    logical.push(begun);
    begun = undefined;
  }
  return readLines(begun === undefined ? logical : [...logical, begun]);
}

/** A line with those that go on with it, and the number of the first. */
interface LogicalLine {
  readonly text: string;
  readonly number: number;
}

function isComment(line: string): boolean {
  return line === "" || line.startsWith("#") || line.startsWith(";");
}

/** White space as Go has it: a byte order mark is none. */
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

/** The lines of a rendered unit that are meant to be there, by line number. */
export type Provenance = ReadonlyMap<number, Place>;

/**
 * Compares a rendered file with the unit it was to say: exactly its sections, keys and values, each
 * key's values in their order. So no value and no template can add, lose or change a directive.
 *
 * @returns where each line came from, or the first line that differs.
 */
export function verifyUnit(
  text: string,
  unit: Unit,
): { provenance: Provenance } | { wrong: string } {
  const read = readUnit(text);
  if ("badLine" in read) return { wrong: text.split("\n")[read.badLine - 1] ?? "" };
  for (const [i, section] of read.sections.entries()) {
    const isMeant = Object.values(unit[section] ?? {}).some((directives) => directives.length > 0);
    if (!isMeant || read.sections.indexOf(section) !== i) return { wrong: `[${section}]` };
  }
  const waiting = new Map(
    Object.entries(unit).map(([section, keys]) => [
      section,
      new Map(Object.entries(keys).map(([key, directives]) => [key, directives.values()])),
    ]),
  );
  const provenance = new Map<number, Place>();
  for (const { section, key, value, line } of read.lines) {
    const meant = waiting.get(section)?.get(key)?.next().value;
    if (meant === undefined || meant.text !== value) {
      return { wrong: `[${section}] ${key}=${value}` };
    }
    if (meant.from !== undefined) provenance.set(line, meant.from);
  }
  for (const [section, keys] of waiting) {
    for (const [key, left] of keys) {
      const first = left.next().value;
      if (first !== undefined) return { wrong: `missing: ${section}.${key}=${first.text}` };
    }
  }
  return { provenance };
}
