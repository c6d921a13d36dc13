/**
 * Writes values so that they pass through Quadlet and systemd unchanged. Quadlet splits words and
 * quotes them again but keeps `%` and `$`; systemd expands both later, inside single quotes too. The
 * rules were observed with Podman 5.4.2 and systemd 257, and the tests check them with both.
 *
 * @module
 */

/** A value ready for a unit, or the reason why a unit cannot hold it. */
export type Written = { readonly text: string } | { readonly problem: string };

/**
 * Writes one word of `Exec=`, `Environment=`, `Label=` and similar keys. Unless it is plain, the word
 * gets double quotes, and `%` and `$` are doubled.
 *
 * Refuses NUL, which no argument can contain, U+0080 and Unicode noncharacters.
 *
 * @example
 * ```ts
 * import { writeWord } from "./escape.ts";
 * writeWord('50% of $HOME "x"'); // { text: '"50%% of $$HOME \\"x\\""' }
 * ```
 */
export function writeWord(value: string): Written {
  if (value.includes("\0")) return { problem: "it contains a NUL character" };
  if (NONCHARACTER.test(value)) return { problem: NONCHARACTER_PROBLEM };
  // Observed with Podman 5.4.2.
  if (value.includes("\u0080")) {
    return { problem: "it contains the control character U+0080, of which Quadlet makes one byte" };
  }
  if (PLAIN_WORD.test(value)) return { text: value };
  const escaped = value.replace(/[\\"]/g, "\\$&").replace(
    CONTROL,
    (c) => CONTROL_ESCAPES[c] ?? `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
  return { text: `"${doubleDollars(doublePercents(escaped))}"` };
}

/**
 * Writes a word of `Exec=`. Refuses an empty word, because Quadlet drops it and everything after it,
 * and a single `;`, which ends the command for systemd.
 */
export function writeExecWord(value: string): Written {
  if (value === "") return { problem: "it is empty" };
  if (value === ";") return { problem: "it is only `;`" };
  return writeWord(value);
}

/**
 * Writes a pair of `Environment=`. Refuses a carriage return before a line feed, because Podman 5.4.2
 * drops the carriage return in environment variables.
 */
export function writeVariable(pair: string): Written {
  return pair.includes("\r\n")
    ? { problem: "it contains a carriage return before a line feed, which Podman drops" }
    : writeWord(pair);
}

/** The rules of the key that a text is written for. */
export interface TextPlace {
  /** True if the text becomes part of a command line, in which systemd expands `$` too. */
  readonly command: boolean;
  /** True if Quadlet strips double quotes from both ends. */
  readonly quotesStripped: boolean;
  /** True if systemd expands nothing in it. */
  readonly verbatim?: boolean;
}

/**
 * Writes a value that is read as the rest of a line and never unquoted, such as `Description=`.
 *
 * Refuses control characters, white space at either end, a backslash at the end and, where Quadlet
 * strips them, double quotes at either end.
 *
 * @example
 * ```ts
 * import { writeText } from "./escape.ts";
 * writeText("50% off", { command: false, quotesStripped: false }); // { text: "50%% off" }
 * writeText("two\nlines", { command: false, quotesStripped: false }); // { problem: … }
 * ```
 */
export function writeText(value: string, place: TextPlace): Written {
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/.test(value)) {
    return { problem: "it contains a line break or another control character" };
  }
  if (NONCHARACTER.test(value)) return { problem: NONCHARACTER_PROBLEM };
  if (value !== value.trim()) {
    return { problem: "it starts or ends with white space, which would be lost" };
  }
  if (value.endsWith("\\")) {
    return { problem: "it ends with a backslash, which joins it to the next line" };
  }
  if (place.quotesStripped && /^"|"$/.test(value)) {
    return { problem: "it starts or ends with a double quote, which Quadlet strips" };
  }
  if (place.command && value === ";") return { problem: "it is only `;`, which ends a command" };
  const text = place.verbatim ? value : doublePercents(value);
  return { text: place.command ? doubleDollars(text) : text };
}

/**
 * Writes a word of a key without escapes, such as `AddDevice=`. Refuses every word that needs quotes.
 */
export function writeToken(value: string): Written {
  // deno-lint-ignore no-control-regex
  if (value === "" || /[\s"'\\\u0000-\u001f\u007f-\u009f]/.test(value)) {
    return { problem: "it is empty or contains spaces, quotes, backslashes or control characters" };
  }
  return { text: doubleDollars(doublePercents(value)) };
}

function doublePercents(text: string): string {
  return text.replaceAll("%", "%%");
}

function doubleDollars(text: string): string {
  return text.replaceAll("$", "$$$$");
}

/**
 * systemd ignores a whole line that contains a noncharacter ("String is not UTF-8 clean"), and
 * Quadlet undoes every escape of it.
 */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;
const NONCHARACTER_PROBLEM =
  "it contains a Unicode noncharacter such as U+FFFE, which systemd refuses";

/** Words that mean the same with and without quotes. */
const PLAIN_WORD = /^[A-Za-z0-9_./:=,@+-]+$/;

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0001-\u001f\u007f]/g;

const CONTROL_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };
