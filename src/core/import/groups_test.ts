import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist as mayCoexistByRule } from "../compile/mod.ts";
import { coverOf, groupsOf, mayAllCoexist } from "./groups.ts";

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

Deno.test("slots and groups together allow exactly the pairs, and slots alone where they can", () => {
  const slots = fc.array(fc.nat(3), { minLength: NAMES.length, maxLength: NAMES.length });
  fc.assert(
    fc.property(slots, fc.subarray(PAIRS), fc.boolean(), (places, pairs, areSlots) => {
      const allowed = new Set(pairs.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`]));
      // The place 0 excludes all others.
      const place = (name: string) => places[NAMES.indexOf(name)] ?? 0;
      const may = (a: string, b: string) =>
        areSlots ? place(a) * place(b) > 0 && place(a) !== place(b) : allowed.has(`${a} ${b}`);
      const cover = coverOf(NAMES, may);
      const used = new Set(places.filter((p) => p > 0));
      const hasPair = [...used].some((p) => places.filter((other) => other === p).length > 1);
      if (areSlots && used.size > 1 && hasPair) {
        deepStrictEqual([cover.groups.length, cover.slots.length], [0, used.size]);
      }
      checkCover(cover, NAMES, may);
    }),
    { numRuns: 500 },
  );
});

/** Checks that a cover allows exactly the pairs, and that no group has two engines of one slot. */
function checkCover(
  { groups, slots }: ReturnType<typeof coverOf>,
  names: readonly string[],
  may: (a: string, b: string) => boolean,
): void {
  const member = (name: string) => ({
    name,
    resident: false,
    groups: groups.flatMap((g, i) => g.members.includes(name) ? [String(i)] : []),
    slot: slots.find(({ members }) => members.includes(name))?.name,
  });
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      strictEqual(mayCoexistByRule(member(a), member(b)), may(a, b), `${a} ${b}`);
    }
  }
  for (const { members } of groups) strictEqual(mayAllCoexist(members, may), true);
}

Deno.test("an engine beside a large pool does not cost the slots of the pool", () => {
  const names = Array.from({ length: 30 }, (_, i) => `m${i}`);
  // Three slots of nine, two engines that run only together, and one that runs beside only one other.
  const slotOf = (name: string) => Math.floor(Number(name.slice(1)) / 9);
  const may = (a: string, b: string) => {
    const [left, right] = [slotOf(a), slotOf(b)];
    if (left < 3 && right < 3) return left !== right;
    return ["m27 m28", "m0 m29"].includes([a, b].sort().join(" "));
  };
  const cover = coverOf(names, may);
  deepStrictEqual([cover.slots.length, cover.groups.length], [3, 2]);
  checkCover(cover, names, may);
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
