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
  ["a\\ b", [], "Quadlet does not know the escape"],
  ["a\\sb a\\tb", ["a b", "a\tb"]],
  [`"a\\nb" 'c\\\\d' \\"e\\"`, ["a\nb", "c\\d", '"e"']],
  ["\\x41 \\101 \\u00e9 \\U0001F600", ["A", "A", "é", "😀"]],
  ["\\xe9", ["é"]],
  ["\\ud800", ["\ufffd"]],
  // An open quote ends at the end of the line, and a final backslash is ignored.
  [`a "open quote`, ["a", "open quote"]],
  ["a b\\", ["a", "b"]],
  // Quadlet stops at an empty word.
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

Deno.test("an unknown escape refuses the whole line", () => {
  for (const escape of ["\\q", "\\ ", "\\x4", "\\x00", "\\u12", "\\000", "\\8", "\\UFFFFFFFF"]) {
    const split = splitWords(`a ${escape} b`, "words");
    deepStrictEqual(split, {
      problem: `Quadlet does not know the escape \`${escape.slice(0, 2)}\``,
    });
  }
});

Deno.test("in tokens a backslash is an ordinary character", () => {
  deepStrictEqual(splitWords(`\\/a "b c" 'd\\'`, "tokens"), {
    words: ["\\/a", "b c", "d\\"],
    rest: "",
  });
  deepStrictEqual(splitWords('a "b', "tokens"), {
    problem: "it contains a quote that is not closed",
  });
});
