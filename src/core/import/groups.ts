/** Groups or slots that express which engines may run together, and the Coven that starts with the host. */
import { GROUP_LIMIT, NAME } from "../codex/mod.ts";
import { trimEnd } from "../report/mod.ts";
import type { ImportContext } from "./imported.ts";
import type { ImportReport, Item } from "./report.ts";
import type { Assignment } from "./resolve.ts";

/** The most characters that a name may have. */
const LENGTH = 64;

/**
 * Returns the unused name nearest to `text` that a Soulstone or a group may have, and adds it to
 * `taken`.
 *
 * @example
 * ```ts
 * import { freeName } from "./groups.ts";
 * freeName("Qwen/Qwen3:8B", new Set()); // "Qwen-Qwen3-8B"
 * freeName("eye", new Set(["eye"])); // "eye-2"
 * ```
 */
export function freeName(text: string, taken: Set<string>): string {
  const plain = text.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[^A-Za-z0-9]+/, "");
  const base = trimEnd(plain, /-/).slice(0, LENGTH) || "engine";
  let name = base;
  for (let n = 2; taken.has(name) || !NAME.test(name); n++) {
    const tail = `-${n}`;
    name = base.slice(0, LENGTH - tail.length) + tail;
  }
  taken.add(name);
  return name;
}

/** A group and its members. */
export interface Group {
  readonly name: string;
  readonly members: readonly string[];
}

/** Returns true if two engines may run together. */
export type MayCoexist = (a: string, b: string) => boolean;

/** The pairs of engines that groups need not express. */
type IsCovered = (a: string, b: string) => boolean;

/**
 * Returns groups such that two of `names` share one exactly if `mayCoexist`, except pairs that are
 * covered otherwise. Each group is as large as possible. An engine that runs alone is in no group.
 * Stops above the limit of a Codex.
 *
 * Groups cannot express that three engines may run in pairs, but not all at once.
 *
 * @example
 * ```ts
 * import { groupsOf } from "./groups.ts";
 * groupsOf(["big", "huge", "small"], (a, b) => a === "small" || b === "small");
 * // [{ name: "big", members: ["big", "small"] }, { name: "huge", members: ["huge", "small"] }]
 * ```
 */
export function groupsOf(
  names: readonly string[],
  mayCoexist: MayCoexist,
  isCovered: IsCovered = () => false,
): Group[] {
  const covered = new Set<string>();
  const pair = (a: string, b: string) => JSON.stringify(a < b ? [a, b] : [b, a]);
  const groups: string[][] = [];
  for (const [i, a] of names.entries()) {
    for (const b of names.slice(i + 1)) {
      if (!mayCoexist(a, b) || isCovered(a, b) || covered.has(pair(a, b))) continue;
      const members = names.filter((name) => name === a || name === b);
      for (const name of names) {
        if (!members.includes(name) && members.every((member) => mayCoexist(member, name))) {
          members.push(name);
        }
      }
      for (const x of members) for (const y of members) if (x < y) covered.add(pair(x, y));
      groups.push(members.sort((x, y) => names.indexOf(x) - names.indexOf(y)));
      if (groups.length > GROUP_LIMIT) return named(groups);
    }
  }
  return named(groups);
}

function named(groups: readonly (readonly string[])[]): Group[] {
  return groups.map((members) => ({ name: nameOf(members, groups), members }));
}

/**
 * Returns the slots that express most of `mayCoexist`: engines of one slot exclude each other, and
 * those of different slots may run together. Empty if a single group expresses the same.
 *
 * @example
 * ```ts
 * import { slotsOf } from "./groups.ts";
 * slotsOf(["big", "huge", "small"], (a, b) => a === "small" || b === "small");
 * // [{ name: "big", members: ["big", "huge"] }, { name: "small", members: ["small"] }]
 * ```
 */
export function slotsOf(names: readonly string[], mayCoexist: MayCoexist): Group[] {
  const partners = new Map(
    names.map((name) => [name, new Set(names.filter((n) => n !== name && mayCoexist(n, name)))]),
  );
  const partnersOf = (name: string) => partners.get(name) ?? new Set<string>();
  let best: string[][] = [];
  let most = 0;
  for (const first of sortedDown(names, (name) => partnersOf(name).size).slice(0, SEED_LIMIT)) {
    const alike = sortedDown(
      names,
      (name) => partnersOf(first).intersection(partnersOf(name)).size,
    );
    const near = [...alike].sort((a, b) =>
      Number(partnersOf(first).has(b)) - Number(partnersOf(first).has(a))
    );
    const slots: string[][] = [[first]];
    for (const name of near) {
      if (name === first) continue;
      const rivals = slots.filter((slot) => slot.some((other) => !partnersOf(name).has(other)));
      const [rival, ...more] = rivals;
      if (rival === undefined) slots.push([name]);
      else if (more.length === 0 && !rival.some((other) => partnersOf(name).has(other))) {
        rival.push(name);
      }
    }
    const slotted = slots.flat().length;
    const pairs = slots.reduce((sum, { length }) => sum - length ** 2, slotted ** 2);
    if (slots.length < slotted && pairs > most) [best, most] = [slots, pairs];
  }
  const order = new Map(names.map((name, i) => [name, i]));
  const at = (name: string | undefined) => order.get(name ?? "") ?? 0;
  return best.map((members) => members.sort((a, b) => at(a) - at(b)))
    .sort(([a], [b]) => at(a) - at(b))
    .map((members) => ({ name: members[0] ?? "", members }));
}

/** The most engines from which slots are grown: those with the most partners. */
const SEED_LIMIT = 16;

function sortedDown(names: readonly string[], measure: (name: string) => number): string[] {
  return names.map((name) => ({ name, size: measure(name) }))
    .sort((a, b) => b.size - a.size).map(({ name }) => name);
}

/** Slots, and the groups for what slots cannot express. */
export interface Cover {
  readonly groups: readonly Group[];
  readonly slots: readonly Group[];
}

/** The least part of the groups that slots must make superfluous. */
const WORTH = 4;

/**
 * Returns groups and slots that together express `mayCoexist`: slots alone where they can, groups alone
 * unless slots save most of them.
 *
 * @example
 * ```ts
 * import { coverOf } from "./groups.ts";
 * coverOf(["a", "b", "c"], (x, y) => x === "a" || y === "a").slots.length; // 2
 * ```
 */
export function coverOf(names: readonly string[], mayCoexist: MayCoexist): Cover {
  const slots = slotsOf(names, mayCoexist);
  const slotOf = new Map(slots.flatMap(({ name, members }) => members.map((m) => [m, name])));
  const areApart = (a: string, b: string) => {
    const [left, right] = [slotOf.get(a), slotOf.get(b)];
    return left !== undefined && right !== undefined && left !== right;
  };
  const groups = groupsOf(names, mayCoexist, areApart);
  if (groups.length === 0) return { groups, slots };
  const alone = slots.length === 0 ? groups : groupsOf(names, mayCoexist);
  return groups.length * WORTH <= alone.length ? { groups, slots } : { groups: alone, slots: [] };
}

/** Returns true if any two of `members` may run together. */
export function mayAllCoexist(members: readonly string[], mayCoexist: MayCoexist): boolean {
  return members.every((a) => members.every((b) => a === b || mayCoexist(a, b)));
}

/** Returns the first member that is in no other group. */
function nameOf(members: readonly string[], groups: readonly (readonly string[])[]): string {
  if (groups.length === 1) return "together";
  return members.find((m) => groups.filter((group) => group.includes(m)).length === 1) ??
    "together";
}

/** Returns true if both have the same members, in any order. */
export function hasSameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member));
}

/** The imported engines that may run together and that start with the host. */
export interface Placement extends Cover {
  readonly residents: readonly string[];
  readonly mayAllRun: (members: readonly string[]) => boolean;
  /** The items that start an engine with the host, or the reason why there is none. */
  readonly starts: readonly ({ readonly item: Item } & ({ engine: string } | { why: string }))[];
}

/** The groups and the slot of each engine, and `boot_coven` of lychd.toml. */
export interface Placed {
  /** Returns the fields that are not empty. */
  readonly fieldsOf: (engine: string) => readonly Assignment[];
  readonly bootCoven: string | undefined;
}

/**
 * Names the groups and slots, adds a group for the engines that start with the host if they may all run together,
 * and records what became of their items.
 */
export function placeInGroups(
  { groups, slots, residents, mayAllRun, starts }: Placement,
  { takenGroups }: ImportContext,
  report: ImportReport,
): Placed {
  const taken = new Set(takenGroups);
  const all = groups.map(({ name, members }): Group => ({ name: freeName(name, taken), members }));
  const wanted = [
    ...new Set(starts.flatMap((start) => "engine" in start ? [start.engine] : [])),
  ];
  // A resident starts with any Coven, and so needs its own only if nothing else starts.
  const others = wanted.filter((engine) => !residents.includes(engine));
  const starting = others.length > 0 ? others : wanted;
  let bootCoven: string | undefined;
  if (starting.length > 0 && mayAllRun(starting)) {
    bootCoven = all.find(({ members }) => hasSameMembers(members, starting))?.name;
    if (bootCoven === undefined) {
      bootCoven = freeName(starting.length === 1 ? starting[0] ?? "" : "boot", taken);
      all.push({ name: bootCoven, members: starting });
    }
  }
  for (const { item, ...start } of starts) {
    if ("why" in start) report.lost(item, start.why);
    else if (bootCoven === undefined) {
      report.lost(item, "only one Coven starts with the host; its engines must run together");
    } else {
      const why = `\`boot_coven = "${bootCoven}"\` in lychd.toml starts it with the host`;
      report.record(item, "changed", { to: "boot_coven", why });
    }
  }
  const takenSlots = new Set<string>();
  const namedSlots = slots.map(({ name, members }) => {
    return { name: freeName(name, takenSlots), members };
  });
  return {
    fieldsOf(engine) {
      const own = all.filter((g) => g.members.includes(engine)).map((g) => g.name);
      const slot = namedSlots.find(({ members }) => members.includes(engine))?.name;
      return [
        ...own.length === 0 ? [] : [{ path: ["groups"], value: own }],
        ...slot === undefined ? [] : [{ path: ["slot"], value: slot }],
      ];
    },
    bootCoven,
  };
}
