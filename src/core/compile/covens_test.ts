import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readCodex } from "../codex/mod.ts";
import { readUnit } from "../rune/mod.ts";
import { compile } from "./compile.ts";
import { conflictsOf, covensOf, mayCoexist, type Member } from "./covens.ts";

function member(name: string, groups: readonly string[] = [], resident = false): Member {
  return { name, groups, resident };
}

const PAIRS: readonly (readonly [claim: string, a: Member, b: Member, together: boolean])[] = [
  ["share their only group", member("a", ["x"]), member("b", ["x"]), true],
  ["share one of several groups", member("a", ["x", "y"]), member("b", ["y", "z"]), true],
  ["share no group", member("a", ["x"]), member("b", ["y"]), false],
  ["have no groups", member("a"), member("b"), false],
  ["have groups that differ in case", member("a", ["x"]), member("b", ["X"]), false],
  ["are resident and alone", member("a", [], true), member("b"), true],
  ["are resident and in a group", member("a", [], true), member("b", ["x"]), true],
  ["are both resident", member("a", [], true), member("b", [], true), true],
];

for (const [claim, a, b, together] of PAIRS) {
  Deno.test(`two Soulstones that ${claim} ${together ? "may" : "never"} run together`, () => {
    strictEqual(mayCoexist(a, b), together);
    strictEqual(mayCoexist(b, a), together);
  });
}

Deno.test("the members of a Coven are the Soulstones of its group and the residents", () => {
  const all = [member("c", ["y"]), member("a", ["x", "y"]), member("r", [], true), member("n")];
  deepStrictEqual(covensOf(all), [
    { name: "x", members: ["a", "r"], outsiders: ["c", "n"] },
    { name: "y", members: ["a", "c", "r"], outsiders: ["n"] },
  ]);
  deepStrictEqual([...conflictsOf(all)], [
    ["a", ["n"]],
    ["c", ["n"]],
    ["n", ["a", "c"]],
    ["r", []],
  ]);
  deepStrictEqual(covensOf([]), []);
});

const MEMBERS = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/),
    groups: fc.uniqueArray(fc.constantFrom("one", "two", "three", "four"), { maxLength: 3 }),
    resident: fc.boolean(),
  }),
  { selector: (m) => m.name, minLength: 1, maxLength: 10 },
);

Deno.test("a conflict is symmetric, and no Soulstone conflicts with itself", () => {
  fc.assert(fc.property(MEMBERS, (members) => {
    const conflicts = conflictsOf(members);
    for (const [name, others] of conflicts) {
      strictEqual(others.includes(name), false);
      for (const other of others) strictEqual(conflicts.get(other)?.includes(name), true);
    }
  }));
});

Deno.test("a Soulstone and the members of its Coven never conflict", () => {
  fc.assert(fc.property(MEMBERS, (members) => {
    const conflicts = conflictsOf(members);
    for (const coven of covensOf(members)) {
      for (const name of coven.members) {
        deepStrictEqual(conflicts.get(name)?.filter((o) => coven.members.includes(o)), []);
      }
      deepStrictEqual(
        [...coven.members, ...coven.outsiders].sort(),
        members.map((m) => m.name).sort(),
      );
    }
  }));
});

Deno.test("a resident is in every Coven and has no conflicts", () => {
  fc.assert(fc.property(MEMBERS, (members) => {
    const conflicts = conflictsOf(members);
    for (const { name } of members.filter((m) => m.resident)) {
      deepStrictEqual(conflicts.get(name), []);
      strictEqual(covensOf(members).every((c) => c.members.includes(name)), true);
    }
  }));
});

Deno.test("the order of the Soulstones does not matter", () => {
  fc.assert(fc.property(MEMBERS, (members) => {
    deepStrictEqual(covensOf(members.toReversed()), covensOf(members));
    deepStrictEqual([...conflictsOf(members.toReversed())], [...conflictsOf(members)]);
  }));
});

/** The values of `key` in the unit of each Soulstone and Coven, by the name of its service. */
async function unitsOf(members: readonly Member[], key: string): Promise<Map<string, string[]>> {
  const text = members.map(({ name, groups, resident }, i) =>
    `["${name}"]\nimage = "localhost/x"\nport = ${20_000 + i}\nexec = ["{port}"]\n` +
    `groups = ${JSON.stringify(groups)}\nresident = ${resident}\n`
  ).join("\n");
  const bytes = new TextEncoder().encode(text);
  const { codex, findings } = readCodex({
    folder: "codex",
    files: [{ path: "soulstones/all.toml", bytes }],
  });
  deepStrictEqual(findings, [], text);
  const { runes } = await compile(codex);
  return new Map(runes.flatMap(({ path, text }) => {
    if (!/\.(?:container|target)$/.test(path)) return [];
    const unit = path.slice(path.lastIndexOf("/") + 1).replace(/\.container$/, ".service");
    const read = readUnit(text);
    const lines = "lines" in read ? read.lines : [];
    return [[
      unit,
      lines.filter((l) => l.section === "Unit" && l.key === key).map((l) => l.value),
    ]];
  }));
}

Deno.test("both units of a pair list the conflict, targets included", async () => {
  await fc.assert(
    fc.asyncProperty(MEMBERS, async (members) => {
      const conflicts = await unitsOf(members, "Conflicts");
      for (const [unit, others] of conflicts) {
        deepStrictEqual(new Set(others).size, others.length, `${unit} names another twice`);
        for (const other of others) strictEqual(conflicts.get(other)?.includes(unit), true);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("each conflicting pair of Soulstones is ordered exactly once, and no other", async () => {
  await fc.assert(
    fc.asyncProperty(MEMBERS, async (members) => {
      const after = await unitsOf(members, "After");
      const service = (m: Member) => `soulstone-${m.name}.service`;
      for (const a of members) {
        for (const b of members) {
          if (a.name >= b.name) continue;
          const edges = [
            ...(after.get(service(a)) ?? []).filter((unit) => unit === service(b)),
            ...(after.get(service(b)) ?? []).filter((unit) => unit === service(a)),
          ];
          strictEqual(edges.length, mayCoexist(a, b) ? 0 : 1, `${a.name} and ${b.name}`);
        }
      }
    }),
    { numRuns: 50 },
  );
});
