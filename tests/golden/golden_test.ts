import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { codexFiles, expectedOutcome, type GoldenCase, goldenCases, outcomeOf } from "./golden.ts";

/** Codes that no golden case can cause, with the place of their test or the reason. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  "codex-missing": "reported by the command: tests/cli",
  "file-unreadable": "reported by the command: tests/cli",
  "file-too-large": "src/core/codex/read_test.ts",
  "codex-too-large": "src/core/codex/read_test.ts",
  "rune-mismatch": "a bug in lychd; no Codex is known to cause it",
  "unit-broken": "tests/cli/import_test.ts",
  "yaml-broken": "tests/import/llama-swap",
  "llama-swap-invalid": "tests/import/llama-swap",
  "import-kind": "src/core/import/quadlet/import_test.ts",
  "import-twice": "src/core/import/quadlet/import_test.ts",
  "import-too-large": "tests/cli/import_test.ts",
  "import-empty": "tests/import",
};

const CASES = goldenCases();

for (const golden of CASES) {
  Deno.test(`${golden.name} compiles to its golden files`, async () => {
    const files = codexFiles(golden.codex);
    const outcome = await outcomeOf(files);
    const expected = expectedOutcome(golden);
    deepStrictEqual([...outcome.keys()].sort(), [...expected.keys()].sort());
    for (const [path, text] of expected) strictEqual(outcome.get(path), text, path);
    const again = await outcomeOf(files.toReversed());
    deepStrictEqual([...again], [...outcome], "the order of the files must not matter");
  });
}

Deno.test("an example has neither errors nor warnings", () => {
  const reported = CASES.filter((c) => c.name.startsWith("example-"))
    .filter((c) => expectedOutcome(c).has("report.txt"));
  deepStrictEqual(reported.map((c) => c.name), []);
});

Deno.test("a case has Runes if and only if its report has no error", () => {
  const hasRunes = (c: GoldenCase) =>
    [...expectedOutcome(c).keys()].some((path) => path.startsWith("runes/"));
  const hasErrors = (c: GoldenCase) => /^error\[/m.test(expectedOutcome(c).get("report.txt") ?? "");
  deepStrictEqual(CASES.filter((c) => hasRunes(c) === hasErrors(c)).map((c) => c.name), []);
});

Deno.test("every code of the catalogue is in a report, except those listed here", () => {
  const shown = new Set(
    CASES.flatMap((c) => [
      ...(expectedOutcome(c).get("report.txt") ?? "").matchAll(/^(?:error|warning)\[(.+?)\]:/gm),
    ]).map((match) => match[1]),
  );
  const missing = Object.keys(CATALOGUE).filter((code) => !shown.has(code));
  deepStrictEqual(missing, Object.keys(UNREACHABLE));
});

Deno.test("the order of names on disk does not change the Runes", () => {
  const runes = (name: string) =>
    [...expectedOutcome(CASES.find((c) => c.name === name) ?? CASES[0] as GoldenCase)]
      .map(([path, text]) => [path, text.replace(/^# Made by lychd from .*$/m, "")]);
  deepStrictEqual(runes("names-in-order"), runes("names-out-of-order"));
});

Deno.test("every error of every report has a hint", () => {
  const withoutHint = CASES.flatMap((c) =>
    (expectedOutcome(c).get("report.txt") ?? "").split(/^(?=(?:error|warning)\[)/m)
      .filter((block) => block.startsWith("error[") && !/^hint: /m.test(block))
  );
  deepStrictEqual(withoutHint, []);
});
