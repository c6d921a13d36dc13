import { join } from "node:path/posix";
import { printable, shellWord } from "../core/report/mod.ts";
import type { FileStatus } from "../host/host.ts";
import type { CommandContext } from "./context.ts";

/** A file or folder of a Codex, by its path below it, and what it is. */
export interface Visited {
  readonly path: string;
  readonly status: FileStatus;
}

/** Bits of a mode. */
const [GROUP_WRITABLE, WORLD_WRITABLE] = [0o020, 0o002];

/**
 * Why units must not be made of a Codex: somebody else could say in it what runs as this user. Root
 * could in any case.
 */
export function distrust(
  codex: string,
  visited: readonly Visited[],
  { user, ownGroups }: Pick<CommandContext, "user" | "ownGroups">,
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
    const isForAll = (status.mode & WORLD_WRITABLE) !== 0;
    const isForGroup = (status.mode & GROUP_WRITABLE) !== 0 && !ownGroups.includes(status.group);
    if (isForAll || isForGroup) {
      const [who, bits] = isForAll ? ["everybody", "o-w"] : [`group ${status.group}`, "g-w"];
      return {
        problem: `${who} may write to ${printable(place)}: ` +
          "whoever can change the Codex decides what runs as you",
        hint: `chmod -R ${bits} ${shellWord(codex)}`,
      };
    }
  }
  return undefined;
}
