import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { type Inventory, withStrays } from "./inventory.ts";
import { planTransition, type Running } from "./transition.ts";
import { readWish } from "./wish.ts";

/** Two engines that share a group, and one that excludes them. */
const SEED = `
[eye]
image = "vllm/vllm-openai:latest"
groups = ["vision-ritual"]
capabilities = ["text-generation", "vision-analysis"]
port = 8780
devices = ["nvidia.com/gpu=all"]
vram_mib = 14000

[scribe]
image = "my-ocr-service:latest"
groups = ["vision-ritual"]
capabilities = ["ocr"]
port = 8781
devices = ["nvidia.com/gpu=all"]
vram_mib = 4000

[sage]
image = "lmsysorg/sglang:v0.5.23"
groups = ["deep-think"]
capabilities = ["text-generation", "reasoning"]
port = 8782
devices = ["nvidia.com/gpu=all"]
vram_mib = 22000
`;

/** A household: a shared Soulstone, a resident, and one without a group. */
const HOUSE = `
[talker]
image = "localhost/x"
port = 8701
groups = ["chat", "write"]
capabilities = ["text"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 10500

[ears]
image = "localhost/x"
port = 8702
groups = ["chat"]
capabilities = ["speech"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 5000

[coder]
image = "localhost/x"
port = 8703
groups = ["write"]
capabilities = ["code"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 9000

[eye]
image = "localhost/x"
port = 8704
groups = ["watch"]
capabilities = ["vision", "text"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 21000

[memory]
image = "localhost/x"
port = 8700
resident = true
capabilities = ["embedding"]

[lone]
image = "localhost/x"
port = 8705
capabilities = ["judge", "speech"]
`;

/** Two slots, a Coven of one engine of each and of another, and an engine without a slot. */
const SLOTS = [
  ["talker", 'slot = "chat"', '["text"]'],
  ["thinker", 'slot = "chat"', '["reasoning", "text"]'],
  ["coder", 'slot = "chat"\ngroups = ["code"]', '["code"]'],
  ["filler", 'slot = "complete"\ngroups = ["code"]', '["completion"]'],
  ["notes", 'slot = "embed"', '["embedding"]'],
  ["papers", 'slot = "embed"', '["embedding"]'],
  ["lone", "", '["judge"]'],
].map(([name, fields, capabilities], i) => `
[${name}]
image = "localhost/x"
port = ${8700 + i}
capabilities = ${capabilities}
${fields}
`).join("");

interface Case {
  readonly claim: string;
  readonly codex: string;
  readonly wish: string;
  readonly runs?: string;
  /** The expected unit, and the engines to keep, stop and start. */
  readonly becomes: readonly [unit: string, keep: string, stop: string, start: string];
}

const VISION = "lychd-coven-vision-ritual.target";
const CHAT = "lychd-coven-chat.target";
const WRITE = "lychd-coven-write.target";
const WATCH = "lychd-coven-watch.target";

const CASES: readonly Case[] = [
  {
    claim: "a capability selects its Coven",
    codex: SEED,
    wish: "vision-analysis",
    becomes: [VISION, "", "", "eye scribe"],
  },
  {
    claim: "an engine that is not in the Coven stops",
    codex: SEED,
    wish: "vision-analysis",
    runs: "sage",
    becomes: [VISION, "", "sage", "eye scribe"],
  },
  {
    claim: "the whole Coven starts, whichever member offers the capability",
    codex: SEED,
    wish: "ocr",
    runs: "sage",
    becomes: [VISION, "", "sage", "eye scribe"],
  },
  {
    claim: "engines of a common group do not stop each other",
    codex: SEED,
    wish: "eye",
    runs: "scribe",
    becomes: ["soulstone-eye.service", "scribe", "", "eye"],
  },
  {
    claim: "an engine without a common group stops",
    codex: SEED,
    wish: "sage",
    runs: "eye scribe",
    becomes: ["soulstone-sage.service", "", "eye scribe", "sage"],
  },
  {
    claim: "a Coven by its name",
    codex: SEED,
    wish: "deep-think",
    runs: "eye scribe",
    becomes: ["lychd-coven-deep-think.target", "", "eye scribe", "sage"],
  },
  {
    claim: "a set of capabilities needs one Coven for all of them",
    codex: SEED,
    wish: "text-generation ocr",
    runs: "sage",
    becomes: [VISION, "", "sage", "eye scribe"],
  },
  {
    claim: "running engines are enough, even if their Coven is not complete",
    codex: SEED,
    wish: "text-generation",
    runs: "eye",
    becomes: ["", "eye", "", ""],
  },
  {
    claim: "running engines are enough, even if another Coven is smaller",
    codex: SEED,
    wish: "text-generation",
    runs: "eye scribe",
    becomes: ["", "eye scribe", "", ""],
  },
  {
    claim: "fewest stopped: the Coven that shares with what runs",
    codex: HOUSE,
    wish: "text speech",
    runs: "talker coder",
    becomes: [CHAT, "talker", "coder", "ears memory"],
  },
  {
    claim: "fewest stopped comes before fewest started",
    codex: HOUSE,
    wish: "text",
    runs: "ears",
    becomes: [CHAT, "ears", "", "memory talker"],
  },
  {
    claim: "fewest started: a Coven of one and a resident before one of two",
    codex: HOUSE,
    wish: "text",
    becomes: [WATCH, "", "", "eye memory"],
  },
  {
    claim: "least GPU memory: chat before write",
    codex: HOUSE.replace("[eye]", '[eye2]\nimage = "localhost/x"\nport = 9001\n[eye]')
      .replace('"vision", "text"', '"vision"'),
    wish: "text",
    becomes: [CHAT, "", "", "ears memory talker"],
  },
  {
    claim: "a resident starts alone and stops no engine",
    codex: HOUSE,
    wish: "embedding",
    runs: "eye",
    becomes: ["soulstone-memory.service", "eye", "", "memory"],
  },
  {
    claim: "an engine without a group is a choice by itself",
    codex: HOUSE,
    wish: "judge",
    runs: "memory talker",
    becomes: ["soulstone-lone.service", "memory", "talker", "lone"],
  },
  {
    claim: "a Coven keeps its residents and members that run",
    codex: HOUSE,
    wish: "write",
    runs: "memory talker ears",
    becomes: [WRITE, "memory talker", "ears", "coder"],
  },
  {
    claim: "a Coven that runs stays as it is",
    codex: HOUSE,
    wish: "watch",
    runs: "eye memory",
    becomes: [WATCH, "eye memory", "", ""],
  },
  {
    claim: "a crashing engine does not count as running",
    codex: SEED,
    wish: "text-generation",
    runs: "eye*",
    becomes: [VISION, "", "", "eye scribe"],
  },
  {
    claim: "a crashing engine still counts as up",
    codex: SEED,
    wish: "deep-think",
    runs: "eye* scribe",
    becomes: ["lychd-coven-deep-think.target", "", "eye scribe", "sage"],
  },
  {
    claim: "a crashing Soulstone is started, and engines without a conflict stay",
    codex: SEED,
    wish: "eye",
    runs: "eye* scribe",
    becomes: ["soulstone-eye.service", "scribe", "", "eye"],
  },
  {
    claim: "one engine with all capabilities comes before several",
    codex: `
[a1]
image = "localhost/x"
port = 9001
groups = ["a"]
capabilities = ["p"]
[a2]
image = "localhost/x"
port = 9002
groups = ["a"]
capabilities = ["q"]
[b1]
image = "localhost/x"
port = 9003
groups = ["b"]
capabilities = ["p", "q"]
[b2]
image = "localhost/x"
port = 9004
groups = ["b"]
`,
    wish: "p q",
    becomes: ["lychd-coven-b.target", "", "", "b1 b2"],
  },
  {
    claim: "the name decides last",
    codex: `
[x]
image = "localhost/x"
port = 9001
groups = ["b"]
capabilities = ["p"]
[y]
image = "localhost/x"
port = 9002
groups = ["a"]
capabilities = ["p"]
`,
    wish: "p",
    becomes: ["lychd-coven-a.target", "", "", "y"],
  },
  {
    claim: "undeclared memory is not the least",
    codex: `
[x]
image = "localhost/x"
port = 9001
groups = ["a"]
capabilities = ["p"]
devices = ["nvidia.com/gpu=0"]
[y]
image = "localhost/x"
port = 9002
groups = ["b"]
capabilities = ["p"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 90000
`,
    wish: "p",
    becomes: ["lychd-coven-b.target", "", "", "y"],
  },
  {
    claim: "an engine stops those of its slot, and none of other slots",
    codex: SLOTS,
    wish: "thinker",
    runs: "filler notes talker",
    becomes: ["soulstone-thinker.service", "filler notes", "talker", "thinker"],
  },
  {
    claim: "an engine without a slot stops those of all slots",
    codex: SLOTS,
    wish: "lone",
    runs: "filler notes talker",
    becomes: ["soulstone-lone.service", "", "filler notes talker", "lone"],
  },
  {
    claim: "a capability in a slot of its own keeps what runs in others",
    codex: SLOTS,
    wish: "embedding",
    runs: "coder filler",
    becomes: ["soulstone-notes.service", "coder filler", "", "notes"],
  },
  {
    claim: "engines of several slots offer capabilities together once they run",
    codex: SLOTS,
    wish: "embedding reasoning",
    runs: "papers thinker",
    becomes: ["", "papers thinker", "", ""],
  },
  {
    claim: "a Coven stops no engine in a slot that it does not need",
    codex: SLOTS,
    wish: "coven:code",
    runs: "notes talker",
    becomes: ["lychd-coven-code.target", "notes", "talker", "coder filler"],
  },
];

const set = (text: string) => text.split(" ").filter(Boolean);

/** Reads what runs: names, with `*` for a crashing engine. */
function running(...words: readonly string[]): Running {
  const plain = (word: string) => word.replace("*", "");
  const crashed = words.filter((word) => word.endsWith("*"));
  return { up: new Set(words.map(plain)), crashed: new Set(crashed.map(plain)) };
}

for (const { claim, codex, wish, runs = "", becomes } of CASES) {
  Deno.test(claim, async () => {
    const inventory = await inventoryOf(codex);
    const read = readWish(set(wish), inventory);
    ok("wish" in read, JSON.stringify(read));
    const planned = planTransition(read.wish, inventory, running(...set(runs)));
    ok("transition" in planned, JSON.stringify(planned));
    const { choice, keep, stop, start, stopFirst } = planned.transition;
    deepStrictEqual(
      [choice.unit ?? "", keep.join(" "), stop.map((s) => s.name).join(" "), start.join(" ")],
      becomes,
    );
    deepStrictEqual(stopFirst, []);
  });
}

Deno.test("engines of several slots that do not run yet are started one after the other", async () => {
  const wish = { kind: "capabilities", names: ["embedding", "text"] } as const;
  deepStrictEqual(planTransition(wish, await inventoryOf(SLOTS), running("papers", "lone")), {
    problem: {
      reason: "never-together",
      message: "no Coven offers `embedding` and `text` together (`embedding`: notes, papers; " +
        "`text`: talker, thinker)",
      hint: "they may run together: " +
        "lychd summon soulstone:papers && lychd summon soulstone:talker",
    },
  });
});

Deno.test("every other choice has its disadvantage", async () => {
  const inventory = await inventoryOf(HOUSE);
  const planned = planTransition(
    { kind: "capabilities", names: ["speech", "text"] },
    inventory,
    running("coder", "talker"),
  );
  ok("transition" in planned);
  deepStrictEqual(planned.transition.losers, [
    {
      choice: { kind: "running", name: "talker", unit: undefined },
      why: "does not offer `speech`",
    },
    { choice: { kind: "coven", name: "watch", unit: WATCH }, why: "does not offer `speech`" },
    { choice: { kind: "coven", name: "write", unit: WRITE }, why: "does not offer `speech`" },
    {
      choice: { kind: "soulstone", name: "lone", unit: "soulstone-lone.service" },
      why: "does not offer `text`",
    },
  ]);
  strictEqual(planned.transition.why, "nothing else offers `speech` and `text`");
});

/** The disadvantage of the second choice, for each rule. */
const WHY: readonly (readonly [wish: string, runs: string, loser: string, why: string])[] = [
  ["text", "talker", "watch", "is not running yet"],
  ["text", "ears", "watch", "stops ears, not nothing"],
  ["text", "", "chat", "starts ears, memory, talker, not eye, memory"],
  ["speech", "", "chat", "starts ears, memory, talker, not lone"],
];

for (const [wish, runs, loser, why] of WHY) {
  Deno.test(`${loser} loses for ${wish} when ${runs || "nothing"} runs: ${why}`, async () => {
    const inventory = await inventoryOf(HOUSE);
    const planned = planTransition(
      { kind: "capabilities", names: [wish] },
      inventory,
      running(...set(runs)),
    );
    ok("transition" in planned);
    strictEqual(planned.transition.losers.find((l) => l.choice.name === loser)?.why, why);
  });
}

Deno.test("every stop has a reason", async () => {
  const inventory = await inventoryOf(`
[x]
image = "localhost/x"
port = 9001
groups = ["duo", "left"]
[y]
image = "localhost/x"
port = 9002
groups = ["duo"]
[guest]
image = "localhost/x"
port = 9003
groups = ["left"]
[alone]
image = "localhost/x"
port = 9004
groups = ["x-only"]
[z]
image = "localhost/x"
port = 9005
groups = ["small", "x-only"]
[w]
image = "localhost/x"
port = 9006
groups = ["small"]
`);
  const stops = (wish: string, ...runs: string[]) => {
    const planned = planTransition({ kind: "coven", name: wish }, inventory, running(...runs));
    ok("transition" in planned);
    return planned.transition.stop;
  };
  deepStrictEqual(stops("duo", "guest", "x"), [{ name: "guest", why: "conflicts with y" }]);
  deepStrictEqual(stops("x-only", "w"), [{ name: "w", why: "conflicts with alone" }]);
  const part = await inventoryOf(`
[x]
image = "localhost/x"
port = 9001
groups = ["large"]
[y]
image = "localhost/x"
port = 9002
groups = ["large", "small"]
`);
  const planned = planTransition({ kind: "coven", name: "small" }, part, running("x", "y"));
  ok("transition" in planned);
  deepStrictEqual(planned.transition.stop, [{ name: "x", why: "is not in the Coven small" }]);
});

Deno.test("engines that break the exclusivity rule are listed apart from those that systemd stops", async () => {
  // They ran when their groups changed: systemd stops no engine for that.
  const inventory = await inventoryOf(HOUSE);
  const planned = planTransition(
    { kind: "soulstone", name: "memory" },
    inventory,
    running("eye", "talker"),
  );
  ok("transition" in planned);
  deepStrictEqual(planned.transition.keep, ["eye"]);
  deepStrictEqual(planned.transition.stop, [{ name: "talker", why: "conflicts with eye" }]);
  deepStrictEqual(planned.transition.stopFirst, ["talker"]);
});

/** Formats a transition in one line. */
function becomes(wish: Parameters<typeof planTransition>[0], inventory: Inventory, runs: string) {
  const planned = planTransition(wish, inventory, running(...set(runs)));
  ok("transition" in planned);
  const { choice, keep, stop, start, stopFirst } = planned.transition;
  const stops = stop.map(({ name, why }) => `${name}: ${why}`);
  return [
    choice.unit ?? "",
    keep.join(" "),
    stops.join("; "),
    start.join(" "),
    stopFirst.join(" "),
  ];
}

Deno.test("a stray stops for every engine except residents, and must be stopped first", async () => {
  const inventory = withStrays(await inventoryOf(HOUSE), ["ghost", "owl"]);
  const gone = "ghost: runs, but is no longer rendered; owl: runs, but is no longer rendered";
  deepStrictEqual(becomes({ kind: "coven", name: "watch" }, inventory, "ghost owl talker"), [
    WATCH,
    "",
    `${gone}; talker: conflicts with eye`,
    "eye memory",
    "ghost owl",
  ]);
  deepStrictEqual(becomes({ kind: "soulstone", name: "lone" }, inventory, "ghost owl memory"), [
    "soulstone-lone.service",
    "memory",
    gone,
    "lone",
    "ghost owl",
  ]);
  deepStrictEqual(becomes({ kind: "soulstone", name: "memory" }, inventory, "ghost owl"), [
    "soulstone-memory.service",
    "ghost owl",
    "",
    "memory",
    "",
  ]);
  deepStrictEqual(becomes({ kind: "capabilities", names: ["text"] }, inventory, "eye owl"), [
    "",
    "eye",
    "owl: runs, but is no longer rendered",
    "",
    "owl",
  ]);
});

Deno.test("a Coven with a member without a unit is refused, and is not a choice", async () => {
  const whole = await inventoryOf(SEED);
  const inventory = { ...whole, engines: whole.engines.filter((e) => e.name !== "scribe") };
  const named = planTransition({ kind: "coven", name: "vision-ritual" }, inventory, running());
  deepStrictEqual(named, {
    problem: {
      reason: "incomplete",
      message: "Coven `vision-ritual` cannot start: there is no unit for scribe",
      hint: "lychd render",
    },
  });
  const wish = { kind: "capabilities", names: ["text-generation"] } as const;
  const planned = planTransition(wish, inventory, running());
  ok("transition" in planned);
  strictEqual(planned.transition.choice.name, "deep-think");
});

const REFUSED: readonly (readonly [wish: readonly string[], reason: string, message: RegExp])[] = [
  [
    ["code", "vision"],
    "never-together",
    /no Coven offers `code` and `vision` together \(`code`: coder; `vision`: eye\)/,
  ],
  [["dance"], "not-offered", /no Soulstone offers `dance`/],
  [["code", "dance", "song"], "not-offered", /no Soulstone offers `dance` and `song`/],
];

for (const [names, reason, message] of REFUSED) {
  Deno.test(`${names.join(" and ")} is refused: ${reason}`, async () => {
    const planned = planTransition(
      { kind: "capabilities", names },
      await inventoryOf(HOUSE),
      running(),
    );
    ok("problem" in planned);
    strictEqual(planned.problem.reason, reason);
    match(planned.problem.message, message);
    ok(planned.problem.hint);
  });
}
