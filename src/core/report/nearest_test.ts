import { strictEqual } from "node:assert/strict";
import { didYouMean, nearest, suggestion } from "./nearest.ts";

const FIELDS = ["image", "port", "groups", "capabilities", "exec", "port_expose"];

const NEAREST: readonly (readonly [name: string, found: string | undefined])[] = [
  ["grups", "groups"],
  ["group", "groups"],
  ["PORT", "port"],
  ["prot", "port"],
  ["imag", "image"],
  ["capabilites", "capabilities"],
  ["port-expose", "port_expose"],
  ["zebra", undefined],
  ["", undefined],
  ["x".repeat(200), undefined],
];

Deno.test("the nearest name is the one that a word is most likely a typo of", () => {
  for (const [name, found] of NEAREST) strictEqual(nearest(name, FIELDS), found, name);
  strictEqual(nearest("x", []), undefined);
});

Deno.test("a hint has the nearest name, or all names", () => {
  strictEqual(didYouMean("prot", FIELDS), "did you mean `port`?");
  strictEqual(didYouMean("zebra", FIELDS), undefined);
  strictEqual(suggestion("zebra", ["a", "b"], "engines"), "known engines: `a`, `b`");
});
