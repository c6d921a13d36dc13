import { printable } from "./printable.ts";

/**
 * Quotes a word for a shell, if necessary. The result is printable: other characters are escaped in
 * `$'…'`.
 *
 * @example
 * ```ts
 * import { shellWord } from "./shell.ts";
 * shellWord("/srv/my models"); // "'/srv/my models'"
 * shellWord("a\nb"); // "$'a\\nb'"
 * ```
 */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return printable(word) === word
    ? `'${word.replaceAll("'", `'\\''`)}'`
    : `$'${[...word].map(escaped).join("")}'`;
}

/** Escapes a character for `$'…'`. */
function escaped(c: string): string {
  if (c === "'" || c === "\\") return `\\${c}`;
  const shown = printable(c);
  if (shown === c || /^\\[nrt]$/.test(shown)) return shown;
  // Three octal digits: a shell could read a digit after a hexadecimal escape as part of it.
  return [...new TextEncoder().encode(c)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
    .join("");
}

/** A command to copy, made by {@linkcode command}. */
export interface Command {
  readonly line: string;
}

/** A value in a command: a word, a command, or a list of them. */
export type CommandPart = string | number | Command | readonly CommandPart[];

/**
 * Formats a command and quotes its values, so that an untrusted value cannot add another command. A
 * value may be part of a word, but must not be inside of quotes.
 *
 * @example
 * ```ts
 * import { command } from "./shell.ts";
 * const output = "/etc/cdi/my gpu.yaml";
 * command`sudo rm --force ${output}`.line; // "sudo rm --force '/etc/cdi/my gpu.yaml'"
 * ```
 */
export function command(
  { raw }: TemplateStringsArray,
  ...values: readonly CommandPart[]
): Command {
  return { line: String.raw({ raw }, ...values.map(wordsOf)) };
}

function wordsOf(part: CommandPart): string {
  if (typeof part === "number") return String(part);
  if (typeof part === "string") return shellWord(part);
  return "line" in part ? part.line : part.map(wordsOf).join(" ");
}
