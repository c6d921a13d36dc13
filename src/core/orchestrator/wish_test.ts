import { deepStrictEqual, ok } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { readName, readWish, type Refusal, type Wish } from "./wish.ts";

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

const REFUSED: readonly (readonly [words: string, refusal: Refusal])[] = [
  ["chat", {
    reason: "ambiguous",
    message: "`chat` is a Coven and a Soulstone and a capability",
    hint: "say which: coven:chat, or soulstone:chat, or capability:chat",
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
    hint: "lychd list shows what there is",
  }],
  ["coven:ocr", {
    reason: "unknown",
    message: "there is no Coven `coven:ocr`",
    hint: "lychd list shows what there is",
  }],
  ["coven:", {
    reason: "unknown",
    message: "there is no Coven `coven:`",
    hint: "lychd list shows what there is",
  }],
  ["ocr eye", {
    reason: "ambiguous",
    message: "`eye` is a Soulstone; several words name capabilities",
    hint: "wish for `eye` alone",
  }],
  ["ocr vision-analisis", {
    reason: "unknown",
    message: "there is no capability `vision-analisis`",
    hint: "did you mean `vision-analysis` (capability)?",
  }],
  ["\u001b[2J", {
    reason: "unknown",
    message: "there is no Coven, Soulstone or capability `\\x1b[2J`",
    hint: "lychd list shows what there is",
  }],
];

for (const [words, refusal] of REFUSED) {
  Deno.test(`the wish ${JSON.stringify(words)} is refused: ${refusal.message}`, async () => {
    const read = readWish(words.split(" "), await inventoryOf(CODEX));
    ok("refusal" in read);
    deepStrictEqual(read.refusal, refusal);
  });
}

const NAMES: readonly (readonly [word: string, result: string])[] = [
  ["eye", "soulstone eye"],
  ["vision-ritual", "coven vision-ritual"],
  ["soulstone:chat", "soulstone chat"],
  ["chat", "`chat` is a Coven and a Soulstone; say which: coven:chat, or soulstone:chat"],
  [
    "ocr",
    "`ocr` is a capability, and neither a Coven nor a Soulstone; lychd list shows who offers it",
  ],
  ["both", "soulstone both"],
  ["eyes", "there is no Coven or Soulstone `eyes`; did you mean `eye` (Soulstone)?"],
];

for (const [word, result] of NAMES) {
  Deno.test(`the name ${word}: ${result}`, async () => {
    const both = `[both]\nimage = "localhost/x"\nport = 8782\ncapabilities = ["both"]\n`;
    const read = readName(word, await inventoryOf(CODEX + both));
    const words = "name" in read
      ? `${read.name.kind} ${read.name.name}`
      : `${read.refusal.message}; ${read.refusal.hint}`;
    deepStrictEqual(words, result);
  });
}
