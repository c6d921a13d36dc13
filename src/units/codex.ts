import { type Codex, readCodex } from "../core/codex/mod.ts";
import { compile, type Compiled as Made, findingsOf, type Rune } from "../core/compile/mod.ts";
import { type Finding, formatReport, hasErrors, sortFindings } from "../core/report/mod.ts";
import { digestOf, readCodexFolder } from "./codex_folder.ts";
import type { CodexEntry } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";

/** A Codex, read and compiled, with everything that was found in it. */
export interface Loaded {
  readonly codex: Codex | undefined;
  /** Empty when the Codex is invalid. */
  readonly runes: readonly Rune[];
  readonly valid: boolean;
  /** The digest of its files; nothing when there is no such folder. */
  readonly codexDigest: string | undefined;
  readonly findings: readonly Finding[];
  /** The files and folders that it was read from. */
  readonly visited: readonly CodexEntry[];
}

/**
 * Reads and compiles the Codex, and reports every finding on stderr.
 */
export async function loadCodex(context: CommandContext): Promise<Compiled> {
  const compiled = await compileCodex(context);
  reportFindings(context, compiled);
  return compiled;
}

/** A Codex with the texts that its findings point into. */
export type Compiled = Loaded & { readonly sources: ReadonlyMap<string, string> };

/** Reports every finding on stderr. */
export function reportFindings(
  { folders, terminal }: CommandContext,
  { findings, sources }: Compiled,
): void {
  const { errPalette: palette } = terminal;
  terminal.err(formatReport(findings, { sources, prefix: `${folders.codexShown}/`, palette }));
}

/** Reads and compiles the Codex, and says nothing. */
export async function compileCodex(
  { host, folders, version }: CommandContext,
): Promise<Compiled> {
  const found = readCodexFolder(host, folders.codex, folders.codexShown);
  const read = "fault" in found
    ? { codex: undefined, findings: [found.fault], sources: new Map<string, string>() }
    : readCodex(found.folder);
  const compiled = await made(read.codex, hasErrors(read.findings));
  const findings = sortFindings([...read.findings, ...compiled.findings]);
  const valid = !hasErrors(findings);
  const runes = valid ? compiled.runes : [];
  const visited = "fault" in found ? [] : found.visited;
  const codexDigest = "folder" in found ? digestOf(found.folder, version) : undefined;
  const { codex, sources } = read;
  return { codex, runes, valid, codexDigest, findings, visited, sources };
}

/** What becomes of a Codex; only further faults of one that is known to be broken. */
async function made(codex: Codex | undefined, isBroken: boolean): Promise<Made> {
  if (codex === undefined) return { runes: [], findings: [] };
  return isBroken ? { runes: [], findings: findingsOf(codex) } : await compile(codex);
}

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
