import { CATALOGUE, type Code, type Parameters, type Text } from "./catalogue.ts";

/** A position in a text. Lines and columns start at 1; columns count UTF-16 units, as editors do. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A range in a Codex file. `file` is relative to the Codex folder, `end` is exclusive. */
export interface Place {
  readonly file: string;
  readonly start: Position;
  readonly end: Position;
}

/** The severity of a finding. Only errors stop the compiler. */
export type Severity = "error" | "warning";

/** A problem in a Codex, with its place. */
export interface Finding {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place;
  /** A fix: the nearest name, a command, or an example. */
  readonly hint?: string;
  /** The other place that a conflict involves. */
  readonly related?: { readonly place: Place; readonly label: string };
}

/**
 * Creates a finding from the catalogue.
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
  // TypeScript cannot infer here that the parameters belong to the code.
  const [message, hint] = (entry.text as (p: Parameters<C>) => Text)(parameters);
  return {
    code,
    severity: entry.severity,
    message,
    place,
    ...(hint === undefined ? {} : { hint }),
    ...(related === undefined ? {} : { related }),
  };
}

/** Returns the start of `file`, for problems of a whole file. */
export function startOf(file: string): Place {
  return { file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
}

/** Returns true if at least one finding is an error. */
export function hasErrors(findings: readonly Finding[]): boolean {
  return findings.some((f) => f.severity === "error");
}

/** Sorts findings by file, position and code. */
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
