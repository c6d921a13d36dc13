import { type Finding, type Place, sortFindings } from "./finding.ts";
import { printable } from "./printable.ts";
import { countOf } from "./text.ts";

/** The colours of a report. */
export interface Palette {
  error(text: string): string;
  warning(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
  hint(text: string): string;
  added(text: string): string;
  removed(text: string): string;
}

const same = (text: string) => text;

/** No colours. */
export const PLAIN: Palette = {
  error: same,
  warning: same,
  dim: same,
  strong: same,
  hint: same,
  added: same,
  removed: same,
};

/** The input of a report in addition to its findings. */
export interface ReportOptions {
  /** The text of each Codex file, by path. Without it, a finding has no excerpt. */
  readonly sources: ReadonlyMap<string, string>;
  /** The prefix of printed paths: empty, or a folder with a trailing slash. */
  readonly prefix: string;
  readonly palette: Palette;
}

/** The width of an excerpt, in columns. */
const EXCERPT_WIDTH = 100;

/** The number of findings in a report. */
const SHOWN_LIMIT = 100;

/**
 * Returns a report: each finding with code, place, source line, caret and hint, sorted by file, and a
 * summary. If there are too many findings, errors take precedence. Without findings it is empty.
 */
export function formatReport(findings: readonly Finding[], options: ReportOptions): string {
  if (findings.length === 0) return "";
  const shown = sortFindings(mostSevere(findings, SHOWN_LIMIT));
  const hidden = findings.length - shown.length;
  const lineOf = linesOf(options.sources);
  const blocks = shown.map((f) => formatFinding(f, lineOf, options));
  return `${blocks.join("\n")}\n${formatCount(findings)}${
    hidden === 0 ? "" : `; ${hidden} not shown`
  }\n`;
}

/** Returns the first `limit` findings, errors before warnings. */
function mostSevere(findings: readonly Finding[], limit: number): readonly Finding[] {
  if (findings.length <= limit) return findings;
  const sorted = sortFindings(findings);
  const of = (severity: Finding["severity"]) => sorted.filter((f) => f.severity === severity);
  return [...of("error"), ...of("warning")].slice(0, limit);
}

/** Returns a line of a file, or undefined if it does not exist. Lines start at 1. */
type LineOf = (file: string, line: number) => string | undefined;

/** Splits each source once. */
function linesOf(sources: ReportOptions["sources"]): LineOf {
  const split = new Map<string, readonly string[] | undefined>();
  return (file, line) => {
    if (!split.has(file)) split.set(file, sources.get(file)?.split("\n"));
    return split.get(file)?.[line - 1]?.replace(/\r$/, "");
  };
}

/** Returns a summary such as `2 errors, 1 warning`. Zero counts are omitted. */
export function formatCount(findings: readonly Finding[]): string {
  const errors = findings.filter((f) => f.severity === "error").length;
  const warnings = findings.length - errors;
  return [
    ...errors === 0 ? [] : [countOf(errors, "error")],
    ...warnings === 0 ? [] : [countOf(warnings, "warning")],
  ].join(", ");
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
  const excerpt = excerptOf(source, column - 1, Math.max(endColumn - 1, column));
  const caret = palette.error("^".repeat(excerpt.length));
  return [
    arrow,
    `${gutter} ${palette.dim("|")}`,
    `${line} ${palette.dim("|")} ${excerpt.text}`,
    `${gutter} ${palette.dim("|")} ${" ".repeat(excerpt.start)}${caret}${label && ` ${label}`}`,
  ];
}

/** Returns the printable part of `line` around [start, end), and the new position of that range. */
function excerptOf(
  line: string,
  start: number,
  end: number,
): { text: string; start: number; length: number } {
  let from = 0;
  let to = line.length;
  if (line.length > EXCERPT_WIDTH) {
    from = Math.max(0, Math.min(start - 20, line.length - EXCERPT_WIDTH));
    to = from + EXCERPT_WIDTH;
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
