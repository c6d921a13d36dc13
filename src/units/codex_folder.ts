import { join, relative } from "node:path/posix";
// Not by mod.ts: a summon would wait for the libraries that read TOML.
import type { CodexFile, CodexFolder } from "../core/codex/mod.ts";
import { CODEX_LIMIT_KIB, ENTRY_LIMIT, FILE_LIMIT_KIB } from "../core/codex/limits.ts";
import { sha256 } from "../core/plan/receipt.ts";
import { type Finding, finding, shellWord, startOf } from "../core/report/mod.ts";
import { type Host, HostError } from "../host/host.ts";
import type { CodexEntry } from "../trust/path.ts";
import { symlinkProblem } from "../trust/files.ts";

/** How deep folders below `soulstones/` are searched. */
const DEPTH_LIMIT = 16;

/**
 * Reads the files of a Codex: `lychd.toml` and every `.toml` file below `soulstones/`, links to such
 * files and to folders followed, hidden ones left out. A file that cannot be read is part of the
 * result; so is what was looked at on the way, and where it ended because there was more than a Codex
 * may have.
 */
export function readCodexFolder(
  host: Host,
  folder: string,
  shown: string,
): { folder: CodexFolder; visited: readonly CodexEntry[] } | { fault: Finding } {
  const status = attempt(() => host.stat(folder));
  if ("reason" in status || status.value?.kind !== "folder") {
    const reason = "reason" in status
      ? status.reason
      : status.value === undefined
      ? "it does not exist"
      : "it is no folder";
    return { fault: finding("codex-missing", startOf("."), { folder: shown, reason }) };
  }
  const visited: CodexEntry[] = [{ path: ".", status: status.value }];
  const watched = watching(host, folder, visited);
  const found: Found = { files: [], bytes: 0, entries: 0, beyond: undefined };
  const settings = readFile(watched, folder, "lychd.toml");
  if (settings !== undefined) add(found, settings);
  walk(watched, { root: folder, shown }, "soulstones", found, new Set());
  const { files, beyond } = found;
  return { folder: { folder: shown, files, ...beyond === undefined ? {} : { beyond } }, visited };
}

/** What was found so far, and how much of it. */
interface Found {
  readonly files: CodexFile[];
  bytes: number;
  entries: number;
  beyond: CodexFolder["beyond"];
}

function add(found: Found, file: CodexFile): void {
  found.bytes += "bytes" in file ? file.bytes.length : 0;
  if (found.bytes <= CODEX_LIMIT_KIB * 1024) found.files.push(file);
  else found.beyond = { path: file.path, limit: `${CODEX_LIMIT_KIB} KiB in all its files` };
}

/** The same host, which notes what it is asked about. */
function watching(host: Host, root: string, visited: CodexEntry[]): Host {
  return {
    ...host,
    stat(path) {
      const status = host.stat(path);
      if (status !== undefined) visited.push({ path: relative(root, path), status });
      return status;
    },
  };
}

/**
 * The digest of a Codex, as a version of lychd reads it: of the names and contents of its files,
 * wherever its folder is. Much faster than to compile it.
 */
export function digestOf({ files, beyond }: CodexFolder, version: string): string {
  const each = files.map((file) => [
    file.path,
    "bytes" in file ? sha256(file.bytes) : file.unreadable,
  ]);
  return sha256(JSON.stringify([version, ...each, ...beyond === undefined ? [] : [beyond]]));
}

/** The folder of a Codex, and how the operator calls it. */
interface Place {
  readonly root: string;
  readonly shown: string;
}

function walk(host: Host, place: Place, path: string, found: Found, seen: Set<string>): void {
  const { root } = place;
  const status = attempt(() => host.stat(join(root, path)));
  if (!("reason" in status)) {
    if (status.value === undefined) {
      if (host.lstat(join(root, path)) !== undefined) {
        add(found, { path, unreadable: "it links to nothing" });
      }
      return;
    }
    // A folder that links back to one above it would never end.
    if (seen.has(status.value.identity)) return;
    if (path.split("/").length > DEPTH_LIMIT) {
      add(found, { path, unreadable: `folders are read ${DEPTH_LIMIT} deep, and no deeper` });
      return;
    }
    seen.add(status.value.identity);
  }
  // One more than may be, so that it is told: a folder may hold names without end.
  const names = attempt(() => host.list(join(root, path), ENTRY_LIMIT + 1));
  if ("reason" in names) {
    add(found, { path, unreadable: names.reason });
    return;
  }
  for (const [i, name] of names.value.sort().entries()) {
    const below = `${path}/${name}`;
    if (++found.entries > ENTRY_LIMIT) {
      found.beyond ??= { path: below, limit: `${ENTRY_LIMIT} files and folders` };
    }
    if (found.beyond !== undefined) return;
    if (name.startsWith(".")) continue;
    if (isBroken(host, join(root, below)) || name === names.value[i - 1]) {
      add(found, {
        path: below,
        unreadable: "its name is not UTF-8 text",
        help: `rename it; its bytes are shown by: ls -b ${shellWord(join(place.shown, path))}`,
      });
      continue;
    }
    const entry = attempt(() => host.stat(join(root, below)));
    if (!("reason" in entry) && entry.value?.kind === "folder") {
      walk(host, place, below, found, seen);
    } else if (name.endsWith(".toml")) {
      add(found, readFile(host, root, below) ?? { path: below, unreadable: "it links to nothing" });
    }
  }
}

/** Whether a listed name was not UTF-8 text: then nothing is there by the name that was made of it. */
function isBroken(host: Host, path: string): boolean {
  if (!path.includes("\ufffd")) return false;
  const found = attempt(() => host.lstat(path));
  return !("reason" in found) && found.value === undefined;
}

function readFile(host: Host, root: string, path: string): CodexFile | undefined {
  const absolute = join(root, path);
  const read = attempt(() => {
    const status = host.stat(absolute);
    if (status === undefined) {
      return host.lstat(absolute) === undefined ? undefined : "it links to nothing";
    }
    // Anything else, such as a pipe, could wait for ever.
    if (status.kind !== "file") return "it is no file";
    return symlinkProblem(host, absolute) ?? host.readHead(absolute, (FILE_LIMIT_KIB + 1) * 1024);
  });
  if ("reason" in read) return { path, unreadable: read.reason };
  if (read.value === undefined) return undefined;
  return typeof read.value === "string"
    ? { path, unreadable: read.value }
    : { path, bytes: read.value };
}

function attempt<T>(act: () => T): { value: T } | { reason: string } {
  try {
    return { value: act() };
  } catch (error) {
    if (error instanceof HostError) return { reason: error.message };
    throw error;
  }
}
