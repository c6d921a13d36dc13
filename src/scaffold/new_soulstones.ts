import { join } from "node:path/posix";
import { type CodexFile, readCodex, SCHEMA_KINDS, schemaFile, uriOf } from "../core/codex/mod.ts";
import { compile } from "../core/compile/mod.ts";
import { type Draft, draftCodex, type DraftInput } from "../core/scaffold/mod.ts";
import { formatReport, hasErrors, printable, shellWord, sortFindings } from "../core/report/mod.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { type CodexEntry, codexProblem } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { findingJson } from "../units/codex.ts";
import { writeNewFiles } from "./new_files.ts";
import { printJson } from "../run/say.ts";

/** What is to be written beside what is there. */
export type Addition = Omit<DraftInput, "files" | "home"> & {
  readonly json: boolean;
  readonly files: readonly CodexFile[];
  readonly visited: readonly CodexEntry[];
};

/** Whether a person can be led through a dialogue. */
export function canAsk({ terminal }: CommandContext, json: boolean): boolean {
  return terminal.canAsk && terminal.errIsTerminal && !json;
}

/**
 * Drafts new Soulstones, checks the Codex that comes of it as `lychd check` would, and only then
 * writes: all files, or none.
 */
export async function addToCodex(
  context: CommandContext,
  { json, files, visited, ...wanted }: Addition,
): Promise<ExitCode> {
  const { host, folders, terminal, environment } = context;
  const doubt = codexProblem(folders.codex, visited, context);
  if (doubt !== undefined) {
    return fail(context, json, `${doubt.problem}; nothing was written`, { hint: doubt.hint });
  }
  const schemas = SCHEMA_KINDS.map(schemaFile)
    .filter((path) => host.lstat(join(folders.codex, path)) !== undefined);
  const draft = draftCodex({
    ...wanted,
    files: [...files.map(({ path }) => path), ...schemas],
    home: environment["HOME"],
  });
  if ("problem" in draft) {
    return fail(context, json, `${draft.problem}; nothing was written`, {
      code: EXIT.usage,
      hint: draft.hint,
    });
  }
  if (!await isValid(context, { json, files, draft })) return EXIT.codexInvalid;
  try {
    writeNewFiles(host, folders.codex, draft.files);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return fail(context, json, `${error.path}: ${error.message}; nothing was written`);
  }
  const needsDoctor = wanted.survey.devices.length === 0 || !wanted.survey.devicesDefined;
  const next = nextCommand(context, needsDoctor ? "doctor" : "render --dry-run");
  if (json) printJson(context, additionJson(draft, next));
  else {
    for (const { path } of draft.files) {
      terminal.out(`wrote ${printable(`${folders.codexShown}/${path}`)}\n`);
    }
    for (const { name, port, covens } of draft.soulstones) {
      const where = covens.length === 0 ? "alone" : `in ${covens.join(", ")}`;
      terminal.out(`${printable(name)} will answer at ${uriOf({ port })}, ${printable(where)}\n`);
    }
  }
  if (!json && draft.dashboardsPort !== undefined) {
    terminal.out(`the dashboards will be at http://localhost:${draft.dashboardsPort}\n`);
  }
  for (const note of draft.notes) terminal.err(`note: ${printable(note)}\n`);
  if (!json) terminal.err(`next: ${printable(next)}\n`);
  return EXIT.ok;
}

/** Whether the Codex is valid with the draft in it; its faults are told as `lychd check` tells them. */
async function isValid(
  context: CommandContext,
  { json, files, draft }: { json: boolean; files: readonly CodexFile[]; draft: Draft },
): Promise<boolean> {
  const { terminal, folders } = context;
  const encoder = new TextEncoder();
  const added = draft.files.filter(({ path }) => path.endsWith(".toml"))
    .map(({ path, text }) => ({ path, bytes: encoder.encode(text) }));
  const read = readCodex({ folder: folders.codexShown, files: [...files, ...added] });
  const compiled = await compile(read.codex);
  const findings = sortFindings([...read.findings, ...compiled.findings])
    .filter(({ severity }) => severity === "error");
  if (!hasErrors(findings)) return true;
  terminal.err("lychd: what was asked for makes no valid Codex; nothing was written\n\n");
  terminal.err(formatReport(findings, {
    sources: read.sources,
    prefix: `${folders.codexShown}/`,
    palette: terminal.errPalette,
  }));
  if (json) printJson(context, { findings: findings.map(findingJson) });
  return false;
}

function nextCommand({ folders }: CommandContext, words: string): string {
  const codex = folders.isCodexNamed ? ` --codex ${shellWord(folders.codexShown)}` : "";
  return `lychd ${words}${codex}`;
}

function additionJson(draft: Draft, next: string) {
  return {
    files: draft.files.map(({ path }) => path),
    soulstones: draft.soulstones.map((s) => ({
      name: s.name,
      engine: s.engine,
      image: s.image,
      port: s.port,
      uri: uriOf(s),
      groups: s.covens,
      file: s.path,
    })),
    ...draft.dashboardsPort === undefined
      ? {}
      : { dashboards: `http://localhost:${draft.dashboardsPort}` },
    notes: draft.notes,
    next,
  };
}
