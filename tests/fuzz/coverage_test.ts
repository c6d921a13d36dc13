/** Checks that the inputs of the fuzzer reach most errors and forms: `deno task test:whole`. */
import { deepStrictEqual, ok } from "node:assert/strict";
import { parseDocument } from "../../src/core/codex/toml.ts";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { FORMS, type Kind } from "./corpus.ts";
import { inputOf, textOf } from "./inputs.ts";
import { judgeInput } from "./judge.ts";

const SEED = 1;
const INPUTS = Array.from({ length: 4500 }, (_, number) => inputOf(SEED, number));
const seen = new Set<string>();

Deno.test(`${INPUTS.length} inputs of the fuzzer are judged in time`, async () => {
  for (const [number, input] of INPUTS.entries()) {
    const { problem, codes } = await judgeInput(input);
    ok(problem === undefined, `input ${number}: ${problem}`);
    for (const code of codes) seen.add(code);
  }
});

/** The errors that a Codex of two files, one unit or one configuration cannot cause. */
const UNREACHABLE = new Set([
  // They need a host or more files.
  ...["codex-missing", "file-unreadable", "name-taken", "import-kind", "import-twice"],
  // It is a bug of lychd.
  "rune-mismatch",
]);

Deno.test("the inputs of the fuzzer reach nearly every error of the catalogue", () => {
  const unseen = Object.keys(CATALOGUE).filter((code) => !seen.has(code) && !UNREACHABLE.has(code));
  ok(unseen.length <= 5, `not reached: ${unseen.join(", ")}`);
});

Deno.test("every form of TOML appears in valid files", () => {
  const texts = INPUTS.flatMap(({ kind, text }) => kind === "codex" ? [text] : [])
    .map((bytes) => new TextDecoder().decode(bytes).replaceAll("\r\n", "\n"))
    .filter((text) => "document" in parseDocument("a.toml", text));
  const counts = FORMS.map((form) =>
    [form, texts.filter((text) => text.includes(form)).length] as const
  );
  deepStrictEqual(counts.filter(([, count]) => count < 3), []);
});

/** The minimum number of large inputs of each kind. */
const LARGE: Readonly<Record<Kind, number>> = { codex: 3, unit: 1, config: 1 };

Deno.test("large inputs of each kind exist, but are rare", () => {
  for (const [kind, least] of Object.entries(LARGE)) {
    const large = INPUTS.filter((input) => input.kind === kind && input.text.length > 16_000);
    ok(large.length >= least, `${large.length} large inputs of ${kind}`);
    ok(large.length < INPUTS.length / 50);
  }
});

Deno.test("nearly all inputs differ", () => {
  const texts = new Set(INPUTS.map(textOf));
  ok(texts.size > 0.8 * INPUTS.length, `${texts.size} of ${INPUTS.length}`);
});
