/** What must hold of every input; each function throws where it does not. */
import { ok, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, findingsOf } from "../../src/core/compile/mod.ts";
import {
  type ImportContext,
  importLlamaSwap,
  importQuadlet,
  type ImportResult,
} from "../../src/core/import/mod.ts";
import { type Finding, formatReport, hasErrors, PLAIN } from "../../src/core/report/mod.ts";
import { readQuadletUnit, type ReadUnit, readUnit } from "../../src/core/rune/mod.ts";

const encoder = new TextEncoder();

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
  const isBroken = hasErrors(read.findings);
  const compiled = isBroken
    ? { runes: [], findings: findingsOf(read.codex) }
    : await compile(read.codex);
  const findings = [...read.findings, ...compiled.findings];
  ok(compiled.runes.length > 0 || hasErrors(findings), "neither Runes nor an error");
  judgeFindings(findings, read.sources);
}

function judgeFindings(findings: readonly Finding[], sources: ReadonlyMap<string, string>): void {
  const lines = new Map([...sources].map(([file, text]) => [file, text.split("\n")]));
  for (const { place, code, message } of findings) {
    ok(code !== "rune-mismatch", message);
    const own = lines.get(place.file);
    ok(own !== undefined, `${code} stands in ${place.file}, which is no file`);
    const { line, column } = place.start;
    ok(line >= 1 && line <= own.length, `${code}: line ${line} of ${own.length}`);
    const length = own[line - 1]?.length ?? 0;
    ok(column >= 1 && column <= length + 1, `${code}: column ${column} of ${length}`);
  }
  const report = formatReport(findings, { sources, prefix: "", palette: PLAIN });
  // deno-lint-ignore no-control-regex
  strictEqual(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.exec(report), null);
}

/** Reads a unit as systemd and as Quadlet do, and imports it. */
export async function judgeUnit(text: string): Promise<void> {
  judgeLines(text, readUnit(text));
  judgeLines(text, readQuadletUnit(text));
  const file = { path: "a.container", bytes: encoder.encode(text) };
  judgeImport(await importQuadlet([{ file, folder: "/units", dropIns: [] }], CONTEXT));
}

/** Every line that is told, good or bad, is one of the file's. */
function judgeLines(text: string, read: ReadUnit): void {
  const count = text.split("\n").length;
  const numbers = "badLine" in read ? [read.badLine] : read.lines.map(({ line }) => line);
  numbers.forEach((number, i) => {
    ok(number >= 1 && number <= count, `line ${number} of ${count}`);
    ok(i === 0 || number > (numbers[i - 1] ?? 0), `line ${number} twice`);
  });
}

/** Imports a configuration of llama-swap. */
export async function judgeConfig(text: string): Promise<void> {
  const file = { path: "config.yaml", bytes: encoder.encode(text) };
  judgeImport(await importLlamaSwap(file, new Map(), CONTEXT));
}

const CONTEXT: ImportContext = {
  home: "/home/lich",
  runtime: "/run/user/1000",
  config: "/home/lich/.config",
  user: 1000,
  takenPorts: new Map(),
  takenGroups: new Set(),
};

/** What is imported can be read as a Codex, or the report says why not. */
function judgeImport({ imported, findings, sources }: ImportResult): void {
  judgeFindings(findings, sources);
  if (imported === undefined) {
    ok(hasErrors(findings), "neither an import nor an error");
    return;
  }
  const files = imported.soulstones.map(({ name, text }) => ({
    path: `soulstones/${name}.toml`,
    bytes: encoder.encode(text),
  }));
  const [fault] = readCodex({ folder: "", files }).findings.filter((f) => f.severity === "error");
  ok(fault === undefined, `what was imported is refused: ${fault?.message}`);
}
