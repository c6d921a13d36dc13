import { join } from "node:path/posix";
import { printable, shellWord } from "../core/report/mod.ts";
import { type Foreign, otherWriters } from "./path.ts";
import type { FileStatus, Host } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";

/** A file or folder of a Codex, by its path below it, and what it is. */
export interface Visited {
  readonly path: string;
  readonly status: FileStatus;
}

/**
 * Why units must not be made of a Codex: somebody else could say in it what runs as this user. Root
 * could in any case.
 */
export function distrust(
  codex: string,
  visited: readonly Visited[],
  { host, user, ownGroups }: Pick<CommandContext, "host" | "user" | "ownGroups">,
): Foreign | undefined {
  for (const { path, status } of visited) {
    const place = join(codex, path);
    if (status.owner !== user && status.owner !== 0) {
      return {
        problem: `${printable(place)} belongs to user ${status.owner}, not to ${user}: ` +
          "whoever can change the Codex decides what runs as you",
        hint: `if you have read it and want it: sudo chown ${operands(host, codex, path, user)}`,
      };
    }
    const others = otherWriters(status, ownGroups);
    if (others !== undefined) {
      return {
        problem: `${others.who} may write to ${printable(place)}: ` +
          "whoever can change the Codex decides what runs as you",
        hint: `chmod ${operands(host, codex, path, others.bits)}`,
      };
    }
  }
  return undefined;
}

/**
 * What `chmod` and `chown` are given for a place: the whole Codex, or what a link of it leads to, which
 * a walk of the Codex does not follow. Of what is elsewhere only that one place is changed.
 */
function operands(host: Host, codex: string, path: string, change: string | number): string {
  const [root, real] = [host.realPath(codex), host.realPath(join(codex, path))];
  return real === root || real.startsWith(`${root}/`)
    ? `-R ${change} ${shellWord(root)}`
    : `${change} ${shellWord(real)}`;
}
