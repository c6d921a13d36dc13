import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { withStrays } from "./inventory.ts";
import { fallbackCommand, planFallback } from "./fallback.ts";

const soulstone = (name: string, port: number, more: string) =>
  `[${name}]\nimage = "localhost/x"\nport = ${port}\n${more}\n`;

const HOUSE = soulstone("a", 9001, 'groups = ["zeta", "small"]') +
  soulstone("b", 9002, 'groups = ["zeta"]') +
  soulstone("guest", 9003, 'groups = ["small"]') +
  soulstone("home", 9004, "resident = true") +
  soulstone("z", 9005, 'groups = ["two"]') +
  soulstone("y", 9006, 'groups = ["two", "zeta"]');

interface Case {
  readonly claim: string;
  readonly before: string;
  readonly started?: string;
  readonly up?: string;
  /** The commands that lead there. */
  readonly command: string | undefined;
  readonly blockedBy?: string;
}

const CASES: readonly Case[] = [
  { claim: "nothing ran", before: "", up: "z", started: "z", command: undefined },
  { claim: "a whole Coven", before: "a b home y", command: "lychd summon coven:zeta" },
  {
    claim: "a Coven without its resident is not that Coven",
    before: "a guest",
    command: "lychd summon soulstone:a && lychd summon soulstone:guest",
  },
  {
    claim: "of two that conflict, the first by name is restored",
    before: "a b guest home y",
    command: "lychd summon coven:zeta",
  },
  {
    claim: "kept engines keep running",
    before: "home y",
    up: "home",
    command: "lychd summon soulstone:y",
  },
  {
    claim: "engines that the summon started stop first",
    before: "a home",
    up: "home y",
    started: "y z",
    command: "lychd banish soulstone:y && lychd summon soulstone:a",
  },
  {
    claim: "other engines stop before the target of a Coven starts",
    before: "a guest home",
    up: "home z",
    started: "y z",
    command: "lychd banish soulstone:z && lychd summon coven:small",
  },
  {
    claim: "everything runs already",
    before: "a home",
    up: "a home",
    command: undefined,
  },
  {
    claim: "an engine that something else started stays, so no target is started",
    before: "z home y",
    up: "b",
    command: "lychd summon soulstone:home && lychd summon soulstone:y && lychd summon soulstone:z",
    blockedBy: "b",
  },
  {
    claim: "an engine without a conflict does not block",
    before: "y",
    up: "b",
    command: "lychd summon soulstone:y",
  },
  {
    claim: "an engine without a unit cannot be restored",
    before: "ghost home",
    command: "lychd summon soulstone:home",
  },
];

for (const { claim, before, started = "", up = "", command, blockedBy = "" } of CASES) {
  Deno.test(`the fallback: ${claim}`, async () => {
    const names = (text: string) => text.split(" ").filter(Boolean);
    const inventory = withStrays(await inventoryOf(HOUSE), ["ghost"]);
    const failed = { before: names(before), started: names(started), up: names(up) };
    const back = planFallback(failed, inventory);
    strictEqual(fallbackCommand(back), command);
    deepStrictEqual(back.blockedBy, names(blockedBy));
  });
}

Deno.test("three Covens that share members pairwise: each engine is restored by itself", async () => {
  const inventory = await inventoryOf(
    soulstone("p", 9001, 'groups = ["one", "three"]') +
      soulstone("q", 9002, 'groups = ["one", "two"]') +
      soulstone("r", 9003, 'groups = ["two", "three"]') +
      soulstone("s", 9004, 'groups = ["four"]'),
  );
  const failed = { before: ["p", "q", "r"], started: ["s"], up: ["s"] };
  const back = planFallback(failed, inventory);
  deepStrictEqual([back.stop, back.start.map((choice) => choice.unit)], [
    ["s"],
    ["soulstone-p.service", "soulstone-q.service", "soulstone-r.service"],
  ]);
});

Deno.test("engines with irreversible jobs are banished before anything is restored", async () => {
  const inventory = withStrays(await inventoryOf(HOUSE), []);
  const back = planFallback({ before: ["z"], started: ["b"], up: [] }, inventory);
  strictEqual(
    fallbackCommand(back, ["z", "b"]),
    "lychd banish soulstone:b && lychd banish soulstone:z && lychd summon soulstone:z",
  );
});
