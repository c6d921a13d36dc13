/** A short run of the fuzzer with one seed, and proof that it gets deep. */
import { ok } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { inputOf, judgeInput } from "./inputs.ts";

const SEED = 1;
const INPUTS = 2000;

Deno.test(`${INPUTS} inputs of the fuzzer are a Codex or a report, in time`, async () => {
  for (let number = 0; number < INPUTS; number++) {
    const { fault } = await judgeInput(SEED, number);
    ok(fault === undefined, `input ${number}: ${fault}`);
  }
});

/** What a Codex of two files that can be read never shows, whatever is in them. */
const OF_THE_HOST = ["codex-missing", "file-unreadable", "file-too-large"];
/** What is wrong with something that is imported, and not with a Codex. */
const OF_IMPORTS = [
  ...["unit-broken", "yaml-broken", "llama-swap-invalid"],
  ...["import-kind", "import-twice", "import-empty"],
];
/** A bug of ours. */
const NEVER = ["rune-mismatch"];

Deno.test("the inputs of the fuzzer reach nearly every fault of the catalogue", async () => {
  const seen = new Set<string>();
  for (let number = 0; number < INPUTS; number++) {
    const input = inputOf(SEED, number);
    if (typeof input === "string") continue;
    const files = [
      { path: "lychd.toml", bytes: input.settings },
      { path: "soulstones/a.toml", bytes: input.soulstones },
    ];
    const { codex, findings } = readCodex({ folder: "codex", files });
    const compiled = await compile(codex);
    for (const { code } of [...findings, ...compiled.findings]) seen.add(code);
  }
  const unreachable = [...OF_THE_HOST, ...OF_IMPORTS, ...NEVER];
  const unseen = Object.keys(CATALOGUE)
    .filter((code) => !seen.has(code) && !unreachable.includes(code));
  ok(unseen.length <= 12, `not seen: ${unseen.join(", ")}`);
});
