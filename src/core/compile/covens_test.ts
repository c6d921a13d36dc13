import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readCodex } from "../codex/mod.ts";
import { readUnit } from "../rune/mod.ts";
import { compile } from "./compile.ts";
import { conflictsOf, covensOf, mayCoexist, type Member } from "./covens.ts";

function member(
  name: string,
  groups: readonly string[] = [],
  { slot, resident = false }: { slot?: string; resident?: boolean } = {},
): Member {
  return { name, groups, slot, resident };
}

const RESIDENT = { resident: true };
const CHAT = { slot: "chat" };
const EMBED = { slot: "embed" };

const PAIRS: readonly (readonly [claim: string, a: Member, b: Member, together: boolean])[] = [
  ["share their only group", member("a", ["x"]), member("b", ["x"]), true],
  ["share one of several groups", member("a", ["x", "y"]), member("b", ["y", "z"]), true],
  ["share no group", member("a", ["x"]), member("b", ["y"]), false],
  ["have no groups", member("a"), member("b"), false],
  ["have groups that differ in case", member("a", ["x"]), member("b", ["X"]), false],
  ["are resident and alone", member("a", [], RESIDENT), member("b"), true],
  ["are resident and in a group", member("a", [], RESIDENT), member("b", ["x"]), true],
  ["are both resident", member("a", [], RESIDENT), member("b", [], RESIDENT), true],
  ["have two slots", member("a", [], CHAT), member("b", [], EMBED), true],
  ["have one slot", member("a", [], CHAT), member("b", [], CHAT), false],
  ["have one slot and two groups", member("a", ["x"], CHAT), member("b", ["y"], CHAT), false],
  ["have two slots and two groups", member("a", ["x"], CHAT), member("b", ["y"], EMBED), true],
  ["have two slots and one group", member("a", ["x"], CHAT), member("b", ["x"], EMBED), true],
  ["have one slot between them", member("a", [], CHAT), member("b"), false],
  ["have one slot and one group", member("a", ["x"], CHAT), member("b", ["x"]), true],
  ["have a slot, and one is resident", member("a", [], CHAT), member("b", [], RESIDENT), true],
];

for (const [claim, a, b, together] of PAIRS) {
  Deno.test(`two Soulstones that ${claim} ${together ? "may" : "never"} run together`, () => {
    strictEqual(mayCoexist(a, b), together);
    strictEqual(mayCoexist(b, a), together);
  });
}

Deno.test("the members of a Coven are the Soulstones of its group and the residents", () => {
  const all = [member("c", ["y"]), member("a", ["x", "y"]), member("r", [], RESIDENT), member("n")];
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

Deno.test("a Coven stops those outside of it, except in slots that no member needs", () => {
  const code = [member("coder", ["code"], CHAT), member("fim", ["code"], { slot: "fim" })];
  const mixed = [member("talker", ["talk"], CHAT), member("ears", ["talk"])];
  const others = [
    member("bge", [], EMBED),
    member("lone"),
    member("qwen", [], CHAT),
    member("r", ["rest"], RESIDENT),
  ];
  const names = { members: ["coder", "fim", "r"], outsiders: ["ears", "lone", "qwen", "talker"] };
  deepStrictEqual(covensOf([...code, ...mixed, ...others]), [
    { name: "code", ...names },
    // A Coven of residents alone needs no slot, so it stops everything.
    {
      name: "rest",
      members: ["r"],
      outsiders: ["bge", "coder", "ears", "fim", "lone", "qwen", "talker"],
    },
    // A member without a slot excludes every slot.
    {
      name: "talk",
      members: ["ears", "r", "talker"],
      outsiders: ["bge", "coder", "fim", "lone", "qwen"],
    },
  ]);
});

/** Any number of Soulstones; a slot that `lychd check` refuses is left out. */
const MEMBERS = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/),
    groups: fc.uniqueArray(fc.constantFrom<string>("one", "two", "three", "four"), {
      maxLength: 3,
    }),
    slot: fc.option(fc.constantFrom("chat", "embed", "speech"), { nil: undefined }),
    resident: fc.nat(3).map((n) => n === 0),
  }),
  { selector: (m) => m.name, minLength: 1, maxLength: 10 },
).map((members) =>
  members.reduce<Member[]>((valid, { slot, ...rest }) => {
    const isTaken = valid.some((m) =>
      m.slot === slot && m.groups.some((group) => rest.groups.includes(group))
    );
    return [...valid, rest.resident || isTaken ? rest : { ...rest, slot }];
  }, [])
);

Deno.test("two Soulstones in one slot always conflict", () => {
  fc.assert(fc.property(MEMBERS, (members) => {
    const conflicts = conflictsOf(members);
    for (const a of members) {
      for (const b of members) {
        if (a !== b && a.slot !== undefined && a.slot === b.slot) {
          strictEqual(conflicts.get(a.name)?.includes(b.name), true);
        }
      }
    }
  }));
});

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
      const others = members.filter(({ name }) => !coven.members.includes(name));
      const stopped = others.filter(({ name, slot }) =>
        slot === undefined || conflicts.get(name)?.some((rival) => coven.members.includes(rival))
      );
      const isStopped = (m: Member) => coven.outsiders.includes(m.name);
      strictEqual(others.filter(isStopped).length, coven.outsiders.length);
      strictEqual(stopped.every(isStopped), true);
      if (members.every(({ slot }) => slot === undefined)) {
        strictEqual(others.every(isStopped), true);
      }
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
  const text = members.map(({ name, groups, slot, resident }, i) =>
    `["${name}"]\nimage = "localhost/x"\nport = ${20_000 + i}\nexec = ["{port}"]\n` +
    `groups = ${JSON.stringify(groups)}\nresident = ${resident}\n` +
    (slot === undefined ? "" : `slot = "${slot}"\n`)
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

Deno.test("the units conflict exactly by the rule, and the members of a target never", async () => {
  const isAllowed = (a: Member, b: Member) =>
    a.resident || b.resident || a.groups.some((group) => b.groups.includes(group)) ||
    a.slot !== undefined && b.slot !== undefined && a.slot !== b.slot;
  await fc.assert(
    fc.asyncProperty(MEMBERS, async (members) => {
      const [conflicts, wants] = [
        await unitsOf(members, "Conflicts"),
        await unitsOf(members, "Wants"),
      ];
      const service = ({ name }: Member) => `soulstone-${name}.service`;
      for (const a of members) {
        const rivals = members.filter((b) => a !== b && !isAllowed(a, b)).map(service).sort();
        const listed = conflicts.get(service(a))?.filter((unit) => unit.endsWith(".service"))
          .sort();
        deepStrictEqual(listed, rivals, a.name);
      }
      for (const [target, wanted] of wants) {
        if (!target.endsWith(".target")) continue;
        for (const unit of wanted) {
          const listed = conflicts.get(unit) ?? [];
          deepStrictEqual([target, ...wanted].filter((other) => listed.includes(other)), []);
        }
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("the targets of two Covens conflict unless all their members have other slots", async () => {
  const members = [
    member("bge", ["read"], EMBED),
    member("coder", ["code"], CHAT),
    member("qwen", ["talk"], CHAT),
  ];
  const conflicts = await unitsOf(members, "Conflicts");
  const targets = (name: string) =>
    conflicts.get(`lychd-coven-${name}.target`)?.filter((unit) => unit.endsWith(".target"));
  deepStrictEqual(["code", "read", "talk"].map(targets), [
    ["lychd-coven-talk.target"],
    [],
    ["lychd-coven-code.target"],
  ]);
});

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
