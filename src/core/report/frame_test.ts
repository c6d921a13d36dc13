import { match, ok, strictEqual } from "node:assert/strict";
import { finding, formatReport, PLAIN } from "./mod.ts";

const FILE = "soulstones/a.toml";

function findings(code: "health-nothing" | "model-unused", from: number, count: number) {
  return Array.from({ length: count }, (_, i) => {
    const start = { line: from + i, column: 1 };
    return finding(code, { file: FILE, start, end: start }, {});
  });
}

function report(list: Parameters<typeof formatReport>[0], lines = 500): string {
  const sources = new Map([[FILE, "x\n".repeat(lines)]]);
  return formatReport(list, { sources, prefix: "", palette: PLAIN });
}

Deno.test("a report shows at most 100 findings, errors first, and counts all", () => {
  const text = report([...findings("model-unused", 1, 90), ...findings("health-nothing", 91, 90)]);
  strictEqual(text.match(/^error/gm)?.length, 90);
  strictEqual(text.match(/^warning/gm)?.length, 10);
  match(text, /^ *--> soulstones\/a\.toml:10:1$/m);
  ok(!text.includes("a.toml:11:1\n"));
  match(text, /\n\n90 errors, 90 warnings; 80 not shown\n$/);
  match(report(findings("health-nothing", 1, 100)), /\n\n100 errors\n$/);
});

Deno.test("a file is split into lines once for all its findings", () => {
  const millisecondsOf = (count: number) => {
    const start = performance.now();
    report(findings("health-nothing", 1, count), 100_000);
    return performance.now() - start;
  };
  // The best of three runs. Splitting the file for each finding would take 100 times as long.
  const best = (count: number) => Math.min(...[1, 2, 3].map(() => millisecondsOf(count)));
  const [one, hundred] = [best(1), best(100)];
  ok(hundred < 20 * one, `${hundred} ms, and ${one} ms for one finding`);
});
