import { strictEqual } from "node:assert/strict";
import { printable, quoted } from "./printable.ts";

const SHOWN: readonly (readonly [text: string, shown: string])[] = [
  ["plain ☃ 𝕏 é", "plain ☃ 𝕏 é"],
  ["a\u001b[2Jb", "a\\x1b[2Jb"],
  ["\n\t\r", "\\n\\t\\r"],
  ["\0\u0007\u007f", "\\x00\\x07\\x7f"],
  ["\u009b1m\u0085", "\\x9b1m\\x85"],
  ["\u2028\u2029", "\\u{2028}\\u{2029}"],
  ["\u202eevil\u2066", "\\u{202e}evil\\u{2066}"],
];

Deno.test("printable text has no character that steers a terminal", () => {
  for (const [text, shown] of SHOWN) strictEqual(printable(text), shown);
});

Deno.test("quoted text is printable and at most 60 characters long", () => {
  strictEqual(quoted("a\nb"), "`a\\nb`");
  strictEqual(quoted("x".repeat(60)), `\`${"x".repeat(60)}\``);
  strictEqual(quoted("x".repeat(61)), `\`${"x".repeat(57)}…\``);
  strictEqual(quoted("𝕏".repeat(61)), `\`${"𝕏".repeat(57)}…\``);
});
