import { deepStrictEqual } from "node:assert/strict";
import { splitWords } from "./split.ts";

const WORDS: readonly (readonly [value: string, words: readonly string[], rest?: string])[] = [
  ["", []],
  ["  ", []],
  ["one", ["one"]],
  ["one  two\tthree ", ["one", "two", "three"]],
  [`"two words" 'and more'`, ["two words", "and more"]],
  [`--a="b c"d 'e'"f"`, ["--a=b cd", "ef"]],
  [`'it"s' "it's"`, ['it"s', "it's"]],
  ["a\\ b", [], "Quadlet knows no escape"],
  ["a\\sb a\\tb", ["a b", "a\tb"]],
  [`"a\\nb" 'c\\\\d' \\"e\\"`, ["a\nb", "c\\d", '"e"']],
  ["\\x41 \\101 \\u00e9 \\U0001F600", ["A", "A", "é", "😀"]],
  ["\\xe9", ["é"]],
  ["\\ud800", ["\ufffd"]],
  // A quote that is not closed ends with the line, and so does a backslash.
  [`a "open quote`, ["a", "open quote"]],
  ["a b\\", ["a", "b"]],
  // An empty word ends the reading.
  [`a "" b c`, ["a"], '"" b c'],
  [`'' a`, [], "'' a"],
  [`a""b`, ["ab"]],
  ["a;b ; # c", ["a;b", ";", "#", "c"]],
  ["%h $HOME $$", ["%h", "$HOME", "$$"]],
];

Deno.test("words are split as Quadlet splits them", () => {
  for (const [value, words, rest = ""] of WORDS) {
    const split = splitWords(value, "words");
    if (rest.startsWith("Quadlet")) deepStrictEqual("problem" in split, true, value);
    else deepStrictEqual(split, { words, rest }, value);
  }
});

Deno.test("an escape that Quadlet does not know loses the whole line", () => {
  for (const escape of ["\\q", "\\ ", "\\x4", "\\x00", "\\u12", "\\000", "\\8", "\\UFFFFFFFF"]) {
    const split = splitWords(`a ${escape} b`, "words");
    deepStrictEqual(split, { problem: `Quadlet knows no escape \`${escape.slice(0, 2)}\`` });
  }
});

Deno.test("in tokens a backslash escapes nothing", () => {
  deepStrictEqual(splitWords(`\\/a "b c" 'd\\'`, "tokens"), {
    words: ["\\/a", "b c", "d\\"],
    rest: "",
  });
  deepStrictEqual(splitWords('a "b', "tokens"), { problem: "it has a quote that is not closed" });
});
