import { strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist, type Member } from "../compile/mod.ts";
import { exclusionTerms, labelsOf } from "./exclusion.ts";
import type { IPodAffinityTerm } from "./objects.ts";

/** Evaluates a label selector as the scheduler does. */
function selects(term: IPodAffinityTerm, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = term.labelSelector ?? {};
  return Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      switch (operator) {
        case "Exists":
          return value !== undefined;
        case "DoesNotExist":
          return value === undefined;
        case "In":
          return value !== undefined && values.includes(value);
        default:
          throw new Error(`the test does not know ${operator}`);
      }
    });
}

/** Returns true if a pod of `a` may not start beside one of `b`. */
function excludes(a: Member, b: Member): boolean {
  return exclusionTerms(a).some((term) => selects(term, labelsOf(b)));
}

const NAMES = ["a", "b", "c"];

function member(name: string): fc.Arbitrary<Member> {
  return fc.record({
    name: fc.constant(name),
    groups: fc.subarray(NAMES),
    slot: fc.option(fc.constantFrom(...NAMES), { nil: undefined }),
    resident: fc.boolean(),
  });
}

Deno.test("the scheduler keeps two engines apart exactly if the rule excludes them", () => {
  const seen = new Set<boolean>();
  fc.assert(
    fc.property(member("eye"), member("sage"), (a, b) => {
      const apart = !mayCoexist(a, b);
      seen.add(apart);
      strictEqual(excludes(a, b), apart);
      strictEqual(excludes(b, a), apart);
    }),
    { numRuns: 5000 },
  );
  strictEqual(seen.size, 2);
});

Deno.test("a second copy of an engine goes to another host", () => {
  fc.assert(fc.property(member("eye"), (a) => strictEqual(excludes(a, a), true)));
});
