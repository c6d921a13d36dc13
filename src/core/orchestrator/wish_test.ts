import { deepStrictEqual, ok } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { readName, readWish, type Wish, type WishProblem } from "./wish.ts";

const CODEX = `
[eye]
image = "localhost/x"
port = 8780
groups = ["vision-ritual", "chat"]
capabilities = ["vision-analysis", "chat"]
[chat]
image = "localhost/x"
port = 8781
groups = ["chat"]
capabilities = ["ocr"]
[deep]
image = "localhost/x"
port = 8782
groups = ["think"]
[notes]
image = "localhost/x"
port = 8783
slot = "one"
[papers]
image = "localhost/x"
port = 8784
slot = "two"
`;

const READ: readonly (readonly [words: string, wish: Wish])[] = [
  ["vision-ritual", { kind: "coven", name: "vision-ritual" }],
  ["eye", { kind: "soulstone", name: "eye" }],
  ["ocr", { kind: "capabilities", names: ["ocr"] }],
  ["vision-analysis ocr vision-analysis", {
    kind: "capabilities",
    names: ["ocr", "vision-analysis"],
  }],
  ["coven:chat", { kind: "coven", name: "chat" }],
  ["soulstone:chat", { kind: "soulstone", name: "chat" }],
  ["capability:chat", { kind: "capabilities", names: ["chat"] }],
  ["ocr chat", { kind: "capabilities", names: ["chat", "ocr"] }],
];

for (const [words, wish] of READ) {
  Deno.test(`the wish ${words} is a ${wish.kind}`, async () => {
    deepStrictEqual(readWish(words.split(" "), await inventoryOf(CODEX)), { wish });
  });
}

const REFUSED: readonly (readonly [words: string, problem: WishProblem])[] = [
  ["chat", {
    reason: "ambiguous",
    message: "`chat` is a Coven and a Soulstone and a capability",
    hint: "use coven:chat or soulstone:chat or capability:chat",
  }],
  ["eyes", {
    reason: "unknown",
    message: "there is no Coven, Soulstone or capability `eyes`",
    hint: "did you mean `eye` (Soulstone)?",
  }],
  ["vision", {
    reason: "unknown",
    message: "there is no Coven, Soulstone or capability `vision`",
    hint: "did you mean `vision-ritual` (Coven) or `vision-analysis` (capability)?",
  }],
  ["zebra", {
    reason: "unknown",
    message: "there is no Coven, Soulstone or capability `zebra`",
    hint: "lychd list shows all names",
  }],
  ["coven:ocr", {
    reason: "unknown",
    message: "there is no Coven `coven:ocr`",
    hint: "lychd list shows all names",
  }],
  ["coven:", {
    reason: "unknown",
    message: "there is no Coven `coven:`",
    hint: "lychd list shows all names",
  }],
  ["ocr eye", {
    reason: "combined",
    message: "`eye` is a Soulstone; only capabilities can be combined",
    hint: "use `eye` alone",
  }],
  ["eye deep", {
    reason: "combined",
    message: "`eye` is a Soulstone; only capabilities can be combined",
    hint: "to run eye and deep together, give them a group in common, or different slots",
  }],
  ["notes papers", {
    reason: "combined",
    message: "`notes` is a Soulstone; only capabilities can be combined",
    hint: "they may run together: lychd summon soulstone:notes && lychd summon soulstone:papers",
  }],
  ["eye soulstone:chat", {
    reason: "combined",
    message: "`eye` is a Soulstone; only capabilities can be combined",
    hint: "use the Coven `chat`: they run together in it",
  }],
  ["ocr vision-analisis", {
    reason: "unknown",
    message: "there is no capability `vision-analisis`",
    hint: "did you mean `vision-analysis` (capability)?",
  }],
  ["\u001b[2J", {
    reason: "unknown",
    message: "there is no Coven, Soulstone or capability `\\x1b[2J`",
    hint: "lychd list shows all names",
  }],
];

for (const [words, problem] of REFUSED) {
  Deno.test(`the wish ${JSON.stringify(words)} is refused: ${problem.message}`, async () => {
    const read = readWish(words.split(" "), await inventoryOf(CODEX));
    ok("problem" in read);
    deepStrictEqual(read.problem, problem);
  });
}

const NAMES: readonly (readonly [word: string, result: string])[] = [
  ["eye", "soulstone eye"],
  ["vision-ritual", "coven vision-ritual"],
  ["soulstone:chat", "soulstone chat"],
  ["chat", "`chat` is a Coven and a Soulstone; use coven:chat or soulstone:chat"],
  [
    "ocr",
    "`ocr` is a capability, not a Coven or a Soulstone; lychd list shows which Soulstones offer it",
  ],
  ["both", "soulstone both"],
  ["eyes", "there is no Coven or Soulstone `eyes`; did you mean `eye` (Soulstone)?"],
];

for (const [word, result] of NAMES) {
  Deno.test(`the name ${word}: ${result}`, async () => {
    const both = `[both]\nimage = "localhost/x"\nport = 8783\ncapabilities = ["both"]\n`;
    const read = readName(word, await inventoryOf(CODEX + both));
    const words = "name" in read
      ? `${read.name.kind} ${read.name.name}`
      : `${read.problem.message}; ${read.problem.hint}`;
    deepStrictEqual(words, result);
  });
}
