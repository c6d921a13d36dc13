import { printable } from "./printable.ts";

/**
 * A word as a POSIX shell reads it back, quoted only where it must be: for commands that an operator
 * copies. It is printable, whatever is in the word: `$'…'` stands for what is not.
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

/** A character within `$'…'`. */
function escaped(c: string): string {
  if (c === "'" || c === "\\") return `\\${c}`;
  const shown = printable(c);
  if (shown === c || /^\\[nrt]$/.test(shown)) return shown;
  // Always three octal digits: with two of hexadecimal, a digit behind them could be read as a third.
  return [...new TextEncoder().encode(c)].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`)
    .join("");
}

/** A command for an operator to copy; only {@linkcode command} makes one. */
export interface Command {
  readonly line: string;
}

/** A value of a command: a word, a part that is a command already, or several of them. */
export type CommandPart = string | number | Command | readonly CommandPart[];

/**
 * A command whose values are words, whatever they hold: they come from the host, from a Codex or from
 * facts that somebody sent, and none of them may become another command. A value may be a part of a
 * word, but never within quotes.
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
