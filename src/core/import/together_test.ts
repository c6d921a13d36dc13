import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist as mayCoexistByLaw } from "../compile/mod.ts";
import { areFriends, groupsOf } from "./together.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];
const PAIRS = NAMES.flatMap((a, i) => NAMES.slice(i + 1).map((b) => [a, b] as const));

Deno.test("groups say by the law of Covens exactly who may run beside whom", () => {
  fc.assert(fc.property(fc.subarray(PAIRS), (pairs) => {
    const friends = new Set(pairs.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
    const may = (a: string, b: string) => friends.has(`${a} ${b}`);
    const groups = groupsOf(NAMES, may);
    const member = (name: string) => ({
      name,
      resident: false,
      groups: groups.flatMap((g, i) => g.members.includes(name) ? [String(i)] : []),
    });
    for (const [a, b] of PAIRS) strictEqual(mayCoexistByLaw(member(a), member(b)), may(a, b));
    for (const { members } of groups) strictEqual(areFriends(members, may), true);
  }));
});

Deno.test("whoever runs beside nobody is in no group", () => {
  deepStrictEqual(groupsOf(NAMES, () => false), []);
  deepStrictEqual(groupsOf(["a"], () => true), []);
});

Deno.test("groups are called after the member that no other has", () => {
  const big = (name: string) => name === "a" || name === "b";
  deepStrictEqual(groupsOf(["a", "b", "c", "d"], (x, y) => !(big(x) && big(y))), [
    { name: "a", members: ["a", "c", "d"] },
    { name: "b", members: ["b", "c", "d"] },
  ]);
  deepStrictEqual(groupsOf(["a", "b"], () => true), [{ name: "together", members: ["a", "b"] }]);
});
