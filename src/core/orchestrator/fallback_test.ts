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
    claim: "of two that broke the law the first by name comes back",
    before: "a b guest home y",
    command: "lychd summon coven:zeta",
  },
  {
    claim: "what was kept runs on",
    before: "home y",
    up: "home",
    command: "lychd summon soulstone:y",
  },
  {
    claim: "what the summon started ends first",
    before: "a home",
    up: "home y",
    started: "y z",
    command: "lychd banish soulstone:y && lychd summon soulstone:a",
  },
  {
    claim: "a Coven's own target stops the rest, but it is gone before all the same",
    before: "a guest home",
    up: "home z",
    started: "y z",
    command: "lychd banish soulstone:z && lychd summon coven:small",
  },
  {
    claim: "all of it is back already",
    before: "a home",
    up: "a home",
    command: undefined,
  },
  {
    claim: "what somebody else started stays, and a target would stop it",
    before: "z home y",
    up: "b",
    command: "lychd summon soulstone:home && lychd summon soulstone:y && lychd summon soulstone:z",
    blockedBy: "b",
  },
  {
    claim: "what somebody else started beside it is in nobody's way",
    before: "y",
    up: "b",
    command: "lychd summon soulstone:y",
  },
  {
    claim: "what has no unit cannot come back",
    before: "ghost home",
    command: "lychd summon soulstone:home",
  },
];

for (const { claim, before, started = "", up = "", command, blockedBy = "" } of CASES) {
  Deno.test(`the way back: ${claim}`, async () => {
    const names = (text: string) => text.split(" ").filter(Boolean);
    const inventory = withStrays(await inventoryOf(HOUSE), ["ghost"]);
    const failed = { before: names(before), started: names(started), up: names(up) };
    const back = planFallback(failed, inventory);
    strictEqual(fallbackCommand(back), command);
    deepStrictEqual(back.blockedBy, names(blockedBy));
  });
}

Deno.test("three Covens that share members pairwise: each engine comes back by itself", async () => {
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

Deno.test("what irreversible jobs still work on is banished before anything can come back", async () => {
  const inventory = withStrays(await inventoryOf(HOUSE), []);
  const back = planFallback({ before: ["z"], started: ["b"], up: [] }, inventory);
  strictEqual(
    fallbackCommand(back, ["z", "b"]),
    "lychd banish soulstone:b && lychd banish soulstone:z && lychd summon soulstone:z",
  );
});
