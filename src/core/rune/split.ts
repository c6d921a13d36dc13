/** The words of a value. `rest` starts at the first empty word, where Quadlet stops to read. */
export interface Split {
  readonly words: readonly string[];
  readonly rest: string;
}

/**
 * Splits a value as Quadlet does for `Exec=`, `Environment=` and similar keys: at white space, with
 * quotes removed, also inside a word, and escapes such as `\n` replaced. With `tokens`, as for
 * `AddDevice=`, a backslash is an ordinary character.
 *
 * Refuses values for which Quadlet silently ignores the whole line: those with an unknown escape and,
 * in tokens, with a quote that is not closed. In words an open quote ends at the end of the line.
 *
 * Source: pkg/systemd/parser/split.go of Podman; the rules were observed with the generator of 5.4.2.
 *
 * @example
 * ```ts
 * import { splitWords } from "./split.ts";
 * splitWords("--name 'two words' a\\x41", "words"); // { words: ["--name", "two words", "aA"], rest: "" }
 * splitWords("a\\qb", "words"); // { problem: "Quadlet does not know the escape `\\q`" }
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

/** Reads the word at `start`; `next` is the index after it. */
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
        ? { problem: "it contains a quote that is not closed" }
        : { word, next: at };
    }
    if (c === "\\" && unescapes) {
      if (at + 1 >= value.length) return { word, next: at + 1 };
      const escape = readEscape(value.slice(at + 1));
      if (escape === undefined) {
        return { problem: `Quadlet does not know the escape \`\\${value[at + 1]}\`` };
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

// deno-fmt-ignore
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  a: "\u0007", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", s: " ",
  "\\": "\\", '"': '"', "'": "'",
};

/** Reads the escape after a backslash; nothing if there is none. */
function readEscape(text: string): { text: string; length: number } | undefined {
  const simple = SIMPLE_ESCAPES[text[0] ?? ""];
  if (simple !== undefined) return { text: simple, length: 1 };
  const digits = /^(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2})/.exec(text)
    ?.[0];
  if (digits === undefined) return undefined;
  const code = /^[0-3]/.test(digits) ? parseInt(digits, 8) : parseInt(digits.slice(1), 16);
  if (code === 0 || code > 0x10ffff) return undefined;
  // Go replaces half of a surrogate pair.
  const character = code >= 0xd800 && code <= 0xdfff ? "\ufffd" : String.fromCodePoint(code);
  return { text: character, length: digits.length };
}
