import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { mayCoexist as mayCoexistByRule } from "../../compile/mod.ts";
import { combinationsOf, type Expression, readExpression } from "./matrix.ts";
import { routeGroups, routeMatrix, type Routing, type SwapGroup } from "./routing.ts";

const MODELS = ["a", "b", "c", "d", "e"];
const PAIRS = MODELS.flatMap((a, i) => MODELS.slice(i + 1).map((b) => [a, b] as const));

/** Groups of llama-swap; each model is in at most one. */
const swapGroups = fc.tuple(
  fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }),
  fc.array(fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()), { minLength: 3, maxLength: 3 }),
).map(([places, flags]) =>
  flags.map(([swap, exclusive, persistent], i): SwapGroup => ({
    name: `group${i}`,
    members: MODELS.filter((_, m) => places[m] === i),
    swap,
    exclusive,
    persistent,
  }))
);

/** Returns every set of models that llama-swap can run, by starts and unloads. */
function reachable(groups: readonly SwapGroup[]): Set<string> {
  const groupOf = (model: string) =>
    groups.find((g) => g.members.includes(model)) ??
      { name: "(default)", swap: true, exclusive: true, persistent: false };
  const start = (target: string, running: readonly string[]) =>
    [
      ...running.filter((other) => {
        if (other === target) return false;
        const [mine, its] = [groupOf(target), groupOf(other)];
        const isStopped = mine.name === its.name ? mine.swap : mine.exclusive && !its.persistent;
        return !isStopped;
      }),
      target,
    ].sort();
  const seen = new Set<string>();
  const open: string[][] = [[]];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    const key = state.join("");
    if (seen.has(key)) continue;
    seen.add(key);
    const running = state;
    for (const model of MODELS) open.push(start(model, running));
    for (const model of running) open.push(running.filter((other) => other !== model));
  }
  return seen;
}

/** Returns every set of models that lychd can run. */
function allowed({ mayCoexist }: Routing): Set<string> {
  const sets = new Set<string>();
  for (let bits = 0; bits < 2 ** MODELS.length; bits++) {
    const set = MODELS.filter((_, i) => bits & 1 << i);
    if (set.every((a) => set.every((b) => a === b || mayCoexist(a, b)))) sets.add(set.join(""));
  }
  return sets;
}

/** Checks that the exclusivity rule allows the same pairs as the routing. */
function checkRule(routing: Routing): void {
  const member = (name: string) => ({
    name,
    resident: routing.residents.includes(name),
    groups: routing.groups.flatMap((g, i) => g.members.includes(name) ? [String(i)] : []),
    slot: routing.slots.find(({ members }) => members.includes(name))?.name,
  });
  for (const [a, b] of PAIRS) {
    strictEqual(mayCoexistByRule(member(a), member(b)), routing.mayCoexist(a, b), `${a} ${b}`);
  }
}

Deno.test("lychd allows the sets that llama-swap's groups can run, without reported one-sided pairs", () => {
  fc.assert(
    fc.property(swapGroups, (groups) => {
      const routing = routeGroups(MODELS, groups, MODELS);
      const nameOf = (model: string) =>
        groups.find((group) => group.members.includes(model))?.name ?? "(default)";
      const isOneSided = (a: string, b: string) =>
        routing.oneSided.some(({ starts, unloads }) =>
          [starts, unloads].sort().join() === [nameOf(a), nameOf(b)].sort().join()
        );
      const expected = [...reachable(groups)].filter((set) =>
        [...set].every((a) => [...set].every((b) => !isOneSided(a, b)))
      );
      deepStrictEqual([...allowed(routing)].sort(), expected.sort());
      checkRule(routing);
    }),
    { numRuns: 500 },
  );
});

function all(members: readonly string[]): Expression {
  return { kind: "all", parts: members.map((model) => ({ kind: "model", model })) };
}

/** Sets of a matrix: combinations of some models, in a set for each or in one for all. */
const sets = fc.tuple(
  fc.array(fc.subarray(MODELS, { minLength: 1 }), { minLength: 1, maxLength: 5 }),
  fc.boolean(),
).map(([combinations, isOne]) =>
  isOne
    ? [{ name: "set", expression: { kind: "one", parts: combinations.map(all) } as const }]
    : combinations.map((members, i) => ({ name: `set${i}`, expression: all(members) }))
);

Deno.test("two models share a group exactly if a set has both, and looser sets are reported", () => {
  fc.assert(fc.property(sets, (all) => {
    const routing = routeMatrix(MODELS, all);
    checkRule(routing);
    const combinations = all.flatMap(({ expression }) => combinationsOf(expression) ?? []);
    for (const [a, b] of PAIRS) {
      const isInSet = combinations.some((c) => c.includes(a) && c.includes(b));
      strictEqual(routing.mayCoexist(a, b), isInSet);
    }
    // Every set that lychd allows is in a set of the matrix or reported as looser.
    const reported = [...combinations, ...all.flatMap(({ name }) => routing.looserOf(name))];
    for (const set of allowed(routing)) {
      const members = [...set];
      const isKnown = members.length < 2 ||
        reported.some((c) => members.every((model) => c.includes(model)));
      strictEqual(isKnown, true, set);
    }
  }));
});

const EXPRESSIONS: readonly (readonly [expression: string, combinations: string])[] = [
  ["L", "L"],
  ["a & b", "a b"],
  ["a | b", "a; b"],
  ["(a | b) & c", "a c; b c"],
  ["(a | b) & (c | d)", "a c; a d; b c; b d"],
  // `&` binds tighter.
  ["a | b & c", "a; b c"],
  ["+llms & v", "g v; q v"],
  ["a&a|a", "a"],
  ["model-1.5_x", "model-1.5_x"],
  ["", "problem: it ends before a model"],
  ["a &", "problem: it ends before a model"],
  ["(a", "problem: a parenthesis is not closed"],
  ["a)", "problem: `)` is not expected here"],
  ["a b", "problem: `b` is not expected here"],
  ["+", "problem: `+` is not expected here"],
  ["+none", "problem: there is no set `none`"],
  ["missing!", "problem: there is no model `missing`"],
  [Array(11).fill("(a | b)").join(" & "), "a; a b; b"],
  [
    [..."abcdefgh"].map((c) => `(${c}0 | ${c}1)`).join(" & "),
    "more than a Codex has groups",
  ],
];

Deno.test("expressions of a matrix are expanded as llama-swap does", () => {
  for (const [expression, expected] of EXPRESSIONS) {
    const model = (name: string) => ({ kind: "model", model: name }) as const;
    const read = readExpression(expression, {
      modelOf: (word) => word === "missing" ? undefined : word,
      setOf: (name) =>
        name === "llms" ? { kind: "one", parts: [model("g"), model("q")] } : undefined,
    });
    const actual = "problem" in read
      ? `problem: ${read.problem}`
      : combinationsOf(read.expression)?.map((members) => members.join(" ")).join("; ") ??
        "more than a Codex has groups";
    strictEqual(actual, expected, expression);
  }
});
