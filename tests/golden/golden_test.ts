import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { CATALOGUE } from "../../src/core/report/catalogue.ts";
import { codexFiles, expectedOutcome, type GoldenCase, goldenCases, outcomeOf } from "./golden.ts";

/** Codes that no files of a golden case can cause, and why. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  "codex-missing": "told by the command that looks for the folder: tests/cli",
  "file-unreadable": "told by the command that reads the file: tests/cli",
  "file-too-large": "a megabyte is too much for a case: src/core/codex/read_test.ts",
  "codex-too-large": "so is a Codex that is too large: src/core/codex/read_test.ts",
  "rune-mismatch": "a bug of lychd; no Codex is known that shows it",
  "unit-broken": "of what is imported: tests/cli/import_test.ts",
  "yaml-broken": "of what is imported: tests/import/llama-swap",
  "llama-swap-invalid": "of what is imported: tests/import/llama-swap",
  "import-kind": "of what is imported: src/core/import/quadlet/import_test.ts",
  "import-twice": "of what is imported: src/core/import/quadlet/import_test.ts",
  "import-too-large": "of what is imported: tests/cli/import_test.ts",
  "import-empty": "of what is imported: tests/import",
};

const CASES = goldenCases();

for (const golden of CASES) {
  Deno.test(`${golden.name} becomes exactly its golden files`, async () => {
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

Deno.test("a case has Runes exactly when its report has no error", () => {
  const hasRunes = (c: GoldenCase) =>
    [...expectedOutcome(c).keys()].some((path) => path.startsWith("runes/"));
  const hasErrors = (c: GoldenCase) => /^error\[/m.test(expectedOutcome(c).get("report.txt") ?? "");
  deepStrictEqual(CASES.filter((c) => hasRunes(c) === hasErrors(c)).map((c) => c.name), []);
});

Deno.test("every code of the catalogue is in a report, or cannot be", () => {
  const shown = new Set(
    CASES.flatMap((c) => [
      ...(expectedOutcome(c).get("report.txt") ?? "").matchAll(/^(?:error|warning)\[(.+?)\]:/gm),
    ]).map((match) => match[1]),
  );
  const missing = Object.keys(CATALOGUE).filter((code) => !shown.has(code));
  deepStrictEqual(missing, Object.keys(UNREACHABLE));
});

Deno.test("only the order of names on disk differs between the two name-order cases", () => {
  const runes = (name: string) =>
    [...expectedOutcome(CASES.find((c) => c.name === name) ?? CASES[0] as GoldenCase)]
      .map(([path, text]) => [path, text.replace(/^# Made by lychd from .*$/m, "")]);
  deepStrictEqual(runes("names-in-order"), runes("names-out-of-order"));
});

Deno.test("every error of every report has a hint", () => {
  const bare = CASES.flatMap((c) =>
    (expectedOutcome(c).get("report.txt") ?? "").split(/^(?=(?:error|warning)\[)/m)
      .filter((block) => block.startsWith("error[") && !/^hint: /m.test(block))
  );
  deepStrictEqual(bare, []);
});
