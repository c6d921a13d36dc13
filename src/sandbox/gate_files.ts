/** The files that the gate looks at: it has the permissions of all commands and opens no other file. */
import { basename, dirname, join } from "node:path/posix";
import { ENTRY_LIMIT } from "../core/codex/limits.ts";
import type { UnitFile } from "../core/orchestrator/inventory.ts";
import { FILE_LIMIT_BYTES } from "../core/plan/limits.ts";
import { QUADLET_FOLDER, SYSTEMD_FOLDER, VESSEL } from "../core/rune/names.ts";
import { type SeenStatuses, statusOf } from "../host/host.ts";
import { isCopyName } from "../run/editor.ts";
import type { Folders } from "../run/folders.ts";
import type { Invocation } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";
import {
  groupsOfOne,
  type NamedPath,
  type PathEntry,
  type PathProblem,
  pathProblem,
  type Trust,
} from "../trust/path.ts";

/** Returns a path with its symlinks resolved, as far as it exists. */
export function realPath(path: string): string {
  return orNothing(() => Deno.realPathSync(path)) ??
    (dirname(path) === path ? path : join(realPath(dirname(path)), basename(path)));
}

function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  return orNothing(() => Deno.lstatSync(path));
}

function entryAt(path: string): PathEntry | undefined {
  const info = lstat(path);
  if (info === undefined) return undefined;
  const target = info.isSymlink ? orNothing(() => Deno.readLinkSync(path)) : undefined;
  return { ...statusOf(info), target };
}

/** True if a command only shows what another one would write: that one will refuse. */
export function isDryRun(invocation: Invocation): boolean {
  return invocation.command === "render" && invocation.mode === "dry-run";
}

/**
 * Returns the folders that a command writes to, or makes units of, and that only this user and root
 * may replace. A sandbox cannot check them: to look at the folders above, it would have to be granted
 * everything in them.
 */
export function pathsToCheck(
  invocation: Invocation,
  { write }: Permissions,
  folders: Folders,
  symlinksOf: (codex: string) => readonly string[],
): NamedPath[] {
  const { named: { config, codex, runtime, output }, stage } = folders;
  const inscribes = write.includes(folders.quadlet) || isDryRun(invocation);
  // Other commands only compare the Codex with what is rendered.
  const makesUnits = inscribes && ["render", "edit"].includes(invocation.command);
  const paths: NamedPath[] = [];
  const check = (name: string, path: string | undefined, skipLast = false) => {
    if (path !== undefined) paths.push({ name, path, skipLast });
  };
  if (inscribes) {
    check("XDG_CONFIG_HOME", config);
    if (runtime !== undefined && stage !== undefined) {
      const below = join(runtime, basename(dirname(stage)), basename(stage));
      check("the stage below XDG_RUNTIME_DIR", below);
    }
  }
  // The Codex decides what runs as the user.
  const decides = makesUnits || invocation.command === "pull" && !invocation.dryRun;
  if (decides || write.includes(folders.codex)) check("the Codex", codex);
  if (decides) {
    for (const path of symlinksOf(folders.codex)) check("a symlink of the Codex", path, true);
  }
  if (folders.output !== undefined && write.includes(folders.output)) check("--output", output);
  return paths;
}

/** Returns the trusted user and groups, and the first problem of each kind of path to check. */
export function checkPaths(
  invocation: Invocation,
  permissions: Permissions,
  folders: Folders,
  user: number,
): { readonly trust: Trust; readonly problems: readonly PathProblem[] } {
  const paths = pathsToCheck(invocation, permissions, folders, symlinksOfCodex);
  const trust = { user, ownGroups: paths.length === 0 ? [] : ownGroups(user) };
  const known = new Map<string, PathEntry | undefined>();
  const lookup = (path: string) => {
    if (!known.has(path)) known.set(path, entryAt(path));
    return known.get(path);
  };
  const problems = new Map<string, PathProblem>();
  for (const path of paths) {
    // Many symlinks of a Codex may lead through one folder.
    const found = problems.has(path.name) ? undefined : pathProblem(path, trust, lookup);
    if (found !== undefined) problems.set(path.name, found);
  }
  return { trust, problems: [...problems.values()] };
}

/**
 * Returns the symlinks that a Codex is read through: `lychd.toml`, `soulstones`, `portals`, and the
 * folders, `.toml` and `.pem` files below them, except hidden ones. Stops at the limit of entries that a Codex may have.
 */
export function symlinksOfCodex(codex: string): string[] {
  const symlinks: string[] = [];
  const seen = new Set<string>();
  let count = 0;
  const visit = (path: string) => {
    const entries = orNothing(
      () => [...Iterator.from(Deno.readDirSync(path)).take(ENTRY_LIMIT + 1)],
    );
    const isRead = entries !== undefined || /\.(?:toml|pem)$/.test(path);
    if (isRead && lstat(path)?.isSymlink) symlinks.push(path);
    const real = realPath(path);
    // A symlink may lead to a folder above it.
    if (entries === undefined || seen.has(real)) return;
    seen.add(real);
    for (const { name, isFile } of entries) {
      if (!name.startsWith(".") && ++count <= ENTRY_LIMIT && !isFile) visit(join(path, name));
    }
  };
  for (const name of ["lychd.toml", "soulstones", "portals"]) visit(join(codex, name));
  return symlinks.sort();
}

/** The users of the host: a file that exists everywhere. */
export const USERS = "/etc/passwd";

/** Reads the statuses that a sandbox may not read itself. */
export function seenAt(paths: readonly string[]): SeenStatuses {
  return new Map(paths.map((path) => {
    const info = lstat(path);
    return [path, info && statusOf(info)];
  }));
}

function ownGroups(user: number): number[] {
  const read = Deno.readTextFileSync;
  return orNothing(() => groupsOfOne(user, read(USERS), read("/etc/group"))) ?? [];
}

/** Returns true for a copy of a file of the Codex that this user edits: a file, not a symlink. */
export function isEditedCopy(path: string, codex: string, user: number): boolean {
  const info = lstat(path);
  const [folder, root] = [realPath(dirname(path)), realPath(codex)];
  return isCopyName(basename(path)) && (folder === root || folder.startsWith(`${root}/`)) &&
    info?.isFile === true && info.uid === user;
}

/** Returns true if a path leads to a file. */
export function isFile(path: string): boolean {
  return orNothing(() => Deno.statSync(path).isFile) ?? false;
}

/** Reads the units of containers, of their pod and of the front door. */
export function unitsIn({ quadlet, systemd }: Pick<Folders, "quadlet" | "systemd">): UnitFile[] {
  const containers = [...Deno.readDirSync(quadlet)]
    .filter(({ name, isFile }) => isFile && /\.(?:container|pod)$/.test(name))
    .map(({ name }) => ({ place: join(quadlet, name), path: `${QUADLET_FOLDER}/${name}` }));
  return [...containers.flatMap(unitAt), ...doorUnitIn({ systemd })];
}

/** Reads the unit of the front door, if there is one. */
export function doorUnitIn({ systemd }: Pick<Folders, "systemd">): UnitFile[] {
  const place = join(systemd, VESSEL.service);
  return isFile(place) ? unitAt({ place, path: `${SYSTEMD_FOLDER}/${VESSEL.service}` }) : [];
}

function unitAt({ place, path }: { readonly place: string; readonly path: string }): UnitFile[] {
  // The command refuses a file that lychd cannot have written.
  if (Deno.statSync(place).size > FILE_LIMIT_BYTES) return [];
  return [{ path, text: Deno.readTextFileSync(place) }];
}
