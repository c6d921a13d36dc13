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
