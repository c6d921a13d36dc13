/** A short run of the fuzzer with one seed, and proof that it gets deep. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { parseDocument } from "../../src/core/codex/toml.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { FORMS } from "./forms.ts";
import { type Input, inputOf, judgeInput, textOf } from "./inputs.ts";

const SEED = 1;
const INPUTS = Array.from({ length: 3000 }, (_, number) => inputOf(SEED, number));

Deno.test(`${INPUTS.length} inputs of the fuzzer are judged in time`, async () => {
  for (const [number, input] of INPUTS.entries()) {
    const { fault } = await judgeInput(input);
    ok(fault === undefined, `input ${number}: ${fault}`);
  }
});

/** What a Codex of two files that can be read never shows, whatever is in them. */
const OF_THE_HOST = ["codex-missing", "file-unreadable", "file-too-large"];
/** What only `lychd import` says. */
const OF_IMPORT = [
  ...["unit-broken", "yaml-broken", "llama-swap-invalid"],
  ...["import-kind", "import-too-large", "import-twice", "import-empty"],
];
/** A bug of ours. */
const NEVER = ["rune-mismatch"];
/** A name that two files define needs a third file. */
const OF_MORE_FILES = ["name-taken"];
const BEYOND = new Set([...OF_THE_HOST, ...OF_IMPORT, ...NEVER, ...OF_MORE_FILES]);

Deno.test("the inputs of the fuzzer reach nearly every fault of the catalogue", async () => {
  const seen = new Set<string>();
  for (const input of INPUTS) {
    if (input.kind !== "codex") continue;
    const files = [
      { path: "lychd.toml", bytes: input.files.settings },
      { path: "soulstones/a.toml", bytes: input.files.soulstones },
    ];
    const { codex, findings } = readCodex({ folder: "codex", files });
    const compiled = await compile(codex);
    for (const { code } of [...findings, ...compiled.findings]) seen.add(code);
  }
  const unseen = Object.keys(CATALOGUE).filter((code) => !seen.has(code) && !BEYOND.has(code));
  ok(unseen.length <= 5, `not seen in so few inputs: ${unseen.join(", ")}`);
});

/** The files of Codices that are TOML, as far as the reader knows. */
function readable(inputs: readonly Input[]): string[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return inputs.flatMap((input) =>
    input.kind === "codex"
      ? [input.files.settings, input.files.soulstones].map((bytes) => decoder.decode(bytes))
      : []
  ).filter((text) => "document" in parseDocument("a.toml", text.replace(/^\ufeff/, "")));
}

Deno.test("every form of TOML turns up, in files that are read", () => {
  const more = Array.from({ length: INPUTS.length }, (_, i) => inputOf(SEED, INPUTS.length + i));
  const texts = readable([...INPUTS, ...more]);
  const counts = Object.entries(FORMS).map(([form, pattern]) =>
    [form, texts.filter((text) => pattern.test(text)).length] as const
  );
  deepStrictEqual(counts.filter(([, count]) => count < 3), []);
});

/** What is large, and how often in so many inputs at least. */
const LARGE: Readonly<Record<Input["kind"], number>> = { codex: 3, unit: 1, config: 1 };

Deno.test("large inputs of each kind turn up, and are rare", () => {
  for (const [kind, least] of Object.entries(LARGE)) {
    const large = INPUTS.filter((input) => input.kind === kind && textOf(input).length > 8000);
    ok(large.length >= least, `${large.length} large inputs of ${kind}`);
    ok(large.length < INPUTS.length / 50);
  }
});

async function fuzz(...args: readonly string[]): Promise<{ code: number; words: string }> {
  const script = new URL("./fuzz.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...args],
  }).output();
  return { code, words: [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("") };
}

Deno.test("an option that is no whole number is refused", async () => {
  const wrong = [
    ...["x", "", "1.5", "-1", "1e3", "99999999999999999999"].map((value) => `--seed=${value}`),
    ...["--inputs=x", "--seconds=x", "--input=x"],
  ];
  await Promise.all(wrong.map(async (option) => {
    const { code, words } = await fuzz(option);
    strictEqual(code, 2, words);
    match(words, new RegExp(`${option.replace(/=.*/, "")} takes a whole number`));
  }));
});

Deno.test("a run of too few inputs has failed", async () => {
  const { code, words } = await fuzz("--seed=1", "--inputs=0");
  strictEqual(code, 1);
  match(words, /0 inputs/);
});
