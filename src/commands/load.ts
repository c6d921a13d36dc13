import { type Codex, readCodex } from "../core/codex/mod.ts";
import { compile, type Rune } from "../core/compile/mod.ts";
import { type Finding, formatReport, hasErrors, sortFindings } from "../core/report/mod.ts";
import { readCodexFolder } from "./codex_folder.ts";
import type { Visited } from "./codex_trust.ts";
import type { CommandContext } from "./context.ts";

/** A Codex, read and compiled, with everything that was found in it. */
export interface Loaded {
  readonly codex: Codex | undefined;
  /** Empty when the Codex is invalid. */
  readonly runes: readonly Rune[];
  readonly valid: boolean;
  readonly findings: readonly Finding[];
  /** The files and folders that it was read from. */
  readonly visited: readonly Visited[];
}

/**
 * Reads and compiles the Codex, and reports every finding on stderr.
 */
export async function loadCodex(context: CommandContext): Promise<Loaded> {
  const { folders, terminal } = context;
  const { sources, ...loaded } = await compileCodex(context);
  terminal.err(formatReport(loaded.findings, {
    sources,
    prefix: `${folders.codexShown}/`,
    palette: terminal.errPalette,
  }));
  return loaded;
}

/** Reads and compiles the Codex, and says nothing. */
export async function compileCodex(
  { host, folders }: CommandContext,
): Promise<Loaded & { readonly sources: ReadonlyMap<string, string> }> {
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const read = "fault" in found
    ? { codex: undefined, findings: [found.fault], sources: new Map<string, string>() }
    : readCodex(found.folder);
  const compiled = read.codex === undefined ? NOTHING : await compile(read.codex);
  const findings = sortFindings([...read.findings, ...compiled.findings]);
  const valid = !hasErrors(findings);
  const runes = valid ? compiled.runes : [];
  const visited = "fault" in found ? [] : found.visited;
  return { codex: read.codex, runes, valid, findings, visited, sources: read.sources };
}

const NOTHING = { runes: [], findings: [] };

/** A finding for `--json`: flat, in the operator's terms. */
export function findingJson(f: Finding) {
  return {
    code: f.code,
    severity: f.severity,
    file: f.place.file,
    line: f.place.start.line,
    column: f.place.start.column,
    message: f.message,
    ...(f.hint === undefined ? {} : { hint: f.hint }),
    ...(f.related === undefined ? {} : {
      related: {
        file: f.related.place.file,
        line: f.related.place.start.line,
        column: f.related.place.start.column,
        message: f.related.label,
      },
    }),
  };
}
