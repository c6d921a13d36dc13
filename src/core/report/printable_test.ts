import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { parseDocument } from "../codex/toml.ts";
import { printable, printableJson, printableToml, quoted } from "./printable.ts";

const SHOWN: readonly (readonly [text: string, shown: string])[] = [
  ["plain ☃ 𝕏 é", "plain ☃ 𝕏 é"],
  ["a\u001b[2Jb", "a\\x1b[2Jb"],
  ["\n\t\r", "\\n\\t\\r"],
  ["\0\u0007\u007f", "\\x00\\x07\\x7f"],
  ["\u009b1m\u0085", "\\x9b1m\\x85"],
  ["\u2028\u2029", "\\u{2028}\\u{2029}"],
  ["\u202eevil\u2066", "\\u{202e}evil\\u{2066}"],
  ["a\u061cb\u200bc\u2060d\ufeffe\u00ad", "a\\u{61c}b\\u{200b}c\\u{2060}d\\u{feff}e\\xad"],
  ["\u{e0041}\u{e007f}\ufe0f\u{e0100}\u3164", "\\u{e0041}\\u{e007f}\\u{fe0f}\\u{e0100}\\u{3164}"],
  // Joiners where they join nothing.
  ["ad\u200dmin\u200c", "ad\\u{200d}min\\u{200c}"],
  ["👩\u200d\u200d💻", "👩\\u{200d}\\u{200d}💻"],
  ["می\u200cخواهم", "می\u200cخواهم"],
  ["क्\u200dष", "क्\u200dष"],
  [
    "👩🏽\u200d💻 🏃\u200d♂\ufe0f ❤\ufe0f\u200d🔥 1\ufe0f\u20e3",
    "👩🏽\u200d💻 🏃\u200d♂\ufe0f ❤\ufe0f\u200d🔥 1\ufe0f\u20e3",
  ],
];

Deno.test("printable text has no character that controls a terminal", () => {
  for (const [text, shown] of SHOWN) strictEqual(printable(text), shown);
});

Deno.test("JSON and TOML escape the same characters, and keep the text", () => {
  for (const [text] of SHOWN) {
    const json = printableJson([text], 2);
    deepStrictEqual(JSON.parse(json), [text]);
    strictEqual(printable(json), json.replaceAll("\n", "\\n"));
    const toml = printableToml(text);
    strictEqual(printable(toml), toml);
    const read = parseDocument("", `a = ${toml}\n`);
    strictEqual("document" in read && read.document.value["a"], text);
  }
  strictEqual(printableJson("\u009b\u{e0041}"), '"\\u009b\\udb40\\udc41"');
  strictEqual(printableToml("\u009b\u{e0041}"), '"\\u009b\\U000e0041"');
});

Deno.test("quoted text is printable and at most 60 characters long", () => {
  strictEqual(quoted("a\nb"), "`a\\nb`");
  strictEqual(quoted("x".repeat(60)), `\`${"x".repeat(60)}\``);
  strictEqual(quoted("x".repeat(61)), `\`${"x".repeat(57)}...\``);
  strictEqual(quoted("𝕏".repeat(61)), `\`${"𝕏".repeat(57)}...\``);
});

Deno.test("invisible characters between letters are escaped", () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    const c = String.fromCodePoint(code);
    if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(c)) notStrictEqual(printable(`a${c}b`), `a${c}b`);
  }
});
