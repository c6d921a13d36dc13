import type { FileStatus } from "./host.ts";

/** What the runtime tells of a path, as commands see it. */
export function statusOf(info: Deno.FileInfo): FileStatus {
  return {
    kind: info.isFile ? "file" : info.isDirectory ? "folder" : info.isSymlink ? "link" : "other",
    mode: (info.mode ?? 0) & 0o7777,
    sizeBytes: info.size,
    owner: info.uid ?? 0,
    group: info.gid ?? 0,
    identity: `${info.dev}:${info.ino}`,
    changedSeconds: Math.floor((info.ctime?.getTime() ?? Infinity) / 1000),
  };
}
