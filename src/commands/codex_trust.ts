import { join } from "node:path/posix";
import { printable, shellWord } from "../core/report/mod.ts";
import type { FileStatus } from "../host/host.ts";

/** A file or folder of a Codex, by its path below it, and what it is. */
export interface Visited {
  readonly path: string;
  readonly status: FileStatus;
}

/** Bit of a mode: everybody may write. */
const WORLD_WRITABLE = 0o002;

/**
 * Why units must not be made of a Codex: somebody else could say in it what runs as this user. Root
 * could in any case.
 */
export function distrust(
  codex: string,
  visited: readonly Visited[],
  user: number,
): { readonly problem: string; readonly hint: string } | undefined {
  for (const { path, status } of visited) {
    const place = join(codex, path);
    if (status.owner !== user && status.owner !== 0) {
      return {
        problem: `${printable(place)} belongs to user ${status.owner}, not to ${user}: ` +
          "whoever can change the Codex decides what runs as you",
        hint: `if you have read it and want it: sudo chown -R ${user} ${shellWord(codex)}`,
      };
    }
    if ((status.mode & WORLD_WRITABLE) !== 0) {
      return {
        problem: `everybody may write to ${printable(place)}: ` +
          "whoever can change the Codex decides what runs as you",
        hint: `chmod -R o-w ${shellWord(codex)}`,
      };
    }
  }
  return undefined;
}
