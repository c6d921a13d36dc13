import { join, relative } from "node:path/posix";
import type { CodexFile, CodexFolder } from "../core/codex/mod.ts";
import { CODEX_LIMIT_KIB, ENTRY_LIMIT, FILE_LIMIT_KIB } from "../core/codex/limits.ts";
import { sha256 } from "../core/plan/digest.ts";
import { type Finding, finding, startOf } from "../core/report/finding.ts";
import { shellWord } from "../core/report/shell.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CodexEntry } from "../trust/path.ts";
import { symlinkProblem } from "../trust/files.ts";

const BROKEN_LINK = "it is a broken symlink";

/** The deepest folder below `soulstones/` that is read. */
const DEPTH_LIMIT = 16;

/**
 * Reads the files of a Codex: `lychd.toml`, every `.toml` file below `soulstones/`, and the `.toml` and
 * `.pem` files of `portals/`. Follows symlinks to such files and to folders, and skips hidden names. The result includes files that cannot be read,
 * every path that was visited, and the first path beyond the limits.
 */
export function readCodexFolder(
  host: Host,
  folder: string,
  shown: string,
): { folder: CodexFolder; visited: readonly CodexEntry[] } | { error: Finding } {
  const read = attempt(() => host.stat(folder));
  const status = "reason" in read ? undefined : read.value;
  if (status?.kind !== "folder") {
    const problem = status === undefined ? "it does not exist" : "it is not a folder";
    const reason = "reason" in read ? read.reason : problem;
    return { error: finding("codex-missing", startOf("."), { folder: shown, reason }) };
  }
  const visited: CodexEntry[] = [{ path: ".", status }];
  const recorder = recording(host, folder, visited);
  const found: Found = { files: [], bytes: 0, entries: 0, overLimit: undefined };
  const settings = readFile(recorder, folder, "lychd.toml");
  if (settings !== undefined) add(found, settings);
  walk(recorder, { root: folder, shown }, "soulstones", found, new Set());
  walk(recorder, { root: folder, shown }, "portals", found, new Set());
  const { files, overLimit } = found;
  return {
    folder: { folder: shown, files, ...overLimit === undefined ? {} : { overLimit } },
    visited,
  };
}

/** The files that were found so far, and their number and size. */
interface Found {
  readonly files: CodexFile[];
  bytes: number;
  entries: number;
  overLimit: CodexFolder["overLimit"];
}

function add(found: Found, file: CodexFile): void {
  found.bytes += "bytes" in file ? file.bytes.length : 0;
  if (found.bytes <= CODEX_LIMIT_KIB * 1024) found.files.push(file);
  else found.overLimit = { path: file.path, limit: `${CODEX_LIMIT_KIB} KiB in all its files` };
}

/** Returns a host that adds every path it looks at to `visited`. */
function recording(host: Host, root: string, visited: CodexEntry[]): Host {
  return {
    ...host,
    stat(path) {
      const status = host.stat(path);
      if (status !== undefined) visited.push({ path: relative(root, path), status });
      return status;
    },
  };
}

/** Returns the digest of a Codex: of the version of lychd, and the names and contents of its files. */
export function digestOf({ files, overLimit }: CodexFolder, version: string): string {
  const each = files.map((file) => [
    file.path,
    "bytes" in file ? sha256(file.bytes) : file.unreadable,
  ]);
  return sha256(JSON.stringify([version, ...each, ...overLimit === undefined ? [] : [overLimit]]));
}

/** The folder of a Codex, and its name for messages. */
interface Place {
  readonly root: string;
  readonly shown: string;
}

function walk(host: Host, place: Place, path: string, found: Found, seen: Set<string>): void {
  const { root } = place;
  const absolute = join(root, path);
  const status = attempt(() => host.stat(absolute));
  if (!("reason" in status)) {
    if (status.value === undefined) {
      if (host.lstat(absolute) !== undefined) add(found, { path, unreadable: BROKEN_LINK });
      return;
    }
    // A symlink to a folder above would loop.
    if (seen.has(status.value.identity)) return;
    if (path.split("/").length > DEPTH_LIMIT) {
      return add(found, { path, unreadable: `folders are read ${DEPTH_LIMIT} levels deep` });
    }
    seen.add(status.value.identity);
  }
  // One more than the limit, to detect that there are more.
  const names = attempt(() => host.list(absolute, ENTRY_LIMIT + 1));
  if ("reason" in names) return add(found, { path, unreadable: names.reason });
  for (const [i, name] of names.value.sort().entries()) {
    const below = `${path}/${name}`;
    if (++found.entries > ENTRY_LIMIT) {
      found.overLimit ??= { path: below, limit: `${ENTRY_LIMIT} files and folders` };
    }
    if (found.overLimit !== undefined) return;
    if (name.startsWith(".")) continue;
    if (isBroken(host, join(root, below)) || name === names.value[i - 1]) {
      const help = `rename it; its bytes are shown by: ls -b ${shellWord(join(place.shown, path))}`;
      add(found, { path: below, unreadable: "its name is not UTF-8 text", help });
      continue;
    }
    const entry = attempt(() => host.stat(join(root, below)));
    if (!("reason" in entry) && entry.value?.kind === "folder") {
      walk(host, place, below, found, seen);
    } else if (name.endsWith(".toml") || path.startsWith("portals") && name.endsWith(".pem")) {
      add(found, readFile(host, root, below) ?? { path: below, unreadable: BROKEN_LINK });
    }
  }
}

/** Returns true if a listed name was not UTF-8 text: then no file has the converted name. */
function isBroken(host: Host, path: string): boolean {
  if (!path.includes("\ufffd")) return false;
  const found = attempt(() => host.lstat(path));
  return !("reason" in found) && found.value === undefined;
}

/** Reads a file; undefined if there is none. */
function readFile(host: Host, root: string, path: string): CodexFile | undefined {
  const absolute = join(root, path);
  const read = attempt(() => {
    const status = host.stat(absolute);
    if (status === undefined) return host.lstat(absolute) && BROKEN_LINK;
    // A pipe could block forever.
    if (status.kind !== "file") return "it is not a file";
    return symlinkProblem(host, absolute) ?? host.readHead(absolute, (FILE_LIMIT_KIB + 1) * 1024);
  });
  const value = "reason" in read ? read.reason : read.value;
  if (value === undefined) return undefined;
  return typeof value === "string" ? { path, unreadable: value } : { path, bytes: value };
}

function attempt<T>(act: () => T): { value: T } | { reason: string } {
  try {
    return { value: act() };
  } catch (error) {
    if (error instanceof HostError) return { reason: error.message };
    throw error;
  }
}
