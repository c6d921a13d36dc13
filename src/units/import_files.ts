/** Reads the files of an import, up to its limits. */
import { join } from "node:path/posix";
import { FILE_LIMIT_KIB } from "../core/codex/limits.ts";
import {
  IMPORT_FILE_LIMIT,
  IMPORT_LIMIT_KIB,
  type ImportFile,
  type UnitInput,
} from "../core/import/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import type { ImportPath } from "../run/folders.ts";
import { symlinkProblem } from "../trust/files.ts";

/** More than the limit of a file, so that a larger one is reported as too large. */
const READ_LIMIT_BYTES = (FILE_LIMIT_KIB + 1) * 1024;

/** The number and size of the files that one import has read. */
interface Tally {
  files: number;
  bytes: number;
}

const TOO_MANY_FILES = `${IMPORT_FILE_LIMIT} files`;

/** Reads the units with their drop-ins, up to the limits of an import. */
export function readUnits(host: Host, paths: readonly ImportPath[]): UnitInput[] {
  const tally: Tally = { files: 0, bytes: 0 };
  const units: UnitInput[] = [];
  for (const path of paths) {
    const file = readFile(host, path.path, path.shown, tally);
    const dropIns = "overLimit" in file ? [] : dropInsOf(host, path, tally);
    units.push({ file, folder: join(path.path, ".."), dropIns });
    if ([file, ...dropIns].some((each) => "overLimit" in each)) break;
  }
  return units;
}

/** The path that means stdin. */
const STDIN = "-";

/**
 * Reads the files of one configuration, up to the limits of an import: files, those in a folder that end in
 * `.yaml` or `.yml` in the order of their names, and stdin for `-`.
 */
export async function readConfiguration(
  host: Host,
  paths: readonly ImportPath[],
  readStdin: () => Promise<string>,
): Promise<ImportFile[]> {
  const tally: Tally = { files: 0, bytes: 0 };
  const files: ImportFile[] = [];
  for (const { path, shown } of paths) {
    if (shown === STDIN) {
      const bytes = new TextEncoder().encode(await readStdin());
      files.push({ path: "stdin", bytes: bytes.subarray(0, READ_LIMIT_BYTES) });
    } else if (isFolder(host, path)) {
      files.push(...readFolder(host, path, shown, tally));
    } else files.push(readFile(host, path, shown, tally));
  }
  return files;
}

function isFolder(host: Host, path: string): boolean {
  try {
    return host.stat(path)?.kind === "folder";
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return false;
  }
}

function readFolder(host: Host, path: string, shown: string, tally: Tally): ImportFile[] {
  const names = host.list(path, IMPORT_FILE_LIMIT + 1);
  if (names.length > IMPORT_FILE_LIMIT) return [{ path: shown, overLimit: TOO_MANY_FILES }];
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort()
    .map((name) => readFile(host, join(path, name), join(shown, name), tally));
  return files.length > 0 ? files : [{ path: shown, unreadable: "it has no .yaml file" }];
}

function readFile(host: Host, path: string, shown: string, tally: Tally): ImportFile {
  if (++tally.files > IMPORT_FILE_LIMIT) return { path: shown, overLimit: TOO_MANY_FILES };
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
      ? { path: shown, overLimit: `${IMPORT_LIMIT_KIB} KiB` }
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
    if (names.length > IMPORT_FILE_LIMIT) return [{ path: shown, overLimit: TOO_MANY_FILES }];
    for (const name of names) {
      if (!name.endsWith(".conf") || found.has(name)) continue;
      const near = join(shown, "..", folder.replace(/^.*\//, ""), name);
      const file = readFile(host, join(folder, name), near, tally);
      if ("overLimit" in file) return [{ ...file, path: shown }];
      found.set(name, file);
    }
  }
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, file]) => file);
}
