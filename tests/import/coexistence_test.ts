/** Imported engines run together exactly if llama-swap runs the models together. */
import { deepStrictEqual, ok } from "node:assert/strict";
import fc from "fast-check";
import { readCodex } from "../../src/core/codex/mod.ts";
import { mayCoexist } from "../../src/core/compile/mod.ts";
import { EMPTY_HOST } from "../../src/core/import/empty_host.ts";
import { importLlamaSwap } from "../../src/core/import/mod.ts";
import { type GroupSetting, judge, type SwapSetting } from "./llama_swap_semantics.ts";

/** `deno task test:whole` tries 1,000. */
const RUNS = Deno.args.includes("--whole") ? 1000 : 100;

const MODELS = ["a", "b", "c", "d", "e", "f", "g"];
const MODEL = fc.constantFrom(...MODELS);
const MACROS = { yes: true, no: false, first: "a" };

const flag = fc.constantFrom<unknown>(undefined, true, false, "${yes}", "${no}");

/** Groups that share no member; model `a` may be written as a macro. */
const groups = fc.tuple(
  fc.array(fc.nat(4), { minLength: MODELS.length, maxLength: MODELS.length }),
  fc.array(fc.tuple(flag, flag, flag), { minLength: 4, maxLength: 4 }),
  fc.boolean(),
).map(([places, flags, isMacro]): SwapSetting["groups"] =>
  Object.fromEntries(flags.map(([swap, exclusive, persistent], i): [string, GroupSetting] => {
    const members = MODELS.filter((_, m) => places[m] === i)
      .map((model) => model === "a" && isMacro ? "${first}" : model);
    const given = Object.entries({ swap, exclusive, persistent })
      .filter(([, value]) => value !== undefined);
    return [`group${i}`, { ...Object.fromEntries(given), members }];
  }))
);

/** Expressions of models, variables and an earlier set. */
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(MODEL, fc.constantFrom("x", "y", "+first")),
    fc.tuple(tie("expression"), fc.constantFrom("&", "|"), tie("expression"))
      .map(([left, operator, right]) => `(${left} ${operator} ${right})`),
    fc.array(MODEL, { minLength: 2, maxLength: 4 }).map((all) => all.join(" | ")),
    fc.array(MODEL, { minLength: 2, maxLength: 4 }).map((all) => all.join(" & ")),
  ),
}));

const matrix = fc.record({
  vars: fc.constant({ x: "b", y: "c" }),
  sets: fc.tuple(
    fc.array(MODEL, { minLength: 1, maxLength: 4 }).map((all) => all.join(" | ")),
    fc.array(expression, { maxLength: 4 }),
  ).map(([first, more]) => {
    return { first, ...Object.fromEntries(more.map((text, i) => [`set${i}`, text])) };
  }),
});

const config = fc.tuple(
  fc.oneof(
    groups.map((own): Pick<SwapSetting, "groups"> => ({ groups: own ?? {} })),
    matrix.map((own): Pick<SwapSetting, "matrix"> => ({ matrix: own })),
  ),
  fc.boolean(),
).map(([routing, isBelowRouting]) => ({ routing, isBelowRouting }));

const cmd = "llama-server --port ${PORT} -m /m/${MODEL_ID}.gguf";
const models = Object.fromEntries(MODELS.map((model) => [model, { cmd }]));

Deno.test("imported engines run together exactly if the models of llama-swap do", async () => {
  const counts = { together: 0, apart: 0, "one-sided": 0 };
  await fc.assert(
    fc.asyncProperty(config, async ({ routing, isBelowRouting }) => {
      const use = "matrix" in routing ? "matrix" : "group";
      const placed = isBelowRouting ? { routing: { router: { use, settings: routing } } } : routing;
      const text = JSON.stringify({ macros: MACROS, models, ...placed }, null, 1);
      const file = { path: "config.yaml", bytes: new TextEncoder().encode(text) };
      const { imported, findings } = await importLlamaSwap([file], new Map(), EMPTY_HOST);
      deepStrictEqual(findings.map(({ message }) => message), []);
      const toml = imported?.soulstones.map((soulstone) => soulstone.text).join("\n") ?? "";
      const bytes = new TextEncoder().encode(toml);
      const { codex } = readCodex({ folder: "", files: [{ path: "soulstones/a.toml", bytes }] });
      const noted = imported?.report.filter(({ why }) => why.includes("exclude each other")) ?? [];
      for (const a of codex.soulstones) {
        for (const b of codex.soulstones.filter(({ name }) => name > a.name)) {
          const expected = judge({ macros: MACROS, models, ...routing }, a.name, b.name);
          counts[expected]++;
          const actual = mayCoexist(a, b) ? "together" : "apart";
          // The safe reading: both exclude each other, and the report says so.
          const isAsExpected = actual === (expected === "one-sided" ? "apart" : expected);
          ok(isAsExpected, `${a.name} and ${b.name} are ${actual}, not ${expected}, in ${text}`);
          if (expected === "one-sided") ok(noted.length > 0, text);
        }
      }
    }),
    { numRuns: RUNS },
  );
  for (const [judgement, count] of Object.entries(counts)) {
    ok(count > RUNS, `${judgement} ${count}`);
  }
});
