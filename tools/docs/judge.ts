/** Compiles an example Codex in memory. */
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, type Rune } from "../../src/core/compile/mod.ts";
import { type Finding, formatReport, PLAIN, sortFindings } from "../../src/core/report/mod.ts";

/** The outcome of a Codex. */
export interface Judgement {
  readonly findings: readonly Finding[];
  /** The report of `lychd check`, without the folder of the Codex. */
  readonly report: string;
  readonly runes: readonly Rune[];
}

/** Reads and compiles the files of a Codex. */
export async function judge(files: Readonly<Record<string, string>>): Promise<Judgement> {
  const encoder = new TextEncoder();
  const read = readCodex({
    folder: "codex",
    files: Object.entries(files).map(([path, text]) => ({ path, bytes: encoder.encode(text) })),
  });
  const compiled = await compile(read.codex);
  const findings = sortFindings([...read.findings, ...compiled.findings]);
  const report = formatReport(findings, { sources: read.sources, prefix: "", palette: PLAIN });
  return { findings, report, runes: compiled.runes };
}
