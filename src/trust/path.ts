import { basename, dirname, isAbsolute, join } from "node:path/posix";
import { shellWord } from "../core/report/shell.ts";
import type { Folders } from "../run/folders.ts";
import type { Invocation } from "../run/invocation.ts";
import type { Permissions } from "../run/permissions.ts";

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
  /** Whether the command itself looks at what is at the end. */
  readonly isEndJudged?: boolean;
}

/** Why a folder cannot be relied on, and what helps. */
export interface Foreign {
  readonly problem: string;
  readonly hint: string;
}

/**
 * The folders that a command writes to, or makes units of. A sandbox cannot look at what is above them
 * without seeing all that is in there, so that the gate does; nor at those above what a link of the
 * Codex leads to.
 *
 * `linksOf` tells the links that a Codex is read through.
 */
export function waysOf(
  invocation: Invocation,
  { read, write }: Permissions,
  folders: Folders,
  linksOf: (codex: string) => readonly string[],
): Way[] {
  const { named, codex, output, stage } = folders;
  const inscribes = write.includes(folders.quadlet) || isRehearsal(invocation);
  const isMadeOfCodex = inscribes && read.includes(codex);
  const way = (name: string, path: string | undefined) =>
    path === undefined ? [] : [{ name, path }];
  return [
    ...inscribes ? way("XDG_CONFIG_HOME", named.config) : [],
    ...inscribes ? way("the stage below XDG_RUNTIME_DIR", stageBelow(named.runtime, stage)) : [],
    ...isMadeOfCodex || write.includes(codex) ? way("the Codex", named.codex) : [],
    ...isMadeOfCodex
      ? linksOf(codex).map((path) => ({ name: "a link of the Codex", path, isEndJudged: true }))
      : [],
    ...output !== undefined && write.includes(output) ? way("--output", named.output) : [],
  ];
}

/** The stage by the way that was named. */
function stageBelow(runtime: string | undefined, stage: string | undefined): string | undefined {
  if (runtime === undefined || stage === undefined) return undefined;
  return join(runtime, basename(dirname(stage)), basename(stage));
}

/** Whether a command only shows what another would write: that other one will refuse. */
export function isRehearsal(invocation: Invocation): boolean {
  return invocation.command === "render" && invocation.mode === "dry-run";
}

/** Bits of a mode. */
const [GROUP_WRITABLE, WORLD_WRITABLE, STICKY] = [0o020, 0o002, 0o1000];

/** Who may write to a place besides its owner and root, and by what `chmod` they no longer may. */
export function otherWriters(
  { group, mode }: Pick<Place, "group" | "mode">,
  ownGroups: readonly number[],
): { readonly who: string; readonly bits: string } | undefined {
  if ((mode & WORLD_WRITABLE) !== 0) return { who: "everybody", bits: "o-w" };
  return (mode & GROUP_WRITABLE) !== 0 && !ownGroups.includes(group)
    ? { who: `group ${group}`, bits: "g-w" }
    : undefined;
}

/**
 * Why a folder cannot be relied on: somebody else could put another in the place of it, or of one above
 * it. In a folder with the sticky bit, such as /tmp, nobody can who does not own what is in it; but
 * such a folder itself is everybody's to put something into.
 *
 * `look` tells what is at a path; nothing where there is nothing.
 */
export function foreignWay(
  { name, path, isEndJudged = false }: Way,
  trust: Trust,
  look: (path: string) => Place | undefined,
): Foreign | undefined {
  for (const { at, place, isEnd } of wayTo(path, look)) {
    if (isEnd && isEndJudged) continue;
    // Nobody who does not own it can move away what is on the way.
    const isPassed = !isEnd && isSticky(place);
    const foreign = foreignPlace(at, at === path ? name : `${relation(at, path)}, ${name}`, trust, {
      ...place,
      mode: isPassed ? 0 : place.mode,
    });
    if (foreign !== undefined) return foreign;
  }
  return undefined;
}

/** How a place is called that is passed on the way to a path. */
function relation(at: string, path: string): string {
  return `${path.startsWith(at === "/" ? at : `${at}/`) ? "above" : "on the way to"} ${path}`;
}

/** Why one folder, or a link on the way, cannot be relied on; `about` says what it is. */
export function foreignPlace(
  at: string,
  about: string,
  { user, ownGroups }: Trust,
  place: Place,
): Foreign | undefined {
  const { owner, target } = place;
  if (owner !== user && owner !== 0) {
    return {
      problem: `${at} (${about}) belongs to user ${owner}, not to ${user}`,
      // A chown follows a link, to a file that its owner may choose.
      hint: target === undefined
        ? "who owns it can put another in its place: name a folder of your own, or " +
          `sudo chown ${user} ${shellWord(at)}`
        : "who owns the link can have it lead elsewhere: name a folder of your own",
    };
  }
  const others = target === undefined ? otherWriters(place, ownGroups) : undefined;
  if (others === undefined) return undefined;
  const { who, bits } = others;
  return {
    problem: `${who} may write to ${at} (${about}), and put something else in the place of yours`,
    // One with the sticky bit, such as /tmp, is meant to be so.
    hint: isSticky(place) ? "name a folder of your own below it" : `chmod ${bits} ${shellWord(at)}`,
  };
}

function isSticky({ mode }: Place): boolean {
  return (mode & STICKY) !== 0;
}

/** After so many links, the kernel goes no further either. */
const LINK_LIMIT = 40;

/** Every folder and link that is passed on the way to a path, as far as it is there, and its end. */
function* wayTo(
  path: string,
  look: (path: string) => Place | undefined,
): Generator<{ readonly at: string; readonly place: Place; readonly isEnd: boolean }> {
  const rest = ["/", ...namesOf(path)];
  let links = 0;
  let folder = "/";
  for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
    const at = name === ".." ? dirname(folder) : join(folder, name);
    const place = look(at);
    if (place === undefined || links > LINK_LIMIT) return;
    const { target } = place;
    yield { at, place, isEnd: target === undefined && rest.length === 0 };
    if (target === undefined) folder = at;
    else {
      links++;
      rest.unshift(...namesOf(target));
      if (isAbsolute(target)) folder = "/";
    }
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
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
