import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist as mayCoexistByRule } from "../compile/mod.ts";
import { groupsOf, mayAllCoexist } from "./groups.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];
const PAIRS = NAMES.flatMap((a, i) => NAMES.slice(i + 1).map((b) => [a, b] as const));

Deno.test("the exclusivity rule allows exactly the pairs that the groups were made of", () => {
  fc.assert(fc.property(fc.subarray(PAIRS), (pairs) => {
    const allowed = new Set(pairs.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
    const may = (a: string, b: string) => allowed.has(`${a} ${b}`);
    const groups = groupsOf(NAMES, may);
    const member = (name: string) => ({
      name,
      resident: false,
      groups: groups.flatMap((g, i) => g.members.includes(name) ? [String(i)] : []),
    });
    for (const [a, b] of PAIRS) strictEqual(mayCoexistByRule(member(a), member(b)), may(a, b));
    for (const { members } of groups) strictEqual(mayAllCoexist(members, may), true);
  }));
});

Deno.test("an engine that runs alone is in no group", () => {
  deepStrictEqual(groupsOf(NAMES, () => false), []);
  deepStrictEqual(groupsOf(["a"], () => true), []);
});

Deno.test("a group has the name of the first member that is in no other group", () => {
  const big = (name: string) => name === "a" || name === "b";
  deepStrictEqual(groupsOf(["a", "b", "c", "d"], (x, y) => !(big(x) && big(y))), [
    { name: "a", members: ["a", "c", "d"] },
    { name: "b", members: ["b", "c", "d"] },
  ]);
  deepStrictEqual(groupsOf(["a", "b"], () => true), [{ name: "together", members: ["a", "b"] }]);
});
