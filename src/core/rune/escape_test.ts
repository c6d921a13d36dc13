import { deepStrictEqual } from "node:assert/strict";
import {
  type TextPlace,
  writeExecWord,
  writeText,
  writeToken,
  writeVariable,
  writeWord,
} from "./escape.ts";

const WORDS: readonly (readonly [value: string, written: string])[] = [
  ["plain", "plain"],
  ["a/b:c=d,e@f+g-h_i.j", "a/b:c=d,e@f+g-h_i.j"],
  ["-rm", "-rm"],
  ["", '""'],
  [" ", '" "'],
  ["two words", '"two words"'],
  ["100%", '"100%%"'],
  ["%h", '"%%h"'],
  ["$HOME", '"$$HOME"'],
  ["${HOME}$", '"$${HOME}$$"'],
  ['say "hi"', '"say \\"hi\\""'],
  ["it's", '"it\'s"'],
  ["a\\b", '"a\\\\b"'],
  ["end\\", '"end\\\\"'],
  ["one\ntwo", '"one\\ntwo"'],
  ["\t\r", '"\\t\\r"'],
  ["\u0001\u001b\u007f", '"\\x01\\x1b\\x7f"'],
  ["]", '"]"'],
  ["#", '"#"'],
  ["; rm", '"; rm"'],
  ["~", '"~"'],
  ["{port}", '"{port}"'],
  ["☃ 𝕏", '"☃ 𝕏"'],
  ["\\n", '"\\\\n"'],
  ["\\x41", '"\\\\x41"'],
  ["%%$$", '"%%%%$$$$"'],
];

Deno.test("a word is quoted unless it is plain; `%` and `$` are doubled", () => {
  for (const [value, text] of WORDS) deepStrictEqual(writeWord(value), { text });
});

Deno.test("Exec= writes words in the same way", () => {
  for (const [value, text] of WORDS) {
    if (value !== "") deepStrictEqual(writeExecWord(value), { text });
  }
});

Deno.test("a written word contains no control character and no single % or $", () => {
  for (let code = 1; code < 0x250; code++) {
    const written = writeWord(`a${String.fromCharCode(code)}b`);
    const text = "text" in written ? written.text : "";
    // deno-lint-ignore no-control-regex
    deepStrictEqual(/[\u0000-\u001f\u007f]/.exec(text), null);
    deepStrictEqual(text.replaceAll("%%", "").replaceAll("$$", "").match(/[%$]/), null);
  }
});

const NONCHARACTER = "it contains a Unicode noncharacter such as U+FFFE, which systemd refuses";

const REFUSED: readonly (readonly [
  write: (value: string) => unknown,
  value: string,
  problem: string,
])[] = [
  [writeWord, "a\0b", "it contains a NUL character"],
  [writeExecWord, "\0", "it contains a NUL character"],
  [writeExecWord, "", "it is empty"],
  [writeExecWord, ";", "it is only `;`"],
  [
    writeWord,
    "a\u0080b",
    "it contains the control character U+0080, of which Quadlet makes one byte",
  ],
  [writeWord, "a\uFFFEb", NONCHARACTER],
  [writeExecWord, "\u{10FFFF}", NONCHARACTER],
  [
    writeVariable,
    "A=a\r\nb",
    "it contains a carriage return before a line feed, which Podman drops",
  ],
];

Deno.test("a word that a unit cannot contain is refused with the reason", () => {
  for (const [write, value, problem] of REFUSED) deepStrictEqual(write(value), { problem });
});

const LINE: TextPlace = { command: false, quotesStripped: false };
const COMMAND: TextPlace = { command: true, quotesStripped: false };
const STRIPPED: TextPlace = { command: true, quotesStripped: true };

const TEXTS: readonly (readonly [value: string, place: TextPlace, text: string])[] = [
  ["", LINE, ""],
  ["50% of $HOME", LINE, "50%% of $HOME"],
  ["50% of $HOME", COMMAND, "50%% of $$HOME"],
  ['"quoted"', LINE, '"quoted"'],
  ['a "b" c', STRIPPED, 'a "b" c'],
  ["[Service]", LINE, "[Service]"],
  ["# no comment", LINE, "# no comment"],
  ["a\tb", LINE, "a\tb"],
  ["a\\b", LINE, "a\\b"],
  [";", LINE, ";"],
  ["☃", STRIPPED, "☃"],
];

Deno.test("a text keeps quotes and backslashes; `%` and `$` are doubled where they are expanded", () => {
  for (const [value, place, text] of TEXTS) deepStrictEqual(writeText(value, place), { text });
});

const MANY_LINES = "it contains a line break or another control character";
const ENDS = "it starts or ends with white space, which would be lost";
const BACKSLASH = "it ends with a backslash, which joins it to the next line";
const QUOTE = "it starts or ends with a double quote, which Quadlet strips";

const TEXTS_REFUSED: readonly (readonly [value: string, place: TextPlace, problem: string])[] = [
  ["a\nb", LINE, MANY_LINES],
  ["a\rb", LINE, MANY_LINES],
  ["a\0b", LINE, MANY_LINES],
  ["a\u001bb", LINE, MANY_LINES],
  ["a\u0085b", LINE, MANY_LINES],
  ["a\u2028b", LINE, MANY_LINES],
  [" a", LINE, ENDS],
  ["a\t", LINE, ENDS],
  ["\u00a0a", LINE, ENDS],
  ["a\\", LINE, BACKSLASH],
  ['"a', STRIPPED, QUOTE],
  ['a"', STRIPPED, QUOTE],
  ["a\uFDD0b", LINE, NONCHARACTER],
  [";", COMMAND, "it is only `;`, which ends a command"],
];

Deno.test("a text that a line cannot contain is refused with the reason", () => {
  for (const [value, place, problem] of TEXTS_REFUSED) {
    deepStrictEqual(writeText(value, place), { problem });
  }
});

Deno.test("a token is refused if it needs quotes", () => {
  deepStrictEqual(writeToken("nvidia.com/gpu=all"), { text: "nvidia.com/gpu=all" });
  deepStrictEqual(writeToken("a%b$c"), { text: "a%%b$$c" });
  for (const value of ["", " ", "a b", "a\tb", 'a"', "a'", "a\\", "a\0", "a\u001b", "a\u0085"]) {
    deepStrictEqual("problem" in writeToken(value), true, JSON.stringify(value));
  }
});
