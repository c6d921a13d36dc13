/** Checks of files: which symlinks are followed, and which files only lychd writes. */
import { dirname, extname, join } from "node:path/posix";
// Not mod.ts: a summon would load the library that makes diffs.
import { CURRENT_PATH, FORMER_PATH } from "../core/plan/generation.ts";
import { FILE_LIMIT_BYTES, TREE_LIMIT_BYTES } from "../core/plan/limits.ts";
import type { DiskFile } from "../core/plan/plan.ts";
import { type Host, HostError, notOwnFile, tooLarge } from "../host/host.ts";
import { notFolderWords } from "./path.ts";

/**
 * Returns why a file is not read: it is a symlink to a file with another extension, such as a key, and
 * a report would show lines of it. Dotfile managers link to files with the same extension.
 */
export function symlinkProblem(host: Host, path: string): string | undefined {
  const target = host.realPath(path);
  return extname(target) === extname(path)
    ? undefined
    : `it is a symlink to ${target}; only symlinks to files with the same extension are followed`;
}

/** Refuses a path below `root` that leads through a symlink, or through a file. */
export function refuseSymlinks(host: Host, root: string, path: string): void {
  for (let folder = dirname(path); folder !== "."; folder = dirname(folder)) {
    const kind = host.lstat(join(root, folder))?.kind ?? "folder";
    if (kind === "folder") continue;
    throw new HostError(
      "other",
      join(root, folder),
      `it is ${notFolderWords(kind)}: replace it with a folder`,
    );
  }
}

/**
 * Reads a file that only lychd writes, by its path below `root`; nothing if it does not exist. Refuses
 * a symlink, a folder, a pipe, or a file larger than lychd ever writes.
 */
export function readOwn(host: Host, root: string, path: string): DiskFile | undefined {
  const place = join(root, path);
  const status = host.lstat(place);
  if (status === undefined) return undefined;
  if (status.kind !== "file") throw notOwnFile(place, status.kind);
  try {
    return { bytes: host.read(place, limitOf(path)), mode: status.mode };
  } catch (error) {
    if (!(error instanceof HostError) || error.reason !== "too-large") throw error;
    throw new HostError(
      error.reason,
      place,
      `${error.message}; lychd never writes files that large: move it away`,
    );
  }
}

/** Returns the size limit of our file at a path. */
export function limitOf(path: string): number {
  return path === CURRENT_PATH || path === FORMER_PATH ? TREE_LIMIT_BYTES : FILE_LIMIT_BYTES;
}

/** Refuses to write a file that `readOwn` would refuse to read. */
export function refuseLarge(place: string, path: string, content: string | Uint8Array): void {
  const limit = limitOf(path);
  // A unit of UTF-16 becomes at most three bytes.
  if (content.length * 3 <= limit) return;
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (bytes.length > limit) throw tooLarge(place, limit);
}
