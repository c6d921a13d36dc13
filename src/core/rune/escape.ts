/**
 * How a value is written so that it arrives unchanged behind Quadlet and systemd.
 *
 * Quadlet splits words and quotes them anew but leaves `%` and `$` alone; systemd expands both
 * later, inside single quotes too. All rules here were seen with Podman 5.4.2 and systemd 257 and
 * are proven by the tests that run both.
 */

/** A value ready for its place in a unit, or why it cannot stand there. */
export type Written = { readonly text: string } | { readonly problem: string };

/**
 * One word of `Exec=`, `Environment=`, `Label=` and their like: in double quotes unless it is plain,
 * so that spaces and quotes stay, with `%` and `$` doubled.
 *
 * Refuses NUL, which no argument can hold, and what Unicode calls noncharacters.
 *
 * @example
 * ```ts
 * import { writeWord } from "./escape.ts";
 * writeWord('50% of $HOME "x"'); // { text: '"50%% of $$HOME \\"x\\""' }
 * ```
 */
export function writeWord(value: string): Written {
  if (value.includes("\0")) return { problem: "it holds a NUL character" };
  if (NONCHARACTER.test(value)) return { problem: NONCHARACTER_PROBLEM };
  if (PLAIN_WORD.test(value)) return { text: value };
  const escaped = value.replace(/[\\"]/g, "\\$&").replace(
    CONTROL,
    (c) => CONTROL_ESCAPES[c] ?? hex(c),
  );
  return { text: `"${doubleDollars(doublePercents(escaped))}"` };
}

/**
 * A word of `Exec=`: as {@linkcode writeWord}, but two words cannot be carried at all. Quadlet drops
 * an empty word with all that follow, and systemd takes a lone `;` as the end of the command.
 */
export function writeExecWord(value: string): Written {
  if (value === "") return { problem: "it is empty" };
  if (value === ";") return { problem: "it is only `;`" };
  return writeWord(value);
}

/**
 * A pair of `Environment=`: as {@linkcode writeWord}, but Podman makes a line feed of each carriage
 * return and line feed (seen with 5.4.2; labels and arguments are left alone).
 */
export function writeVariable(pair: string): Written {
  return pair.includes("\r\n")
    ? { problem: "it holds a carriage return before a line feed, which Podman drops" }
    : writeWord(pair);
}

/** Where a text stands, which decides what is expanded in it. */
export interface TextPlace {
  /** Whether it becomes part of a command line, where systemd expands `$` too. */
  readonly command: boolean;
  /** Whether Quadlet strips double quotes from its two ends. */
  readonly quotesStripped: boolean;
}

/**
 * The rest of a line, as `Description=`, `HealthCmd=` and `Volume=` are read: nothing is unquoted.
 *
 * Refuses what such a line cannot hold: control characters that end it, white space at its ends, a
 * backslash at its end (the next line would belong to it), and, where Quadlet strips them, double
 * quotes at its ends.
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
    return { problem: "it has more than one line, or another control character" };
  }
  if (NONCHARACTER.test(value)) return { problem: NONCHARACTER_PROBLEM };
  if (value !== value.trim()) {
    return { problem: "it begins or ends with white space, which would be lost" };
  }
  if (value.endsWith("\\")) {
    return { problem: "it ends with a backslash, which joins it to the next line" };
  }
  if (place.quotesStripped && /^"|"$/.test(value)) {
    return { problem: "it begins or ends with a double quote, which Quadlet strips" };
  }
  if (place.command && value === ";") return { problem: "it is only `;`, which ends a command" };
  const text = doublePercents(value);
  return { text: place.command ? doubleDollars(text) : text };
}

/**
 * A word of a key in which a backslash escapes nothing, such as `AddDevice=`: it can only be written
 * when it needs no quotes.
 */
export function writeToken(value: string): Written {
  // deno-lint-ignore no-control-regex
  if (value === "" || /[\s"'\\\u0000-\u001f\u007f]/.test(value)) {
    return { problem: "it is empty, or has spaces, quotes, backslashes or control characters" };
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
 * Code points that Unicode reserves for ever. systemd ignores a whole line that has one ("String is
 * not UTF-8 clean"), and Quadlet writes them out bare however they were escaped.
 */
const NONCHARACTER = /\p{Noncharacter_Code_Point}/u;
const NONCHARACTER_PROBLEM =
  "it holds a Unicode noncharacter such as U+FFFE, which systemd refuses";

/** Words that mean the same with and without quotes, to systemd, Quadlet and the reader. */
const PLAIN_WORD = /^[A-Za-z0-9_./:=,@+-]+$/;

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0001-\u001f\u007f]/g;

const CONTROL_ESCAPES: Readonly<Record<string, string>> = { "\n": "\\n", "\t": "\\t", "\r": "\\r" };

function hex(c: string): string {
  return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
}
