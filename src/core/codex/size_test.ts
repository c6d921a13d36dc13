import { deepStrictEqual } from "node:assert/strict";
import { countValues } from "./size.ts";

const COUNTED: readonly (readonly [text: string, count: number])[] = [
  ["", 0],
  ["# a = [1, 2]\n", 0],
  ["a = 1\nb.c = 2 # = = =\n", 3],
  ["[a]\nb = [1, 2]\nc = { d = 1 }\n", 7],
  ['a = "=,.[{ \\" ,"\nb = 1', 2],
  ["a = '=,.[{ \\'\nb = 1", 2],
  ['a = """= " "" \\""" =\n="""\nb = 1', 2],
  ["a = '''= ' '' \\\n='''\nb = 1", 2],
  ['a = "never closed = = =', 1],
  ['a = "\\', 1],
  ["# never ends = =", 0],
];

Deno.test("keys and values are counted, but not marks in strings and comments", () => {
  for (const [text, count] of COUNTED) {
    deepStrictEqual(countValues(text, 99), { count, overLimit: undefined }, text);
  }
});

Deno.test("the offset of the first one beyond the limit is returned", () => {
  deepStrictEqual(countValues("a = [1, 2]", 2), { count: 3, overLimit: 6 });
});
