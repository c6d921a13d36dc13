/**
 * A word as a POSIX shell reads it back, quoted only where it must be: for commands that an operator
 * copies.
 *
 * @example
 * ```ts
 * import { shellWord } from "./shell.ts";
 * shellWord("/srv/my models"); // "'/srv/my models'"
 * ```
 */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
