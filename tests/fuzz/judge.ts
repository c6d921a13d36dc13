/** What must hold of every input; each function throws where it does not. */
import { ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile } from "../../src/core/compile/mod.ts";
import { formatReport, hasErrors, PLAIN } from "../../src/core/report/mod.ts";
import { readUnit } from "../../src/core/rune/mod.ts";

/**
 * Does what `lychd check` does with a Codex of these two files. It becomes Runes or a report; every
 * finding stands at a place that is there, and no control character reaches a terminal.
 */
export async function judgeCodex(settings: Uint8Array, soulstones: Uint8Array): Promise<void> {
  const files = [
    { path: "lychd.toml", bytes: settings },
    { path: "soulstones/a.toml", bytes: soulstones },
  ];
  const read = readCodex({ folder: "codex", files });
  const compiled = await compile(read.codex);
  const findings = [...read.findings, ...compiled.findings];
  ok(compiled.runes.length > 0 || hasErrors(findings), "neither Runes nor an error");
  for (const { place, code, message } of findings) {
    ok(code !== "rune-mismatch", message);
    const lines = read.sources.get(place.file)?.split("\n");
    ok(lines !== undefined, `${code} stands in ${place.file}, which is no file`);
    const { line, column } = place.start;
    ok(line >= 1 && line <= lines.length, `${code}: line ${line} of ${lines.length}`);
    const length = lines[line - 1]?.length ?? 0;
    ok(column >= 1 && column <= length + 1, `${code}: column ${column} of ${length}`);
  }
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  // deno-lint-ignore no-control-regex
  strictEqual(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.exec(report), null);
}

/** Reads a unit: every line that is told, good or bad, is one of the file's. */
export function judgeUnit(text: string): void {
  const read = readUnit(text);
  const count = text.split("\n").length;
  const numbers = "badLine" in read ? [read.badLine] : read.lines.map(({ line }) => line);
  numbers.forEach((number, i) => {
    ok(number >= 1 && number <= count, `line ${number} of ${count}`);
    ok(i === 0 || number > (numbers[i - 1] ?? 0), `line ${number} twice`);
  });
}
