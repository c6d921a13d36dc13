/** A value split into words; `rest` is what Quadlet no longer reads behind an empty word. */
export interface Split {
  readonly words: readonly string[];
  readonly rest: string;
}

/**
 * Splits a value as Quadlet does for `Exec=`, `Environment=` and their like: at white space, quotes
 * of both kinds taken off also in the middle of a word, and escapes such as `\n` undone. With
 * `tokens`, as for `AddDevice=`, a backslash is a character like any other.
 *
 * Refuses, with the reason, what makes Quadlet pass over the whole line without a word: an escape
 * that it does not know, and in tokens a quote that is not closed. In words an open quote ends with
 * the line. An empty word ends the reading.
 *
 * Source: pkg/systemd/parser/split.go of Podman; every rule seen with the generator of 5.4.2.
 *
 * @example
 * ```ts
 * import { splitWords } from "./split.ts";
 * splitWords("--name 'two words' a\\x41", "words"); // { words: ["--name", "two words", "aA"], rest: "" }
 * splitWords("a\\qb", "words"); // { problem: "Quadlet knows no escape `\\q`" }
 * ```
 */
export function splitWords(
  value: string,
  kind: "words" | "tokens",
): Split | { readonly problem: string } {
  const words: string[] = [];
  for (let at = 0;;) {
    while (isSeparator(value[at])) at++;
    if (at >= value.length) return { words, rest: "" };
    const read = readWord(value, at, kind === "words");
    if ("problem" in read) return read;
    if (read.word === "") return { words, rest: value.slice(at) };
    words.push(read.word);
    at = read.next;
  }
}

function isSeparator(c: string | undefined): boolean {
  return c === " " || c === "\t" || c === "\n" || c === "\r";
}

/** The word that begins at `start`, and where the next may begin. */
function readWord(
  value: string,
  start: number,
  unescapes: boolean,
): { word: string; next: number } | { problem: string } {
  let word = "";
  let quote: string | undefined;
  for (let at = start;;) {
    const c = value[at];
    if (c === undefined) {
      return quote !== undefined && !unescapes
        ? { problem: "it has a quote that is not closed" }
        : { word, next: at };
    }
    if (c === "\\" && unescapes) {
      if (at + 1 >= value.length) return { word, next: at + 1 };
      const escape = readEscape(value.slice(at + 1));
      if (escape === undefined) {
        return { problem: `Quadlet knows no escape \`\\${value[at + 1]}\`` };
      }
      word += escape.text;
      at += 1 + escape.length;
    } else if (quote === undefined && isSeparator(c)) {
      return { word, next: at };
    } else if (quote === undefined ? c === '"' || c === "'" : c === quote) {
      quote = quote === undefined ? c : undefined;
      at++;
    } else {
      word += c;
      at++;
    }
  }
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
  "'": "'",
  s: " ",
};

/** What the escape behind a backslash stands for, and its length; nothing when there is none. */
function readEscape(text: string): { text: string; length: number } | undefined {
  const simple = SIMPLE_ESCAPES[text[0] ?? ""];
  if (simple !== undefined) return { text: simple, length: 1 };
  const digits = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/.exec(text)
    ?.[0];
  if (digits === undefined) return undefined;
  const code = /^[0-3]/.test(digits) ? parseInt(digits, 8) : parseInt(digits.slice(1), 16);
  if (code === 0 || code > 0x10ffff) return undefined;
  // Half of a surrogate pair is no character; Go writes the one that stands for such.
  const character = code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
  return { text: character, length: digits.length };
}
