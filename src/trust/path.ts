/**
 * Checks that only this user and root can replace what a path leads to, as OpenSSH checks the path
 * to `authorized_keys`: every folder and symlink on the path counts.
 */
import { dirname, isAbsolute, join } from "node:path/posix";
import { shellWord } from "../core/report/shell.ts";
import { type FileStatus, type Host, kindWords } from "../host/host.ts";
import { Refusal } from "../run/refusal.ts";

/** A file, folder or symlink on a path. */
export interface PathEntry extends Pick<FileStatus, "owner" | "group" | "mode"> {
  /** The target of a symlink. */
  readonly target?: string | undefined;
}

/** The user who runs lychd; only this user and root are trusted. */
export interface Trust {
  readonly user: number;
  /** Groups that have no other members. */
  readonly ownGroups: readonly number[];
}

/** The reason why a path is not trusted, and a hint. Both contain paths as they are. */
export interface PathProblem {
  readonly problem: string;
  readonly hint: string;
}

/** Bits of a mode. */
const [GROUP_WRITABLE, WORLD_WRITABLE, STICKY] = [0o020, 0o002, 0o1000];

/** The words and the commands for one entry. */
interface EntryOptions {
  /** The role of the entry, such as "--output". */
  readonly name?: string | undefined;
  /** The operand of `chmod` and `chown`; by default the entry itself. */
  readonly operand?: string;
  /** `-R ` to change everything below the operand too. */
  readonly flags?: "" | "-R ";
  /** True if root must not own the entry either, because this user writes to it. */
  readonly isWritten?: boolean;
}

/** Returns a problem if another user owns an entry, or may write to it. */
export function entryProblem(
  at: string,
  { owner, group, mode, target }: PathEntry,
  { user, ownGroups }: Trust,
  { name, operand = at, flags = "", isWritten = false }: EntryOptions = {},
): PathProblem | undefined {
  const shown = name === undefined ? at : `${at} (${name})`;
  if (owner !== user && (owner !== 0 || isWritten)) {
    return {
      problem: `${shown} belongs to user ${owner}, not to ${user}`,
      // chown would follow a symlink, to a file that its owner chooses.
      hint: target === undefined
        ? `sudo chown ${flags}${user} ${shellWord(operand)}`
        : "use a path without this symlink: its owner can change the target",
    };
  }
  const isForAll = (mode & WORLD_WRITABLE) !== 0;
  const isForGroup = (mode & GROUP_WRITABLE) !== 0 && !ownGroups.includes(group);
  if (target !== undefined || !isForAll && !isForGroup) return undefined;
  return {
    problem: `${shown} is writable by ${isForAll ? "everyone" : `group ${group}`}`,
    // A sticky folder such as /tmp is writable by everyone on purpose.
    hint: flags === "" && (mode & STICKY) !== 0
      ? "use a folder of your own below it"
      : `chmod ${flags}${isForAll ? "o-w" : "g-w"} ${shellWord(operand)}`,
  };
}

/** A path to check, and the name that messages use for it. */
export interface NamedPath {
  readonly name: string;
  readonly path: string;
  /** True if the command itself checks the last entry. */
  readonly skipLast?: boolean;
}

/**
 * Returns the first problem on a path, from `/` down. In a sticky folder, such as /tmp, only the owner
 * of an entry can replace it; the path itself must not lead to such a folder.
 *
 * `lookup` returns the entry at a path without following symlinks, or nothing.
 */
export function pathProblem(
  { name, path, skipLast = false }: NamedPath,
  trust: Trust,
  lookup: (path: string) => PathEntry | undefined,
): PathProblem | undefined {
  for (const { at, entry, isLast } of entriesOn(path, lookup)) {
    if (isLast && skipLast) continue;
    const isSafeFolder = !isLast && (entry.mode & STICKY) !== 0;
    const isAbove = path.startsWith(at === "/" ? at : `${at}/`);
    const found = entryProblem(at, isSafeFolder ? { ...entry, mode: 0 } : entry, trust, {
      name: at === path ? name : `${isAbove ? "above" : "on the path to"} ${path}, ${name}`,
    });
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The kernel follows no more symlinks than this. */
const SYMLINK_LIMIT = 40;

/** Yields every folder and symlink on a path, as far as they exist, and its last entry. */
function* entriesOn(
  path: string,
  lookup: (path: string) => PathEntry | undefined,
): Generator<{ readonly at: string; readonly entry: PathEntry; readonly isLast: boolean }> {
  const rest = ["/", ...namesOf(path)];
  let symlinks = 0;
  let folder = "/";
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const at = name === ".." ? dirname(folder) : join(folder, name);
    const entry = lookup(at);
    if (entry === undefined || symlinks > SYMLINK_LIMIT) return;
    const { target } = entry;
    yield { at, entry, isLast: target === undefined && rest.length === 0 };
    if (target === undefined) folder = at;
    else {
      symlinks++;
      rest.unshift(...namesOf(target));
      if (isAbsolute(target)) folder = "/";
    }
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/**
 * Refuses to write to `paths` below `root` if a folder above one of them is a symlink, or can be
 * changed by another user. Folders that do not exist are fine; `root` itself is not checked.
 */
export function refuseUntrustedFolders(
  { host, ...trust }: Trust & { readonly host: Host },
  root: string,
  paths: readonly string[],
): void {
  for (const folder of new Set(paths.flatMap(foldersAbove))) {
    const at = join(root, folder);
    const status = host.lstat(at);
    if (status === undefined) continue;
    const found = notFolder(at, status.kind, root) ??
      entryProblem(at, status, trust, { flags: "-R ", isWritten: true });
    if (found !== undefined) refusePath(found);
  }
}

/** Refuses a path that another user can change. */
export function refusePath({ problem, hint }: PathProblem): never {
  throw new Refusal(`${problem}; nothing was changed`, { hint });
}

/** Returns the folders above a relative path, from the top. */
function foldersAbove(path: string): string[] {
  const folder = dirname(path);
  return folder === "." ? [] : [...foldersAbove(folder), folder];
}

function notFolder(at: string, kind: FileStatus["kind"], root: string): PathProblem | undefined {
  return kind === "folder" ? undefined : {
    problem: `${at} is ${notFolderWords(kind)}`,
    hint: `replace it with a folder (${root} itself may be a symlink)`,
  };
}

/** Says why nothing is written below an entry that is not a folder. */
export function notFolderWords(kind: FileStatus["kind"]): string {
  return kind === "symlink"
    ? "a symlink; lychd never writes through symlinks"
    : `a ${kindWords(kind)}, not a folder`;
}

/** A file or folder of a Codex, by its path below it. */
export interface CodexEntry {
  readonly path: string;
  readonly status: FileStatus;
}

/** Returns a problem if another user can change the Codex, and thus what runs as this user. */
export function codexProblem(
  codex: string,
  entries: readonly CodexEntry[],
  { host, ...trust }: Trust & { readonly host: Host },
): PathProblem | undefined {
  const bad = entries.find(({ path, status }) =>
    entryProblem(join(codex, path), status, trust) !== undefined
  );
  if (bad === undefined) return undefined;
  const at = join(codex, bad.path);
  const [root, real] = [host.realPath(codex), host.realPath(at)];
  const isInside = real === root || real.startsWith(`${root}/`);
  // A symlink may lead out of the Codex: there, only its target is changed.
  const options = isInside ? { operand: root, flags: "-R " } as const : { operand: real };
  const found = entryProblem(at, bad.status, trust, options);
  return found && {
    problem: `${found.problem}, and the Codex decides what runs as you`,
    hint: `read it first, then: ${found.hint}`,
  };
}

/**
 * Returns the groups without members other than the user and root, from the texts of /etc/passwd and
 * /etc/group. Many distributions make such a group for each user, and let it write the user's files.
 */
export function groupsOfOne(user: number, passwd: string, group: string): number[] {
  const members = new Map<number, number[]>();
  const users = new Map<string, number>();
  const add = (id: number, member: number) => members.set(id, [...members.get(id) ?? [], member]);
  for (const [name = "", , uid, gid] of fieldsOf(passwd)) {
    users.set(name, Number(uid));
    add(Number(gid), Number(uid));
  }
  for (const [, , gid, names = ""] of fieldsOf(group)) {
    for (const name of names.split(",").filter((name) => name !== "")) {
      add(Number(gid), users.get(name) ?? NaN);
    }
  }
  return [...members].filter(([, all]) => all.every((member) => member === user || member === 0))
    .map(([id]) => id);
}

function fieldsOf(text: string): string[][] {
  return text.split("\n").filter((line) => line !== "").map((line) => line.split(":"));
}
