import { type Finding, type Place, type Severity, sortFindings } from "./finding.ts";
import type { Palette } from "./palette.ts";
import { printable } from "./printable.ts";
import { maskSecrets } from "./secrets.ts";
import { countOf } from "./text.ts";

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
 * summary. Source lines show no secrets. If there are too many findings, errors take precedence. Without findings it is empty.
 */
export function formatReport(findings: readonly Finding[], options: ReportOptions): string {
  if (findings.length === 0) return "";
  const sorted = sortFindings(findings);
  const of = (severity: Severity) => sorted.filter((f) => f.severity === severity);
  const shown = sortFindings([...of("error"), ...of("warning")].slice(0, SHOWN_LIMIT));
  const hidden = findings.length - shown.length;
  const lines = new Map(
    [...options.sources].map(([file, text]) => [file, maskSecrets(text).split(/\r?\n/)]),
  );
  const blocks = shown.map((f) => formatFinding(f, lines, options));
  const rest = hidden === 0 ? "" : `; ${hidden} not shown`;
  return `${blocks.join("\n")}\n${formatCount(findings)}${rest}\n`;
}

/** The lines of each file. */
type Lines = ReadonlyMap<string, readonly string[]>;

/** Returns a summary such as `2 errors, 1 warning`. Zero counts are omitted. */
export function formatCount(findings: readonly Finding[]): string {
  return (["error", "warning"] as const).flatMap((severity) => {
    const count = findings.filter((f) => f.severity === severity).length;
    return count === 0 ? [] : [countOf(count, severity)];
  }).join(", ");
}

function formatFinding(f: Finding, lines: Lines, options: ReportOptions): string {
  const { palette } = options;
  const head = palette[f.severity](`${f.severity}[${f.code}]`);
  return [
    `${head}: ${palette.strong(f.message)}`,
    ...formatPlace(f.place, "", lines, options),
    ...f.related === undefined ? [] : formatPlace(f.related.place, f.related.label, lines, options),
    ...f.hint === undefined ? [] : [`${palette.hint("hint")}: ${f.hint}`],
    "",
  ].join("\n");
}

function formatPlace(
  place: Place,
  label: string,
  lines: Lines,
  { palette, prefix }: ReportOptions,
): string[] {
  const { line, column } = place.start;
  if (place.file === ".") {
    return [`${palette.dim("-->")} ${printable(prefix.replace(/\/$/, ""))}`];
  }
  const where = `${printable(prefix + place.file)}:${line}:${column}`;
  const source = lines.get(place.file)?.[line - 1];
  const gutter = " ".repeat(String(line).length);
  const arrow = `${gutter}${palette.dim("-->")} ${where}`;
  if (source === undefined) return [label === "" ? arrow : `${arrow} (${label})`];
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
  const isLong = line.length > EXCERPT_WIDTH;
  const from = isLong ? Math.max(0, Math.min(start - 20, line.length - EXCERPT_WIDTH)) : 0;
  const to = isLong ? from + EXCERPT_WIDTH : line.length;
  const before = (from > 0 ? "..." : "") + printable(line.slice(from, start));
  const marked = printable(line.slice(start, Math.min(end, to)));
  const after = printable(line.slice(Math.min(end, to), to)) + (to < line.length ? "..." : "");
  return {
    text: before + marked + after,
    start: [...before].length,
    length: Math.max(1, [...marked].length),
  };
}
