import { maskWords } from "./secrets.ts";

/**
 * Replaces invisible characters and those that control a terminal with visible escapes: control
 * characters, line separators, direction marks, joiners and tags. User text can then neither move the
 * cursor nor hide text. Joiners stay in emoji and between letters of scripts that need them, such as
 * Persian.
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
    return code < 256 ? `\\x${hex(code, 2)}` : `\\u{${hex(code, 0)}}`;
  });
}

/**
 * Writes a value as JSON, with the characters that {@linkcode printable} replaces as `\uXXXX`:
 * `JSON.stringify` escapes only those below U+0020.
 *
 * @example
 * ```ts
 * import { printableJson } from "./printable.ts";
 * printableJson("\u009b1m"); // '"\\u009b1m"'
 * ```
 */
export function printableJson(value: unknown, indent: 0 | 2 = 0): string {
  return JSON.stringify(value, null, indent).replace(
    UNSAFE,
    // The only line ends are those of the indentation.
    (c) => c === "\n" ? c : c.split("").map((unit) => `\\u${hex(unit.charCodeAt(0), 4)}`).join(""),
  );
}

/** Writes a string as TOML does: as JSON, but one escape for each character. */
export function printableToml(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(UNSAFE, (c) => {
    const code = c.codePointAt(0) ?? 0;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** Formats user text for a message: printable, in backticks, at most 60 characters, without secrets. */
export function quoted(value: string): string {
  const text = maskWords(value);
  const all = [...text];
  const shown = all.length > 60 ? all.slice(0, 57).join("") + "..." : text;
  return `\`${printable(shown)}\``;
}

/** Formats the lines of a list in a message: indented and printable. */
export function printableLines(lines: readonly string[]): string {
  return lines.map((line) => `  ${printable(line)}`).join("\n");
}

/** The characters that joiners may connect. Between others, joiners have no visible effect. */
const JOINED = String.raw`[[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]--` +
  String.raw`[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{DI}]]`;

/** A joiner in a word or an emoji, an emoji variation selector, or a keycap. */
const NEEDED = String.raw`${JOINED}\ufe0f?[\u200c\u200d](?=${JOINED})|` +
  String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]|\ufe0f(?=\u20e3)`;

/** Includes default-ignorable characters (`DI`), such as the Hangul fillers. */
const UNSAFE = new RegExp(
  String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}](?<!${NEEDED})`,
  "gv",
);
