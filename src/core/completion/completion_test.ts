import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { shellWord } from "../report/mod.ts";
import { type Asked, questionAt } from "./question.ts";
import { answerFor, wordsOfLine, wordsTyped } from "./shell.ts";
import type { CommandSpec, OptionSpec, ValueSpec } from "./tree.ts";

function value(name: string, fields: Partial<ValueSpec> = {}): ValueSpec {
  return { name, choices: undefined, isOptional: false, isVariadic: false, ...fields };
}

function command(
  name: string,
  operands: readonly ValueSpec[],
  options: readonly OptionSpec[],
  commands: readonly CommandSpec[] = [],
): CommandSpec {
  return { name, about: `about ${name}`, operands, options, commands };
}

const JSON_OPTION: OptionSpec = { names: ["-j", "--json"], about: "", value: undefined };
const CODEX: OptionSpec = { names: ["--codex"], about: "", value: value("dir") };
const FACTS: OptionSpec = {
  names: ["--facts"],
  about: "",
  value: value("file", { isOptional: true }),
};
const ONLY: OptionSpec = { names: ["--only"], about: "", value: value("checks") };
const WAIT: OptionSpec = { names: ["--wait"], about: "", value: value("seconds") };

const LYCHD = command("lychd", [], [JSON_OPTION], [
  command("summon", [value("wish", { isVariadic: true })], [CODEX, JSON_OPTION, WAIT]),
  command("doctor", [], [CODEX, FACTS, ONLY]),
  command("schema", [value("kind", { choices: ["lychd", "soulstones"] })], []),
  command("help", [value("command", { isOptional: true })], []),
]);

/** What is asked, in short: the words, or what is to be looked up and what is there already. */
function shortOf({ question }: Asked): string {
  switch (question.kind) {
    case "words":
      return question.candidates.map(({ word }) => word).join(" ");
    case "lookup":
      return `${question.lookup}(${question.taken.join(" ")})`;
    default:
      return question.kind;
  }
}

const CASES: readonly (readonly [line: string, short: string, before?: string, typed?: string])[] =
  [
    ["", "summon doctor schema help"],
    ["su", "summon doctor schema help", "", "su"],
    ["-", "--json", "", "-"],
    ["nonsense ", ""],
    ["summon ", "wish()"],
    ["summon ey", "wish()", "", "ey"],
    ["summon ocr ", "wish(ocr)"],
    ["summon ocr see ", "wish(ocr see)"],
    ["summon --json ocr ", "wish(ocr)"],
    ["summon ocr --wait 5 ", "wish(ocr)"],
    ["summon ocr --wait ", ""],
    ["summon -- --", "wish()", "", "--"],
    ["summon --", "--codex --json --wait", "", "--"],
    ["summon --codex ", "folders"],
    ["summon --codex=a", "folders", "--codex=", "a"],
    ["summon --unknown=a", "--codex --json --wait", "", "--unknown=a"],
    ["doctor ", ""],
    ["doctor --facts ", "files"],
    ["doctor --facts --", "--codex --facts --only", "", "--"],
    ["doctor --facts --only ", "check()"],
    ["doctor --only cdi,pod", "check(cdi )", "cdi,", "pod"],
    ["doctor --only=cdi,pod", "check(cdi )", "--only=cdi,", "pod"],
    ["schema ", "lychd soulstones"],
    ["schema lychd ", ""],
    ["help s", "summon doctor schema help", "", "s"],
  ];

Deno.test("a line asks for what may stand at its end", () => {
  for (const [line, short, before = "", typed = ""] of CASES) {
    const asked = questionAt(LYCHD, line.split(" "));
    deepStrictEqual([shortOf(asked), asked.before, asked.typed], [short, before, typed], line);
  }
});

Deno.test("the Codex is the one that the line names", () => {
  const codexOf = (line: string) => questionAt(LYCHD, line.split(" ")).codex;
  deepStrictEqual(
    ["summon ", "summon --codex a ", "summon --codex=b ", "doctor --facts --codex c "].map(codexOf),
    [undefined, "a", "b", "c"],
  );
});

Deno.test("a line of bash is cut as bash cuts it, also inside of quotes, and nothing is run", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 })), fc.string(), (words, last) => {
      const line = words.map(shellWord).join(" ");
      deepStrictEqual(wordsOfLine(`${line} `), [...words, ""]);
      deepStrictEqual(wordsOfLine(`${line} ${shellWord(`${last}.`)}`), [...words, `${last}.`]);
      // The quote is still open.
      deepStrictEqual(wordsOfLine(`${line} '${last.replaceAll("'", "")}`), [
        ...words,
        last.replaceAll("'", ""),
      ]);
    }),
  );
  deepStrictEqual(wordsOfLine('a "b $(c) d'), ["a", "b $(c) d"]);
  deepStrictEqual(wordsOfLine("a b\\"), ["a", "b"]);
});

Deno.test("no line at all makes it fail", () => {
  fc.assert(
    fc.property(fc.constantFrom("bash", "zsh", "fish"), fc.array(fc.string()), (shell, typed) => {
      const asked = questionAt(LYCHD, wordsTyped(shell, typed));
      answerFor(shell, asked, [{ word: "eye", about: "" }], typed);
    }),
  );
});

Deno.test("each shell gets words as it takes them", () => {
  const looked = [{ word: "coven:vision", about: "a: b\n" }, { word: "coffee", about: "" }];
  const asked: Asked = {
    question: { kind: "lookup", lookup: "wish", taken: [] },
    before: "",
    typed: "coven:v",
    codex: undefined,
  };
  deepStrictEqual(answerFor("bash", asked, looked, ["x coven:v", "v"]), "words\nvision\n");
  deepStrictEqual(
    answerFor("bash", asked, looked, ["x coven:v", "coven:v"]),
    "words\ncoven:vision\n",
  );
  deepStrictEqual(answerFor("zsh", asked, looked, []), "words\ncoven\\:vision:a: b\\n\n");
  deepStrictEqual(answerFor("fish", asked, looked, []), "words\ncoven:vision\ta: b\\n\n");
});
