import { join } from "node:path/posix";
import { type CodexFile, readCodex, SCHEMA_KINDS, schemaFile, uriOf } from "../core/codex/mod.ts";
import { compile } from "../core/compile/mod.ts";
import { type Scaffold, scaffoldCodex, type ScaffoldInput } from "../core/scaffold/mod.ts";
import { type Finding, sortFindings } from "../core/report/finding.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { shellWord } from "../core/report/shell.ts";
import { HostError } from "../host/host.ts";
import { EXIT, type ExitCode } from "../run/invocation.ts";
import { type CodexEntry, codexProblem } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { Refusal } from "../run/refusal.ts";
import { findingJson } from "../units/codex.ts";
import { writeNewFiles } from "./new_files.ts";
import { printJson } from "../run/say.ts";

/** The new Soulstones, and the present Codex and host. */
export type Addition = Omit<ScaffoldInput, "files" | "home"> & {
  readonly json: boolean;
  readonly files: readonly CodexFile[];
  readonly visited: readonly CodexEntry[];
  /** The new key for clients of the front door; undefined if they need none. */
  readonly key?: string | undefined;
};

/**
 * Scaffolds new Soulstones, checks the resulting Codex as `lychd check` does, and writes all files or
 * none.
 */
export async function addToCodex(
  context: CommandContext,
  { json, files, visited, key, ...wanted }: Addition,
): Promise<ExitCode> {
  const { host, folders, terminal, environment } = context;
  const doubt = codexProblem(folders.codex, visited, context);
  if (doubt !== undefined) {
    throw new Refusal(`${doubt.problem}; nothing was written`, { hint: doubt.hint });
  }
  const schemas = SCHEMA_KINDS.map(schemaFile)
    .filter((path) => host.lstat(join(folders.codex, path)) !== undefined);
  const scaffold = scaffoldCodex({
    ...wanted,
    files: [...files.map(({ path }) => path), ...schemas],
    home: environment["HOME"],
  });
  if ("problem" in scaffold) {
    const { problem, hint } = scaffold;
    throw new Refusal(`${problem}; nothing was written`, { code: EXIT.usage, hint });
  }
  const { findings, sources } = await errorsIn(context, files, scaffold);
  if (findings.length > 0) {
    terminal.err("lychd: the new Codex would not be valid; nothing was written\n\n");
    const prefix = `${folders.codexShown}/`;
    terminal.err(formatReport(findings, { sources, prefix, palette: terminal.errPalette }));
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return EXIT.codexInvalid;
  }
  try {
    writeNewFiles(host, folders.codex, scaffold.files);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new Refusal(`${error.path}: ${error.message}; nothing was written`);
  }
  const needsDoctor = wanted.survey.devices.length === 0 || !wanted.survey.devicesDefined;
  const codex = folders.isCodexNamed ? ` --codex ${shellWord(folders.codexShown)}` : "";
  const next = `lychd ${needsDoctor ? "doctor" : "render --dry-run"}${codex}`;
  if (json) printJson(context, additionJson(scaffold, key, next));
  else printAddition(context, scaffold, key);
  for (const note of scaffold.notes) terminal.err(`note: ${printable(note)}\n`);
  if (!json) terminal.err(`next: ${printable(next)}\n`);
  return EXIT.ok;
}

/** Returns the errors of the Codex with the new files in it. */
async function errorsIn(
  { folders, binary }: CommandContext,
  files: readonly CodexFile[],
  scaffold: Scaffold,
) {
  const encoder = new TextEncoder();
  const added = scaffold.files.filter(({ path }) => path.endsWith(".toml"))
    .map(({ path, text }) => ({ path, bytes: encoder.encode(text) }));
  const read = readCodex({ folder: folders.codexShown, files: [...files, ...added] });
  const all: Finding[] = [...read.findings, ...(await compile(read.codex, binary)).findings];
  const findings = sortFindings(all).filter(({ severity }) => severity === "error");
  return { findings, sources: read.sources };
}

function printAddition(
  { terminal, folders }: CommandContext,
  { files, soulstones, dashboardsPort, vesselPort }: Scaffold,
  key: string | undefined,
): void {
  for (const { path } of files) {
    terminal.out(`wrote ${printable(`${folders.codexShown}/${path}`)}\n`);
  }
  for (const { name, port, covens, slot } of soulstones) {
    const coven = covens.length === 0 ? "in no Coven" : `in ${covens.join(", ")}`;
    const where = slot === undefined ? coven : `${coven}, in slot ${slot}`;
    terminal.out(`${printable(name)} will answer at ${uriOf({ port })}, ${printable(where)}\n`);
  }
  if (vesselPort !== undefined) {
    terminal.out(`the front door will answer at ${uriOf({ port: vesselPort })}\n`);
  }
  if (key !== undefined) terminal.out(`the key for its clients, shown only now: ${key}\n`);
  if (dashboardsPort !== undefined) {
    terminal.out(`the dashboards will be at http://localhost:${dashboardsPort}\n`);
  }
}

function additionJson(
  { files, soulstones, dashboardsPort, vesselPort, notes }: Scaffold,
  key: string | undefined,
  next: string,
) {
  return {
    files: files.map(({ path }) => path),
    soulstones: soulstones.map((s) => ({
      name: s.name,
      engine: s.engine,
      image: s.image,
      port: s.port,
      uri: uriOf(s),
      groups: s.covens,
      slot: s.slot ?? null,
      file: s.path,
    })),
    ...vesselPort === undefined ? {} : { front_door: uriOf({ port: vesselPort }) },
    ...key === undefined ? {} : { key },
    ...dashboardsPort === undefined ? {} : { dashboards: `http://localhost:${dashboardsPort}` },
    notes,
    next,
  };
}
