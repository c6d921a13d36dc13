import { deepStrictEqual } from "node:assert/strict";
import { wrap } from "./text.ts";

const WRAPPED: readonly (readonly [text: string, indent: number, lines: string[]])[] = [
  ["", 0, [""]],
  ["one two", 0, ["one two"]],
  ["exactly 10", 0, ["exactly 10"]],
  ["exactly 10 more", 0, ["exactly 10", "more"]],
  ["exactly 10", 1, [" exactly", " 10"]],
  ["a longer-than-a-line b", 2, ["  a", "  longer-than-a-line", "  b"]],
];

Deno.test("text is wrapped at spaces, indent included in the width", () => {
  for (const [text, indent, lines] of WRAPPED) deepStrictEqual(wrap(text, indent, 10), lines, text);
});

Deno.test("text is wrapped at 80 columns by default", () => {
  deepStrictEqual(wrap("word ".repeat(20).trimEnd()).map((line) => line.length), [79, 19]);
});
