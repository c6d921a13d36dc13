/** The files that only lychd writes: nobody else's way of having them there is read. */
import { join } from "node:path/posix";
import { CURRENT_PATH, FORMER_PATH } from "../core/plan/generation.ts";
import { FILE_LIMIT_BYTES, TREE_LIMIT_BYTES } from "../core/plan/limits.ts";
import type { DiskFile } from "../core/plan/plan.ts";
import { type Host, HostError, kindWords, tooLarge } from "../host/host.ts";

/**
 * A file of ours, by its path below `root`, as it is; nothing where there is nothing. Refuses what
 * lychd cannot have written: a link, a folder, a pipe, or more than it ever writes.
 */
export function readOwn(host: Host, root: string, path: string): DiskFile | undefined {
  const place = join(root, path);
  const status = host.lstat(place);
  if (status === undefined) return undefined;
  if (status.kind !== "file") {
    const words = `there is a ${kindWords(status.kind)} where lychd keeps a file: move it away`;
    throw new HostError("other", place, words);
  }
  try {
    return { bytes: host.read(place, limitOf(path)), mode: status.mode };
  } catch (error) {
    if (!(error instanceof HostError) || error.fault !== "too-large") throw error;
    const words = `${error.message}, which lychd never writes there: move it away`;
    throw new HostError(error.fault, place, words);
  }
}

/** The size limit of our file at a path. */
export function limitOf(path: string): number {
  return path === CURRENT_PATH || path === FORMER_PATH ? TREE_LIMIT_BYTES : FILE_LIMIT_BYTES;
}

/** Refuses to write what `readOwn` would refuse to read. */
export function refuseLarge(place: string, path: string, content: string | Uint8Array): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  if (bytes.length > limitOf(path)) throw tooLarge(place, limitOf(path));
}
