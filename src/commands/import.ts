import { join } from "node:path/posix";
import {
  type Codex,
  FILE_LIMIT_KIB,
  readCodex,
  schemaFiles,
  schemaLine,
} from "../core/codex/mod.ts";
import {
  entryJson,
  IMPORT_FILE_LIMIT,
  IMPORT_LIMIT_KIB,
  type Imported,
  type ImportFile,
  importLlamaSwap,
  importQuadlet,
  reportText,
  type UnitInput,
  usedPorts,
} from "../core/import/mod.ts";
import { formatReport } from "../core/report/frame.ts";
import { printable } from "../core/report/printable.ts";
import { shellWord } from "../core/report/shell.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import type { ImportPath } from "../run/folders.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { printJson } from "../run/say.ts";
import { type NewFile, writeNewFiles } from "../scaffold/new_files.ts";
import { type CodexEntry, codexProblem } from "../trust/path.ts";
import { symlinkProblem } from "../trust/files.ts";
import { findingJson } from "../units/codex.ts";
import { readCodexFolder } from "../units/codex_folder.ts";

type ImportInvocation = Extract<Invocation, { command: "import" }>;

/** More than the limit of a file, so that a larger one is reported as too large. */
const READ_LIMIT_BYTES = (FILE_LIMIT_KIB + 1) * 1024;

/**
 * `lychd import`: converts a configuration of another program to a Codex. Prints it or writes it to a
 * folder, and prints the import report on stderr.
 */
export async function importConfiguration(
  invocation: ImportInvocation,
  context: CommandContext,
): Promise<ExitCode> {
  const { from, json, all } = invocation;
  const { host, folders: { imports, output, runtime, config }, terminal, user } = context;
  const target = targetAt(host, output);
  const soulstones = target.codex?.soulstones ?? [];
  const importContext = {
    home: context.environment["HOME"],
    runtime,
    config,
    user,
    takenPorts: target.codex === undefined ? new Map() : usedPorts(target.codex),
    takenGroups: new Set(soulstones.flatMap(({ groups }) => groups)),
  };
  const units = readUnits(host, imports, from === "llama-swap");
  const file = units[0]?.file ?? { path: "", unreadable: "it does not exist" };
  const { imported, findings, sources } = invocation.from === "llama-swap"
    ? await importLlamaSwap(file, new Map(invocation.images), importContext)
    : await importQuadlet(units, importContext);
  const palette = terminal.errPalette;
  terminal.err(formatReport(findings, { sources, prefix: "", palette }));
  if (imported === undefined) {
    if (json) printJson(context, { findings: findings.map(findingJson) });
    return EXIT.failure;
  }
  const written = output === undefined ? [] : write(context, output, imported, target);
  terminal.err(reportText(imported.report, { all, palette }));
  const { bootCoven, report } = imported;
  if (json) {
    printJson(context, {
      soulstones: imported.soulstones.map(({ name, text }) => ({ name, toml: text })),
      ...bootCoven === undefined ? {} : { boot_coven: bootCoven },
      written,
      notes: report.map(entryJson),
    });
  } else if (output === undefined) {
    terminal.out(imported.soulstones.map(({ text }) => text).join("\n"));
  } else terminal.out(written.map((path) => `${printable(path)}\n`).join(""));
  const isBootWritten = written.some((path) => path.endsWith("/lychd.toml"));
  const hints = [
    ...bootCoven === undefined || isBootWritten
      ? []
      : [`add to lychd.toml: boot_coven = "${bootCoven}"`],
    ...soulstones.length === 0
      ? []
      : ["the new Soulstones share no group with the existing ones, so they exclude each other"],
    ...output === undefined ? [] : [`lychd check --codex ${shellWord(output)}`],
  ];
  terminal.err(hints.map((hint) => `hint: ${printable(hint)}\n`).join(""));
  return EXIT.ok;
}

/** The number and size of the files that one import has read. */
interface Tally {
  files: number;
  bytes: number;
}

const TOO_MANY_FILES = `${IMPORT_FILE_LIMIT} files`;

/** Reads the units with their drop-ins, or a file alone, up to the limits of an import. */
function readUnits(host: Host, paths: readonly ImportPath[], isAlone: boolean): UnitInput[] {
  const tally: Tally = { files: 0, bytes: 0 };
  const units: UnitInput[] = [];
  for (const path of paths) {
    const file = readFile(host, path.path, path.shown, tally);
    const dropIns = isAlone || "beyond" in file ? [] : dropInsOf(host, path, tally);
    units.push({ file, folder: join(path.path, ".."), dropIns });
    if (isAlone || [file, ...dropIns].some((each) => "beyond" in each)) break;
  }
  return units;
}

function readFile(host: Host, path: string, shown: string, tally: Tally): ImportFile {
  if (++tally.files > IMPORT_FILE_LIMIT) return { path: shown, beyond: TOO_MANY_FILES };
  try {
    const status = host.stat(path);
    if (status === undefined) return { path: shown, unreadable: "it does not exist" };
    // Reading anything else, such as a pipe, could block forever.
    if (status.kind !== "file") return { path: shown, unreadable: "it is not a file" };
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

/** Reads the drop-ins of a unit in Quadlet's order, by name. Reports too many as one file. */
function dropInsOf(host: Host, { shown, dropIns }: ImportPath, tally: Tally): ImportFile[] {
  const found = new Map<string, ImportFile>();
  for (const folder of dropIns) {
    if (host.stat(folder)?.kind !== "folder") continue;
    const names = host.list(folder, IMPORT_FILE_LIMIT + 1);
    if (names.length > IMPORT_FILE_LIMIT) return [{ path: shown, beyond: TOO_MANY_FILES }];
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

/** The Codex in the output folder, if there is one. */
interface Target {
  readonly codex?: Codex;
  readonly visited: readonly CodexEntry[];
}

function targetAt(host: Host, folder: string | undefined): Target {
  const found = folder === undefined ? undefined : readCodexFolder(host, folder, folder);
  return found === undefined || "fault" in found
    ? { visited: [] }
    : { codex: readCodex(found.folder).codex, visited: found.visited };
}

/** Writes a file for each Soulstone, or none if any of them exists. Returns their paths. */
function write(
  context: CommandContext,
  root: string,
  { soulstones, bootCoven }: Imported,
  { codex, visited }: Target,
): string[] {
  const { host } = context;
  const nothing = "; nothing was written";
  const untrusted = codexProblem(root, visited, context);
  if (untrusted !== undefined) {
    throw new Refusal(untrusted.problem + nothing, { hint: untrusted.hint });
  }
  const known = soulstones.map(({ name }) => name)
    .filter((name) => codex?.soulstones.some((own) => own.name === name));
  if (known.length > 0) {
    const names = known.map((name) => `\`${name}\``).join(", ");
    const hint = "use --output with another folder, and copy the files that you want";
    throw new Refusal(`the Codex already defines ${names}${nothing}`, { hint });
  }
  const files = soulstones.map(({ name, text }) => ({
    path: join("soulstones", `${name}.toml`),
    text: `${schemaLine("soulstones")}\n${text}`,
  }));
  const exists = ({ path }: Pick<NewFile, "path">) => host.lstat(join(root, path)) !== undefined;
  try {
    if (bootCoven !== undefined && !exists({ path: "lychd.toml" })) {
      const text = `${schemaLine("lychd")}\nboot_coven = "${bootCoven}"\n`;
      files.push({ path: "lychd.toml", text });
    }
    const existing = files.filter(exists);
    if (existing.length > 0) {
      const paths = existing.map(({ path }) => join(root, path));
      const hint = "use --output with another folder, or move the files away";
      throw new Refusal([`these files already exist${nothing}:`, ...paths], { hint });
    }
    files.push(...schemaFiles().filter((file) => !exists(file)));
    writeNewFiles(host, root, files);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    throw new Refusal(`${error.path}: ${error.message}${nothing}`);
  }
  return files.map(({ path }) => join(root, path));
}
