/** What the gate looks at: it has the permissions of all commands, and opens no file but these. */
import { basename, dirname, join } from "node:path/posix";
import { ENTRY_LIMIT } from "../core/codex/limits.ts";
import type { UnitFile } from "../core/orchestrator/inventory.ts";
import { FILE_LIMIT_BYTES } from "../core/plan/limits.ts";
import { QUADLET_FOLDER } from "../core/rune/names.ts";
import { groupsOfOne, type Place } from "../trust/path.ts";
import type { FileStatus } from "../host/host.ts";
import type { Seen } from "../host/seen.ts";
import { statusOf } from "../host/status.ts";

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

/** The same, with each place looked at once. */
export function placesAt(): typeof placeAt {
  const known = new Map<string, Place | undefined>();
  return (path) => {
    if (!known.has(path)) known.set(path, placeAt(path));
    return known.get(path);
  };
}

/**
 * The links that a Codex is read through: `lychd.toml`, `soulstones`, and the folders and `.toml` files
 * below it, hidden ones left out. A Codex with more entries than one may have is not searched further:
 * no unit is made of it.
 */
export function linksOfCodex(codex: string): string[] {
  const links: string[] = [];
  const seen = new Set<string>();
  let count = 0;
  const visit = (path: string) => {
    const entries = entriesIn(path);
    const isRead = entries !== undefined || path.endsWith(".toml");
    if (isRead && placeAt(path)?.target !== undefined) links.push(path);
    const real = realPath(path);
    // A folder that links back to one above it would never end.
    if (entries === undefined || seen.has(real)) return;
    seen.add(real);
    for (const { name, isFile } of entries) {
      if (!name.startsWith(".") && ++count <= ENTRY_LIMIT && !isFile) visit(join(path, name));
    }
  };
  for (const name of ["lychd.toml", "soulstones"]) visit(join(codex, name));
  return links.sort();
}

/** What is in a folder, as far as a Codex may have it; nothing for what is none, or may not be read. */
function entriesIn(path: string): Deno.DirEntry[] | undefined {
  try {
    return [...Iterator.from(Deno.readDirSync(path)).take(ENTRY_LIMIT + 1)];
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
  ).flatMap(({ name }) => {
    const path = `${QUADLET_FOLDER}/${name}`;
    const place = join(quadlet, name);
    // The command refuses one that lychd cannot have written.
    if (Deno.statSync(place).size > FILE_LIMIT_BYTES) return [];
    return [{ path, text: Deno.readTextFileSync(place) }];
  });
}
