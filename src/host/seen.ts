import type { FileStatus, Host } from "./host.ts";

/** What stood at paths when somebody looked who may; nothing where there was nothing. */
export type Seen = ReadonlyMap<string, FileStatus | undefined>;

/**
 * A host of which a command may not look at everything that it must know: what `lstat` tells of these
 * paths was seen before. Whoever may look at a folder may also read all that is in it.
 */
export function hostWithSeen(host: Host, seen: Seen): Host {
  return { ...host, lstat: (path) => seen.has(path) ? seen.get(path) : host.lstat(path) };
}
