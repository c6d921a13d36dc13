import { deepStrictEqual, ok } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { readWish, type Refusal, type Wish } from "./wish.ts";

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
