import { dirname, isAbsolute, join } from "node:path/posix";
import { shellWord } from "./core/report/shell.ts";
import type { Folders } from "./folders.ts";
import type { Invocation } from "./invocation.ts";
import type { Permissions } from "./permissions.ts";

/** What stands at a path, links not followed. */
export interface Place {
  readonly owner: number;
  readonly group: number;
  /** Permission bits. */
  readonly mode: number;
  /** Where it leads, if it is a link. */
  readonly target?: string | undefined;
}

/** Who may change what lychd writes, and what it makes units of: root, and these. */
export interface Trust {
  readonly user: number;
  /** Groups in which nobody else is. */
  readonly ownGroups: readonly number[];
}

/** A folder that must not be led astray, and how the operator named it. */
export interface Way {
  readonly name: string;
  readonly path: string;
}

/** Why a folder cannot be relied on, and what helps. */
export interface Foreign {
  readonly problem: string;
  readonly hint: string;
}

/**
 * The folders that a command writes to, or makes units of. A sandbox cannot look at what is above them
 * without seeing all that is in there, so that the gate does.
 */
export function waysOf(
  invocation: Invocation,
  { read, write }: Permissions,
  folders: Folders,
): Way[] {
  const { named, codex, output } = folders;
  const inscribes = write.includes(folders.quadlet) || isRehearsal(invocation);
  const isMadeOfCodex = inscribes && read.includes(codex);
  const way = (name: string, path: string | undefined) =>
    path === undefined ? [] : [{ name, path }];
  return [
    ...inscribes ? way("XDG_CONFIG_HOME", named.config) : [],
    ...inscribes ? way("XDG_RUNTIME_DIR", named.runtime) : [],
    ...isMadeOfCodex || write.includes(codex) ? way("the Codex", named.codex) : [],
    ...output !== undefined && write.includes(output) ? way("--output", named.output) : [],
  ];
}

/** Whether a command only shows what another would write: that other one will refuse. */
export function isRehearsal(invocation: Invocation): boolean {
  return invocation.command === "render" && invocation.mode === "dry-run";
}

/** Bits of a mode. */
const [GROUP_WRITABLE, WORLD_WRITABLE, STICKY] = [0o020, 0o002, 0o1000];

/**
 * Why a folder cannot be relied on: somebody else could put another in the place of it, or of one above
 * it. In a folder with the sticky bit, such as /tmp, nobody can who does not own what is in it.
 *
 * `look` tells what is at a path; nothing where there is nothing.
 */
export function foreignWay(
  { name, path }: Way,
  { user, ownGroups }: Trust,
  look: (path: string) => Place | undefined,
): Foreign | undefined {
  for (const [at, { owner, group, mode, target }] of wayTo(path, look)) {
    const place = at === path ? `${at} (${name})` : `${at} (above ${path}, ${name})`;
    if (owner !== user && owner !== 0) {
      return {
        problem: `${place} belongs to user ${owner}, not to ${user}`,
        hint: `who owns it can put another in its place: name a folder of your own, or ` +
          `sudo chown ${user} ${shellWord(at)}`,
      };
    }
    if (target !== undefined || (mode & STICKY) !== 0) continue;
    const isForAll = (mode & WORLD_WRITABLE) !== 0;
    if (isForAll || (mode & GROUP_WRITABLE) !== 0 && !ownGroups.includes(group)) {
      const [who, bits] = isForAll ? ["everybody", "o-w"] : [`group ${group}`, "g-w"];
      return {
        problem: `${who} may write to ${place}, and put another folder in the place of yours`,
        hint: `chmod ${bits} ${shellWord(at)}`,
      };
    }
  }
  return undefined;
}

/** After so many links, the kernel goes no further either. */
const LINK_LIMIT = 40;

/** Every folder and link that is passed on the way to a path, as far as it is there. */
function* wayTo(
  path: string,
  look: (path: string) => Place | undefined,
): Generator<[path: string, place: Place]> {
  const rest = path.split("/");
  let links = 0;
  let at = "/";
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const next = name === ".." ? dirname(at) : join(at, name);
    const place = look(next);
    if (place === undefined || links > LINK_LIMIT) return;
    yield [next, place];
    if (place.target === undefined) at = next;
    else {
      links++;
      rest.unshift(...place.target.split("/"));
      if (isAbsolute(place.target)) at = "/";
    }
  }
}

/**
 * The groups in which nobody is but the user and root, by the texts of /etc/passwd and /etc/group: many
 * distributions give each user one, and let it write what its user makes.
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
