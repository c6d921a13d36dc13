import { join } from "node:path/posix";
import {
  FILE_LIMIT_KIB,
  parsePortRange,
  readCodex,
  schemaFiles,
  schemaLine,
  watchersOf,
} from "../core/codex/mod.ts";
import {
  IMPORT_FILE_LIMIT,
  IMPORT_LIMIT_KIB,
  type ImportContext,
  type Imported,
  type ImportFile,
  importLlamaSwap,
  importQuadlet,
  type ImportResult,
  type Note,
  noteLine,
  type UnitInput,
} from "../core/import/mod.ts";
import { formatReport, type Palette, printable, shellWord } from "../core/report/mod.ts";
import type { Folders, ImportPath } from "../run/folders.ts";
import { type Host, HostError } from "../host/host.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { readCodexFolder } from "../units/codex_folder.ts";
import { type CodexEntry, codexProblem } from "../trust/path.ts";
import type { CommandContext } from "../run/context.ts";
import { fail } from "../run/fail.ts";
import { findingJson } from "../units/codex.ts";
import { symlinkProblem } from "../trust/files.ts";
import { type NewFile, writeNewFiles } from "../scaffold/new_files.ts";

type ImportInvocation = Extract<Invocation, { command: "import" }>;

/** More than a file may have: so that one that is too large is told as such. */
const READ_LIMIT_BYTES = (FILE_LIMIT_KIB + 1) * 1024;

/**
 * `lychd import`: prints the Codex that comes nearest to somebody else's configuration, or writes it
 * to a folder, and tells on stderr what changed and what was lost.
 */
export async function importConfiguration(
  invocation: ImportInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const { host, folders, terminal } = context;
  const target = folders.output === undefined ? NO_CODEX : codexAt(host, folders.output);
  const result = await read(invocation, host, folders, contextOf(context, target));
  terminal.err(formatReport(result.findings, {
    sources: result.sources,
    prefix: "",
    palette: terminal.errPalette,
  }));
  const { imported } = result;
  if (imported === undefined) {
    if (invocation.json) printJson(context, { findings: result.findings.map(findingJson) });
    return EXIT.failure;
  }
  const written = folders.output === undefined
    ? []
    : write(context, folders.output, imported, target);
  if (!Array.isArray(written)) {
    return fail(context, invocation.json, written.problem, { hint: written.hint });
  }
  terminal.err(account(imported.notes, invocation.all, terminal.errPalette));
  if (invocation.json) printJson(context, importJson(imported, written));
  else if (folders.output === undefined) terminal.out(codexText(imported));
  else terminal.out(written.map((path) => `${printable(path)}\n`).join(""));
  terminal.err(nextSteps(imported, written, target, folders));
  return EXIT.ok;
}

function read(
  invocation: ImportInvocation,
  host: Host,
  folders: Folders,
  context: ImportContext,
): Promise<ImportResult> {
  if (invocation.from === "llama-swap") {
    const [path] = folders.imports;
    const file = readFile(host, path?.path ?? "", path?.shown ?? "", { files: 0, bytes: 0 });
    return importLlamaSwap(file, new Map(invocation.images), context);
  }
  return importQuadlet(readUnits(host, folders.imports), context);
}

/** The units with their drop-ins, as far as one import goes. */
function readUnits(host: Host, paths: readonly ImportPath[]): UnitInput[] {
  const tally: Tally = { files: 0, bytes: 0 };
  const units: UnitInput[] = [];
  for (const path of paths) {
    const file = readFile(host, path.path, path.shown, tally);
    const dropIns = "beyond" in file ? [] : dropInsOf(host, path, tally);
    units.push({ file, folder: join(path.path, ".."), dropIns });
    if ([file, ...dropIns].some((each) => "beyond" in each)) break;
  }
  return units;
}

/** What one import has read so far. */
interface Tally {
  files: number;
  bytes: number;
}

const FILES_BEYOND = `${IMPORT_FILE_LIMIT} files`;

function readFile(host: Host, path: string, shown: string, tally: Tally): ImportFile {
  if (++tally.files > IMPORT_FILE_LIMIT) return { path: shown, beyond: FILES_BEYOND };
  try {
    const status = host.stat(path);
    if (status === undefined) return { path: shown, unreadable: "it does not exist" };
    // Anything else, such as a pipe, could wait for ever.
    if (status.kind !== "file") return { path: shown, unreadable: "it is no file" };
    const unreadable = symlinkProblem(host, path);
    if (unreadable !== undefined) return { path: shown, unreadable };
    const bytes = host.readHead(path, READ_LIMIT_BYTES);
    tally.bytes += bytes.length;
    return tally.bytes > IMPORT_LIMIT_KIB * 1024
      ? { path: shown, beyond: `${IMPORT_LIMIT_KIB} KiB` }
      : { path: shown, bytes };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { path: shown, unreadable: error.message };
  }
}

/**
 * The drop-ins of a unit, in the order in which Quadlet merges them: by their names. More than an
 * import may have are told of the unit, and not read.
 */
function dropInsOf(host: Host, { shown, dropIns }: ImportPath, tally: Tally): ImportFile[] {
  const found = new Map<string, ImportFile>();
  for (const folder of dropIns) {
    if (host.stat(folder)?.kind !== "folder") continue;
    const names = host.list(folder, IMPORT_FILE_LIMIT + 1);
    if (names.length > IMPORT_FILE_LIMIT) return [{ path: shown, beyond: FILES_BEYOND }];
    for (const name of names) {
      if (!name.endsWith(".conf") || found.has(name)) continue;
      const near = join(shown, "..", folder.replace(/^.*\//, ""), name);
      const file = readFile(host, join(folder, name), near, tally);
      if ("beyond" in file) return [{ ...file, path: shown }];
      found.set(name, file);
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, file]) => file);
}

/** What a Codex gives away already. */
interface TargetCodex {
  readonly ports: ReadonlyMap<number, string>;
  readonly names: ReadonlySet<string>;
  readonly groups: ReadonlySet<string>;
  readonly hasSettings: boolean;
  readonly visited: readonly CodexEntry[];
}

const NO_CODEX: TargetCodex = {
  ports: new Map(),
  names: new Set(),
  groups: new Set(),
  hasSettings: false,
  visited: [],
};

/** The Codex in a folder, as far as it can be read. */
function codexAt(host: Host, folder: string): TargetCodex {
  const found = readCodexFolder(host, folder, folder);
  if ("fault" in found) return NO_CODEX;
  const { codex: { soulstones, settings } } = readCodex(found.folder);
  const { harvester, scribe, gpu_exporter, vessel, sepulcher } = settings;
  const range = parsePortRange(sepulcher.reserve_ports ?? "");
  const reserved = Array.from(
    { length: range === undefined ? 0 : range.last - range.first + 1 },
    (_, i) => [(range?.first ?? 0) + i, "`reserve_ports` of lychd.toml"] as const,
  );
  return {
    ports: new Map([
      ...reserved,
      [harvester.port, "the Harvester (Prometheus)"],
      [scribe.port, "the Scribe (Grafana)"],
      ...(watchersOf(settings).gpuExporter
        ? [[gpu_exporter.port, "the GPU exporter"] as const]
        : []),
      [vessel.port, "the Vessel (the front door, kept free)"],
      ...soulstones.map(({ port, name }) => [port, `Soulstone \`${name}\``] as const),
    ]),
    names: new Set(soulstones.map(({ name }) => name)),
    groups: new Set(soulstones.flatMap(({ groups }) => groups)),
    hasSettings: host.lstat(join(folder, "lychd.toml")) !== undefined,
    visited: found.visited,
  };
}

function contextOf(
  { folders, environment, user }: CommandContext,
  { ports, groups }: TargetCodex,
): ImportContext {
  return {
    home: environment["HOME"],
    runtime: folders.runtime,
    config: folders.config,
    user,
    takenPorts: ports,
    takenGroups: groups,
  };
}

/** Writes one file for each Soulstone, or none: a file that is there is never written over. */
function write(
  context: CommandContext,
  root: string,
  { soulstones, bootCoven }: Imported,
  { names, hasSettings, visited }: TargetCodex,
): string[] | { problem: string; hint?: string } {
  const { host } = context;
  const doubt = codexProblem(root, visited, context);
  if (doubt !== undefined) return { ...doubt, problem: `${doubt.problem}; nothing was written` };
  const known = soulstones.filter(({ name }) => names.has(name)).map(({ name }) => name);
  if (known.length > 0) {
    const which = known.map((name) => `\`${name}\``).join(", ");
    return {
      problem: `the Codex defines ${which} already; nothing was written`,
      hint: "name another folder by --output, and take over from there what you want",
    };
  }
  const files = soulstones.map(({ name, text }) => ({
    path: join("soulstones", `${name}.toml`),
    text: `${schemaLine("soulstones")}\n${text}`,
  }));
  if (bootCoven !== undefined && !hasSettings) {
    const text = `${schemaLine("lychd")}\nboot_coven = "${bootCoven}"\n`;
    files.push({ path: "lychd.toml", text });
  }
  const isThere = ({ path }: NewFile) => host.lstat(join(root, path)) !== undefined;
  try {
    const there = files.filter(isThere);
    if (there.length > 0) {
      const paths = there.map(({ path }) => join(root, path)).join("\n");
      return {
        problem: `there is a file already, and nothing was written:\n${paths}`,
        hint: "name another folder by --output, or move the file away",
      };
    }
    files.push(...schemaFiles().filter((file) => !isThere(file)));
    writeNewFiles(host, root, files);
    return files.map(({ path }) => join(root, path));
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { problem: `${error.path}: ${error.message}; nothing was written` };
  }
}

/** Everything in one file of Soulstones. */
function codexText({ soulstones }: Imported): string {
  return soulstones.map(({ text }) => text).join("\n");
}

/** What was lost and what changed; what is as it was only counted, unless all is wanted. */
function account(notes: readonly Note[], all: boolean, palette: Palette): string {
  const told = (title: string, outcome: Note["outcome"]) => {
    const own = notes.filter((note) => note.outcome === outcome);
    // What is so of every model in the same words is told once.
    const alike = new Map<string, Note[]>();
    for (const note of own) {
      const words = JSON.stringify([note.item, note.why]);
      alike.set(words, [...alike.get(words) ?? [], note]);
    }
    const lines = [...alike.values()].flatMap(([first, ...more]) =>
      first === undefined ? [] : [
        `  ${printable(noteLine(first))}${more.length === 0 ? "" : `; and ${more.length} more`}\n`,
      ]
    );
    return own.length === 0 ? "" : `${title} (${own.length}):\n${lines.join("")}`;
  };
  const carried = notes.filter(({ outcome }) => outcome === "carried").length;
  return told(palette.error("not carried over"), "lost") +
    told(palette.warning("changed"), "changed") +
    (all
      ? told("carried over as it is", "carried")
      : `carried over as it is: ${carried} (--all lists it)\n`);
}

/** What is left to do by hand. */
function nextSteps(
  { bootCoven }: Imported,
  written: readonly string[],
  { names }: TargetCodex,
  { output }: Folders,
): string {
  const isWritten = written.some((path) => path.endsWith("/lychd.toml"));
  const steps = [
    ...bootCoven === undefined || isWritten
      ? []
      : [`a line for lychd.toml: boot_coven = "${bootCoven}"`],
    ...names.size === 0
      ? []
      : ["Soulstones that were there before share no group with the new ones, and exclude them"],
    ...output === undefined ? [] : [`lychd check --codex ${shellWord(output)}`],
  ];
  return steps.map((step) => `hint: ${printable(step)}\n`).join("");
}

function importJson({ soulstones, bootCoven, notes }: Imported, written: readonly string[]) {
  return {
    soulstones: soulstones.map(({ name, text }) => ({ name, toml: text })),
    ...bootCoven === undefined ? {} : { boot_coven: bootCoven },
    written,
    notes: notes.map(({ outcome, place, item, soulstone, to, why }) => ({
      outcome,
      file: place.file,
      line: place.start.line,
      column: place.start.column,
      item,
      ...soulstone === undefined ? {} : { soulstone },
      ...to === undefined ? {} : { to },
      ...why === "" ? {} : { why },
    })),
  };
}

function printJson({ terminal }: CommandContext, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}
