import { type Codex, type CodexFile, type CodexFolder, readCodex } from "../core/codex/mod.ts";
import { compile, findingsOf, type Rune } from "../core/compile/mod.ts";
import { type Finding, hasErrors, type Place, sortFindings } from "../core/report/finding.ts";
import { formatReport } from "../core/report/frame.ts";
import { digestOf, readCodexFolder } from "./codex_folder.ts";
import type { CodexEntry } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";

/** A compiled Codex with its findings. */
export interface Loaded {
  readonly codex: Codex | undefined;
  /** Empty when the Codex is invalid. */
  readonly runes: readonly Rune[];
  readonly valid: boolean;
  /** The digest of its files; undefined without a folder. */
  readonly codexDigest: string | undefined;
  readonly findings: readonly Finding[];
  /** The files and folders that were read. */
  readonly visited: readonly CodexEntry[];
}

/** Reads and compiles the Codex, and prints every finding. */
export async function loadCodex(context: CommandContext): Promise<Compiled> {
  const compiled = await compileCodex(context);
  reportFindings(context, compiled);
  return compiled;
}

/** A compiled Codex with the source texts of its findings. */
export type Compiled = Loaded & { readonly sources: ReadonlyMap<string, string> };

/** Prints every finding. */
export function reportFindings(
  { folders, terminal }: CommandContext,
  { findings, sources }: Compiled,
): void {
  const { errPalette: palette } = terminal;
  terminal.err(formatReport(findings, { sources, prefix: `${folders.codexShown}/`, palette }));
}

/** Reads and compiles the Codex, without any output; with `edited` instead of the file of its path. */
export async function compileCodex(
  { host, folders, binary, version }: CommandContext,
  edited?: CodexFile,
): Promise<Compiled> {
  const present = readCodexFolder(host, folders.codex, folders.codexShown);
  const found = "folder" in present && edited !== undefined
    ? { ...present, folder: withFile(present.folder, edited) }
    : present;
  const read = "error" in found
    ? { codex: undefined, findings: [found.error], sources: new Map<string, string>() }
    : readCodex(found.folder);
  const compiled = read.codex === undefined
    ? { runes: [], findings: [] }
    : hasErrors(read.findings)
    ? { runes: [], findings: findingsOf(read.codex, binary) }
    : await compile(read.codex, binary);
  const findings = sortFindings([...read.findings, ...compiled.findings]);
  const valid = !hasErrors(findings);
  const runes = valid ? compiled.runes : [];
  const visited = "error" in found ? [] : found.visited;
  const codexDigest = "folder" in found ? digestOf(found.folder, version) : undefined;
  const { codex, sources } = read;
  return { codex, runes, valid, codexDigest, findings, visited, sources };
}

/** Refuses to write units with a Vessel that systemd could not start. */
export function refuseSource({ binary }: CommandContext, { codex }: Loaded): void {
  if (binary !== undefined || !codex?.settings.vessel.enabled) return;
  throw new Refusal("systemd cannot start a lychd that runs from source as the Vessel", {
    hint: "deno task compile, and run dist/lychd; or set [vessel] enabled = false",
  });
}

/** Returns a Codex with `edited` at its path. A new file is `lychd.toml`, the first one. */
function withFile(folder: CodexFolder, edited: CodexFile): CodexFolder {
  const { files } = folder;
  const isNew = !files.some(({ path }) => path === edited.path);
  const replaced = files.map((file) => file.path === edited.path ? edited : file);
  return { ...folder, files: isNew ? [edited, ...files] : replaced };
}

/** Returns a finding for `--json`. */
export function findingJson({ code, severity, place, message, hint, related }: Finding) {
  return {
    ...{ code, severity, ...placeJson(place), message },
    ...hint === undefined ? {} : { hint },
    ...related && { related: { ...placeJson(related.place), message: related.label } },
  };
}

function placeJson({ file, start: { line, column } }: Place) {
  return { file, line, column };
}
