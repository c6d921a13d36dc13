import type { Soulstone } from "../codex/mod.ts";

/** The fields of a Soulstone that the exclusivity rule depends on. */
export type Member = Pick<Soulstone, "name" | "groups" | "slot" | "resident">;

/** A group of Soulstones that may run together. Names are sorted. */
export interface Coven {
  readonly name: string;
  /** Residents included. */
  readonly members: readonly string[];
  /** The Soulstones that its start stops. Those in a slot that no member needs keep running. */
  readonly outsiders: readonly string[];
}

/**
 * The exclusivity rule: returns true if `a` and `b` may run at the same time. One of them is resident,
 * they share a group, or both have a slot and the slots differ.
 *
 * @example
 * ```ts
 * import { mayCoexist } from "./covens.ts";
 * const eye = { name: "eye", groups: ["vision"], resident: false };
 * const deep = { name: "deep", groups: ["think"], resident: false };
 * mayCoexist(eye, deep); // false
 * ```
 */
export function mayCoexist(a: Member, b: Member): boolean {
  return a.name === b.name || a.resident || b.resident ||
    a.groups.some((group) => b.groups.includes(group)) || haveOtherSlots(a, b);
}

/** Returns true if both have a slot, and the slots differ. */
function haveOtherSlots(a: Member, b: Member): boolean {
  return a.slot !== undefined && b.slot !== undefined && a.slot !== b.slot;
}

/** Returns every group of `soulstones` as a Coven, sorted by name. */
export function covensOf(soulstones: readonly Member[]): Coven[] {
  const groups = [...new Set(soulstones.flatMap((s) => s.groups))].sort();
  const sorted = sortedByName(soulstones);
  return groups.map((name) => {
    const isMember = (s: Member) => s.resident || s.groups.includes(name);
    const [members, others] = [sorted.filter(isMember), sorted.filter((s) => !isMember(s))];
    const own = members.filter((s) => !s.resident);
    const isBeside = (s: Member) => own.length > 0 && own.every((m) => haveOtherSlots(m, s));
    return {
      name,
      members: members.map((s) => s.name),
      outsiders: others.filter((s) => !isBeside(s)).map((s) => s.name),
    };
  });
}

/** Returns the Covens whose targets conflict with that of `coven`: one stops a member of the other. */
export function rivalsOf(coven: Coven, covens: readonly Coven[]): Coven[] {
  const [members, outsiders] = [new Set(coven.members), new Set(coven.outsiders)];
  return covens.filter((other) =>
    other.members.some((name) => outsiders.has(name)) ||
    other.outsiders.some((name) => members.has(name))
  );
}

/** Returns for each Soulstone the names of those that cannot run at the same time, sorted. */
export function conflictsOf(soulstones: readonly Member[]): Map<string, string[]> {
  const sorted = sortedByName(soulstones);
  return new Map(
    sorted.map((s) => [s.name, sorted.filter((o) => !mayCoexist(s, o)).map((o) => o.name)]),
  );
}

function sortedByName(soulstones: readonly Member[]): Member[] {
  return [...soulstones].sort((a, b) => a.name < b.name ? -1 : 1);
}
