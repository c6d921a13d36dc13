/**
 * `text` with every control character, line separator and bidirectional override replaced by a
 * visible escape, so that a Codex cannot move the cursor or hide text on the operator's terminal.
 *
 * @example
 * ```ts
 * import { printable } from "./printable.ts";
 * printable("a\u001b[2Jb\n"); // "a\\x1b[2Jb\\n"
 * ```
 */
export function printable(text: string): string {
  return text.replace(UNSAFE, (c) => {
    switch (c) {
      case "\n":
        return "\\n";
      case "\t":
        return "\\t";
      case "\r":
        return "\\r";
    }
    const code = c.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** User text for a message: printable, in backticks, at most 60 characters of it. */
export function quoted(text: string): string {
  const all = [...text];
  const shown = all.length > 60 ? all.slice(0, 57).join("") + "…" : text;
  return `\`${printable(shown)}\``;
}

/** Lines of a list in a message: each indented, and printable. */
export function printableLines(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}`).join("\n");
}

// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
