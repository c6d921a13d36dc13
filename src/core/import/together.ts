/** From who may run beside whom to the groups that say the same by the law of Covens. */

/** A group and who is in it. */
export interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

/**
 * Groups such that two of `names` share one exactly when `mayCoexist` says so. Each group is as large
 * as can be; whoever runs beside nobody is in none, since Soulstones without groups run alone.
 *
 * Any such relation can be said by groups; what cannot be said is that three may run in pairs, but
 * not all at once.
 *
 * @example
 * ```ts
 * import { groupsOf } from "./together.ts";
 * groupsOf(["big", "huge", "small"], (a, b) => a === "small" || b === "small");
 * // [{ name: "big", members: ["big", "small"] }, { name: "huge", members: ["huge", "small"] }]
 * ```
 */
export function groupsOf(
  names: readonly string[],
  mayCoexist: (a: string, b: string) => boolean,
): Group[] {
  const covered = new Set<string>();
  const pair = (a: string, b: string) => JSON.stringify([a, b].sort());
  const groups: string[][] = [];
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      if (!mayCoexist(a, b) || covered.has(pair(a, b))) continue;
      const members = names.filter((name) => name === a || name === b);
      for (const name of names) {
        if (!members.includes(name) && members.every((member) => mayCoexist(member, name))) {
          members.push(name);
        }
      }
      for (const x of members) for (const y of members) if (x !== y) covered.add(pair(x, y));
      groups.push(members.sort((x, y) => names.indexOf(x) - names.indexOf(y)));
    }
  }
  return groups.map((members) => ({ name: nameOf(members, groups), members }));
}

/** True when any two of `members` may run together. */
export function areFriends(
  members: readonly string[],
  mayCoexist: (a: string, b: string) => boolean,
): boolean {
  return members.every((a) => members.every((b) => a === b || mayCoexist(a, b)));
}

/** A group is called after the first member that is in no other. */
function nameOf(members: readonly string[], groups: readonly (readonly string[])[]): string {
  if (groups.length === 1) return "together";
  return members.find((m) => groups.filter((group) => group.includes(m)).length === 1) ??
    "together";
}
