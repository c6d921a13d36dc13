import { CATALOGUE, type Code, type Parameters } from "./catalogue.ts";

/** A point in a text: line and column count from 1, columns in UTF-16 units as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A stretch of a Codex file, `file` relative to the Codex folder; `end` is exclusive. */
export interface Place {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** How bad a finding is: an error stops the compiler, a warning does not. */
export type Severity = "error" | "warning";

/** One thing that is wrong or doubtful in a Codex, with the place where it stands. */
export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  /** What helps: the nearest name, a command, an example. */
  readonly hint?: string;
  /** The other place that the message speaks of. */
  readonly related?: { readonly place: Place; readonly label: string };
}

/**
 * Makes the finding `code` of the catalogue at `place`.
 *
 * @example
 * ```ts
 * import { finding, startOf } from "./finding.ts";
 * finding("toml-broken", startOf("lychd.toml"), { problem: "Unterminated array" });
 * ```
 */
export function finding<C extends Code>(
  code: C,
  place: Place,
  parameters: Parameters<C>,
  related?: Finding["related"],
): Finding {
  const entry = CATALOGUE[code];
  // The catalogue's own type ties code and parameters together; TypeScript cannot follow it here.
  const { message, hint } = (entry.text as (p: Parameters<C>) => Text)(parameters);
  return {
    code,
    severity: entry.severity,
    message,
    place,
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined ? {} : { related }),
  };
}

type Text = { readonly message: string; readonly hint?: string | undefined };

/** The first character of `file`: for faults of a whole file. */
export function startOf(file: string): Place {
  return { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
}

/** True when at least one finding is an error. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((f) => f.severity === "error");
}

/** Orders findings by file, then by position, then by code: the order of a report. */
export function sortFindings(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) =>
    compare(a.place.file, b.place.file) ||
    a.place.start.line - b.place.start.line ||
    a.place.start.column - b.place.start.column ||
    compare(a.code, b.code) || compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
