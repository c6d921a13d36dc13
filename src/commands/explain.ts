import { type ExplainedLine, explainLines, unitNamed } from "../core/compile/mod.ts";
import { printable } from "../core/report/printable.ts";
import { unitOf } from "../core/rune/names.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";
import { findingJson, loadCodex } from "../units/codex.ts";

/** `lychd explain UNIT`: prints a unit with the Codex place after each line that comes from the Codex. */
export async function explain(
  { json, unit }: Extract<Invocation, { command: "explain" }>,
  context: CommandContext,
): Promise<ExitCode> {
  const loaded = await loadCodex(context);
  if (!loaded.valid) {
    if (json) printJson(context, { findings: loaded.findings.map(findingJson) });
    return EXIT.codexInvalid;
  }
  const found = unitNamed(unit, loaded.runes);
  if ("problem" in found) {
    throw new Refusal(found.problem, { code: EXIT.usage, hint: found.hint });
  }
  const { path } = found.rune;
  const lines = explainLines(found.rune);
  if (json) {
    printJson(context, { path, unit: unitOf(path) ?? null, lines: lines.map(lineJson) });
  } else {
    const { out, outIsTerminal, outPalette } = context.terminal;
    const show = outIsTerminal ? printable : (text: string) => text;
    const width = Math.max(
      0,
      ...lines.map(({ text, from }) => from ? text.length : 0).filter(fits),
    );
    for (const { text, from } of lines) {
      const place = from && `# ${from.file}:${from.start.line}:${from.start.column}`;
      out(
        place === undefined
          ? `${show(text)}\n`
          : `${show(text).padEnd(width)}  ${outPalette.dim(show(place))}\n`,
      );
    }
  }
  return EXIT.ok;
}

/** Longer lines do not move the column of the places. */
function fits(length: number): boolean {
  return length <= 60;
}

function lineJson({ text, from }: ExplainedLine) {
  return from === undefined
    ? { text }
    : { text, file: from.file, line: from.start.line, column: from.start.column };
}
