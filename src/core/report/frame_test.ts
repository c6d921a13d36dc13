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

Deno.test("of very many findings a hundred are shown, errors first, and all are counted", () => {
  const said = report([...findings("model-unused", 1, 90), ...findings("health-nothing", 91, 90)]);
  strictEqual(said.match(/^error/gm)?.length, 90);
  strictEqual(said.match(/^warning/gm)?.length, 10);
  match(said, /^ *--> soulstones\/a\.toml:10:1$/m);
  ok(!said.includes("a.toml:11:1\n"));
  match(said, /\n\n90 errors, 90 warnings; 80 of them are not shown\n$/);
  match(report(findings("health-nothing", 1, 100)), /\n\n100 errors\n$/);
});

Deno.test("the lines of a file are looked up once for all its findings", () => {
  const begun = performance.now();
  report(findings("health-nothing", 1, 100), 1_000_000);
  ok(performance.now() - begun < 2000);
});
