import { deepStrictEqual } from "node:assert/strict";
import type { Engine, Inventory } from "../orchestrator/inventory.ts";
import { type ModelNames, route, type Work } from "./route.ts";
import { inventoryOf } from "./simulated_host.ts";

const CAPABILITIES: Readonly<Record<string, readonly string[]>> = {
  eye: ["vision", "ocr"],
  index: ["embedding"],
  sage: ["reasoning", "ocr"],
  mage: ["reasoning"],
};

const bare = inventoryOf({
  eye: ["senses"],
  index: ["senses", "wise"],
  sage: ["wise"],
  mage: ["wise"],
});
const INVENTORY: Inventory = {
  ...bare,
  engines: bare.engines.map((engine): Engine => {
    return { ...engine, capabilities: CAPABILITIES[engine.name] ?? [] };
  }),
};

const NAMES: ReadonlyMap<string, ModelNames> = new Map([
  ["eye", { aliases: ["gpt-4o", "Qwen/big"], served: "qwen-vl" }],
  ["index", { aliases: [], served: "bge-m3" }],
  ["sage", { aliases: [], served: "Qwen/big" }],
  ["mage", { aliases: [], served: "same" }],
]);

interface Case {
  readonly claim: string;
  readonly model: string;
  readonly work?: Work;
  readonly up?: readonly string[];
  readonly names?: ReadonlyMap<string, ModelNames>;
  /** The engine, the goal and the id for the engine; or the problem. */
  readonly expected: string;
}

const CASES: readonly Case[] = [
  { claim: "a Soulstone", model: "eye", expected: "eye by soulstone:eye as qwen-vl" },
  { claim: "an alias", model: "gpt-4o", expected: "eye by soulstone:eye as qwen-vl" },
  {
    claim: "the id that the engine gives to its model",
    model: "bge-m3",
    expected: "index by soulstone:index as bge-m3",
  },
  {
    claim: "an alias comes before the id of another engine",
    model: "Qwen/big",
    expected: "eye by soulstone:eye as qwen-vl",
  },
  {
    claim: "of two engines with one model, the first by name",
    model: "same",
    names: new Map([...NAMES]).set("sage", { aliases: [], served: "same" }),
    expected: "mage by soulstone:mage as same",
  },
  {
    claim: "of two engines with one model, the one that runs",
    model: "same",
    names: new Map([...NAMES]).set("sage", { aliases: [], served: "same" }),
    up: ["sage"],
    expected: "sage by soulstone:sage as same",
  },
  {
    claim: "a Coven means its member for text",
    model: "senses",
    expected: "eye by coven:senses as qwen-vl",
  },
  {
    claim: "a Coven means its member for embeddings",
    model: "senses",
    work: "embeddings",
    expected: "index by coven:senses as bge-m3",
  },
  {
    claim: "a Coven with several models for text is unclear",
    model: "wise",
    expected: "unclear-model: the Coven `wise` has several models: name one of mage, sage",
  },
  {
    claim: "a Coven without a model for the work is unclear",
    model: "senses",
    work: "speech",
    expected: "unclear-model: no Soulstone of the Coven `senses` is made for speech",
  },
  {
    claim: "a capability means the engine that runs",
    model: "ocr",
    up: ["sage"],
    expected: "sage by soulstone:sage as Qwen/big",
  },
  {
    claim: "a capability starts what lychd plan chooses",
    model: "ocr",
    expected: "eye by coven:senses as qwen-vl",
  },
  {
    claim: "a typo",
    model: "sagee",
    expected: "unknown-model: there is no model `sagee`; did you mean `sage`?",
  },
  {
    claim: "characters that control a terminal are escaped",
    model: "\u001b[31m",
    expected: "unknown-model: there is no model `\\x1b[31m`",
  },
  {
    claim: "a long name is cut",
    model: "m".repeat(70_000),
    expected: `unknown-model: there is no model \`${"m".repeat(57)}...\``,
  },
  { claim: "no name", model: "", expected: "unknown-model: there is no model ``" },
];

for (const { claim, model, work = "text", up = [], names = NAMES, expected } of CASES) {
  Deno.test(`a model name: ${claim}`, () => {
    const running = { up: new Set(up), crashed: new Set<string>() };
    const routed = route(model, work, INVENTORY, names, running);
    const text = "problem" in routed
      ? `${routed.problem.reason}: ${routed.problem.message}`
      : `${routed.engine} by ${routed.wish.kind}:${
        "name" in routed.wish ? routed.wish.name : ""
      } as ${routed.served}`;
    deepStrictEqual(text, expected);
  });
}
