import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist as mayCoexistByRule } from "../compile/mod.ts";
import { groupsOf, mayAllCoexist, slotsOf } from "./groups.ts";

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

Deno.test("slots allow exactly the pairs that they were made of, and are found if they exist", () => {
  const slots = fc.array(fc.nat(3), { minLength: NAMES.length, maxLength: NAMES.length });
  fc.assert(fc.property(slots, fc.subarray(PAIRS), fc.boolean(), (places, pairs, areSlots) => {
    const allowed = new Set(pairs.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
    // The place 0 excludes all others.
    const place = (name: string) => places[NAMES.indexOf(name)] ?? 0;
    const may = (a: string, b: string) =>
      areSlots ? place(a) * place(b) > 0 && place(a) !== place(b) : allowed.has(`${a} ${b}`);
    const found = slotsOf(NAMES, may);
    if (found.length === 0) {
      const used = new Set(places.filter((p) => p > 0));
      const hasPair = [...used].some((p) => places.filter((other) => other === p).length > 1);
      strictEqual(areSlots && used.size > 1 && hasPair, false);
      return;
    }
    const member = (name: string) => ({
      name,
      resident: false,
      groups: [],
      slot: found.find(({ members }) => members.includes(name))?.name,
    });
    for (const [a, b] of PAIRS) strictEqual(mayCoexistByRule(member(a), member(b)), may(a, b));
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
