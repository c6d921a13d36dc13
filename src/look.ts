/** What the gate looks at: it has the permissions of all commands, and opens no file but these. */
import { basename, dirname, join } from "node:path/posix";
import type { UnitFile } from "./core/orchestrator/inventory.ts";
import { QUADLET_FOLDER } from "./core/rune/names.ts";
import { groupsOfOne, type Place } from "./foreign.ts";
import type { FileStatus } from "./host/host.ts";
import type { Seen } from "./host/seen.ts";
import { statusOf } from "./host/status.ts";

/** Where a path leads, as far as it is there. */
export function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPath(parent), basename(path));
  }
}

/** What stands at a path, links not followed; nothing where there is nothing. */
export function placeAt(path: string): Place | undefined {
  try {
    const { uid, gid, mode, isSymlink } = Deno.lstatSync(path);
    const target = isSymlink ? Deno.readLinkSync(path) : undefined;
    return { owner: uid ?? 0, group: gid ?? 0, mode: mode ?? 0, target };
  } catch {
    return undefined;
  }
}

/** Who the users of the host are: a file that every host has. */
export const USERS = "/etc/passwd";

/** What stands at each of the paths, for a command that may not look itself. */
export function seenAt(paths: readonly string[]): Seen {
  return new Map(paths.map((path) => [path, statusAt(path)]));
}

function statusAt(path: string): FileStatus | undefined {
  try {
    return statusOf(Deno.lstatSync(path));
  } catch {
    return undefined;
  }
}

/** The groups in which nobody is but the user and root. */
export function ownGroups(user: number): number[] {
  try {
    return groupsOfOne(
      user,
      Deno.readTextFileSync(USERS),
      Deno.readTextFileSync("/etc/group"),
    );
  } catch {
    return [];
  }
}

/** Whether a path leads to a file. */
export function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** The units of containers and of their pod in lychd's folder. */
export function unitsIn(quadlet: string): UnitFile[] {
  return [...Deno.readDirSync(quadlet)].filter(({ name, isFile }) =>
    isFile && /\.(?:container|pod)$/.test(name)
  ).map(({ name }) => ({
    path: `${QUADLET_FOLDER}/${name}`,
    text: Deno.readTextFileSync(join(quadlet, name)),
  }));
}
