/**
 * `text` with every character that steers a terminal, or that cannot be seen, replaced by a visible
 * escape: control characters, separators of lines, marks of direction, joiners, tags. A Codex can
 * neither move the cursor nor hide text on the operator's terminal. What people write with keeps its
 * form: joiners between letters of scripts that need them, such as Persian, and within emoji.
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

/** What joiners stand between in words and emoji. Elsewhere they change nothing that can be seen. */
const JOINED = String.raw`[[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}]--` +
  String.raw`[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{DI}]]`;

/** A joiner in a word or an emoji, the form of an emoji, and a key cap. */
const NEEDED = String.raw`${JOINED}\ufe0f?[\u200c\u200d](?=${JOINED})|` +
  String.raw`\p{Extended_Pictographic}[\ufe0e\ufe0f]|\ufe0f(?=\u20e3)`;

/** `DI` is what shows nothing by itself, whatever else it is, such as the fillers of Hangul. */
const UNSAFE = new RegExp(
  String.raw`[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}](?<!${NEEDED})`,
  "gv",
);
