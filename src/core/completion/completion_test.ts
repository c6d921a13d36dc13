import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { shellWord } from "../report/mod.ts";
import { type Completion, questionAt } from "./question.ts";
import { answerFor, wordsOfLine, wordsTyped } from "./shell.ts";
import type { CommandSpec, ValueSpec } from "./tree.ts";

function command(
  name: string,
  operands: readonly ValueSpec[],
  options: readonly ValueSpec[],
  commands: readonly CommandSpec[] = [],
): CommandSpec {
  return {
    name,
    about: `about ${name}`,
    operands: Object.fromEntries(operands.entries()),
    options: Object.fromEntries(options.entries()),
    commands,
  };
}

function value(flags: string, more: Partial<ValueSpec> = {}): ValueSpec {
  return { flags, about: "", ...more };
}

const JSON_OPTION = value("-j, --json");
const CODEX = value("--codex <dir>", { complete: "folders" });
const FACTS = value("--facts [file]", { complete: "files" });
const ONLY = value("--only <checks>", { complete: "check" });
const WAIT = value("--wait <seconds>");
const TOGGLE = value("--on", { negation: value("--no-on") });

const LYCHD = command("lychd", [], [JSON_OPTION], [
  {
    ...command("summon", [value("<wish...>", { complete: "wish" })], [CODEX, JSON_OPTION, WAIT]),
    alias: "start",
  },
  command("doctor", [], [CODEX, FACTS, ONLY]),
  command("schema", [value("<kind>", { choices: ["lychd", "soulstones"] })], [TOGGLE]),
  command("help", [value("[command]", { complete: "commands" })], []),
  { ...command("complete", [], []), isHidden: true },
]);

/** Returns a question in short: its words, or its lookup and the words that are taken. */
function shortOf({ question }: Completion): string {
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
    ["", "summon doctor schema help start"],
    ["su", "summon doctor schema help start", "", "su"],
    ["start ocr ", "wish(ocr)"],
    ["-", "--json --help", "", "-"],
    ["nonsense ", ""],
    ["summon ", "wish()"],
    ["summon ey", "wish()", "", "ey"],
    ["summon ocr ", "wish(ocr)"],
    ["summon ocr see ", "wish(ocr see)"],
    ["summon --json ocr ", "wish(ocr)"],
    ["summon ocr --wait 5 ", "wish(ocr)"],
    ["summon ocr --wait ", ""],
    ["summon -- --", "wish()", "", "--"],
    ["summon --", "--codex --json --wait --help", "", "--"],
    ["summon --codex ", "folders"],
    ["summon --codex=a", "folders", "--codex=", "a"],
    ["summon --unknown=a", "--codex --json --wait --help", "", "--unknown=a"],
    ["doctor ", ""],
    ["doctor --facts ", "files"],
    ["doctor --facts --", "--codex --facts --only --help", "", "--"],
    ["doctor --facts --only ", "check()"],
    ["doctor --only cdi,pod", "check(cdi )", "cdi,", "pod"],
    ["doctor --only=cdi,pod", "check(cdi )", "--only=cdi,", "pod"],
    ["schema ", "lychd soulstones"],
    ["schema lychd ", ""],
    ["schema -", "--on --no-on --help", "", "-"],
    ["help s", "summon doctor schema help start", "", "s"],
  ];

Deno.test("the end of a line gets the words that fit", () => {
  for (const [line, short, before = "", typed = ""] of CASES) {
    const completion = questionAt(LYCHD, line.split(" "));
    deepStrictEqual([shortOf(completion), completion.before, completion.typed], [
      short,
      before,
      typed,
    ], line);
  }
});

Deno.test("the Codex is that of the --codex option on the line", () => {
  const codexOf = (line: string) => questionAt(LYCHD, line.split(" ")).codex;
  deepStrictEqual(
    ["summon ", "summon --codex a ", "summon --codex=b ", "doctor --facts --codex c "].map(codexOf),
    [undefined, "a", "b", "c"],
  );
});

Deno.test("a line is split as bash splits it, also inside quotes, and nothing is run", () => {
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

Deno.test("every line gets an answer", () => {
  fc.assert(
    fc.property(fc.constantFrom("bash", "zsh", "fish"), fc.array(fc.string()), (shell, typed) => {
      const completion = questionAt(LYCHD, wordsTyped(shell, typed));
      answerFor(shell, completion, [{ word: "eye", about: "" }], typed);
    }),
  );
});

Deno.test("each shell gets words in its own format", () => {
  const looked = [{ word: "coven:vision", about: "a: b\n" }, { word: "coffee", about: "" }];
  const completion: Completion = {
    question: { kind: "lookup", lookup: "wish", taken: [] },
    before: "",
    typed: "coven:v",
    codex: undefined,
  };
  deepStrictEqual(answerFor("bash", completion, looked, ["x coven:v", "v"]), "words\nvision\n");
  deepStrictEqual(
    answerFor("bash", completion, looked, ["x coven:v", "coven:v"]),
    "words\ncoven:vision\n",
  );
  deepStrictEqual(answerFor("zsh", completion, looked, []), "words\ncoven\\:vision:a: b\\n\n");
  deepStrictEqual(answerFor("fish", completion, looked, []), "words\ncoven:vision\ta: b\\n\n");
});
