import { type Finding, type Place, sortFindings } from "./finding.ts";
import type { Palette } from "./palette.ts";
import { printable } from "./printable.ts";

/** What a report needs besides its findings. */
export interface ReportOptions {
  /** The text of each Codex file, by its path below the Codex; a missing one shows no frame. */
  readonly sources: ReadonlyMap<string, string>;
  /** What to put before a file's path so that the reader can open it; ends with a slash or empty. */
  readonly prefix: string;
  readonly palette: Palette;
}

/** Columns of a source line that a frame shows at most. */
const WINDOW = 100;

/** How many findings a report shows at most; nobody mends more of them at once. */
const SHOWN_LIMIT = 100;

/**
 * The report of `findings` as text: each with its code, place, source line, caret and hint, in the
 * order of the files, and a line that counts them. Of very many it shows some, errors first. Empty
 * when there are none.
 */
export function formatReport(findings: readonly Finding[], options: ReportOptions): string {
  if (findings.length === 0) return "";
  const shown = sortFindings(mostSevere(findings, SHOWN_LIMIT));
  const more = findings.length - shown.length;
  const lineOf = linesOf(options.sources);
  const blocks = shown.map((f) => formatFinding(f, lineOf, options));
  return `${blocks.join("\n")}\n${formatCount(findings)}${
    more === 0 ? "" : `; ${more} of them are not shown`
  }\n`;
}

/** The first `limit` findings of a report, warnings only where there are fewer errors. */
function mostSevere(findings: readonly Finding[], limit: number): readonly Finding[] {
  if (findings.length <= limit) return findings;
  const sorted = sortFindings(findings);
  const of = (severity: Finding["severity"]) => sorted.filter((f) => f.severity === severity);
  return [...of("error"), ...of("warning")].slice(0, limit);
}

/** A line of a file, counted from 1; nothing when there is no such file or line. */
type LineOf = (file: string, line: number) => string | undefined;

/** Looks up lines; each source is split once. */
function linesOf(sources: ReportOptions["sources"]): LineOf {
  const split = new Map<string, readonly string[] | undefined>();
  return (file, line) => {
    if (!split.has(file)) split.set(file, sources.get(file)?.split("\n"));
    return split.get(file)?.[line - 1]?.replace(/\r$/, "");
  };
}

/** `2 errors, 1 warning`, errors first, zero counts left out. */
export function formatCount(findings: readonly Finding[]): string {
  const errors = findings.filter((f) => f.severity === "error").length;
  const warnings = findings.length - errors;
  return [counted(errors, "error"), counted(warnings, "warning")].filter(Boolean).join(", ");
}

function counted(n: number, noun: string): string {
  return n === 0 ? "" : `${n} ${noun}${n === 1 ? "" : "s"}`;
}

function formatFinding(f: Finding, lineOf: LineOf, options: ReportOptions): string {
  const { palette } = options;
  const head = palette[f.severity](`${f.severity}[${f.code}]`);
  const lines = [`${head}: ${palette.strong(f.message)}`];
  lines.push(...formatPlace(f.place, "", lineOf, options));
  if (f.related !== undefined) {
    lines.push(...formatPlace(f.related.place, f.related.label, lineOf, options));
  }
  if (f.hint !== undefined) lines.push(`${palette.hint("hint")}: ${f.hint}`);
  return `${lines.join("\n")}\n`;
}

function formatPlace(
  place: Place,
  label: string,
  lineOf: LineOf,
  options: ReportOptions,
): string[] {
  const { palette } = options;
  const { line, column } = place.start;
  if (place.file === ".") {
    return [`${palette.dim("-->")} ${printable(options.prefix.replace(/\/$/, ""))}`];
  }
  const where = `${printable(options.prefix + place.file)}:${line}:${column}`;
  const source = lineOf(place.file, line);
  const gutter = " ".repeat(String(line).length);
  const arrow = `${gutter}${palette.dim("-->")} ${where}`;
  if (source === undefined) {
    return [label === "" ? arrow : `${arrow} (${label})`];
  }
  const endColumn = place.end.line === line ? place.end.column : source.length + 1;
  const cut = window(source, column - 1, Math.max(endColumn - 1, column));
  const caret = palette.error("^".repeat(cut.length));
  return [
    arrow,
    `${gutter} ${palette.dim("|")}`,
    `${line} ${palette.dim("|")} ${cut.text}`,
    `${gutter} ${palette.dim("|")} ${" ".repeat(cut.start)}${caret}${label && ` ${label}`}`,
  ];
}

/** The part of `line` around [start, end) that fits a frame, made printable, with that stretch in it. */
function window(
  line: string,
  start: number,
  end: number,
): { text: string; start: number; length: number } {
  let from = 0;
  let to = line.length;
  if (line.length > WINDOW) {
    from = Math.max(0, Math.min(start - 20, line.length - WINDOW));
    to = from + WINDOW;
  }
  const before = (from > 0 ? "…" : "") + printable(line.slice(from, start));
  const marked = printable(line.slice(start, Math.min(end, to)));
  const after = printable(line.slice(Math.min(end, to), to)) + (to < line.length ? "…" : "");
  return {
    text: before + marked + after,
    start: [...before].length,
    length: Math.max(1, [...marked].length),
  };
}
