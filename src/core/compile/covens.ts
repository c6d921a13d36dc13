import type { Soulstone } from "../codex/mod.ts";

/** The fields of a Soulstone that the exclusivity rule depends on. */
export type Member = Pick<Soulstone, "name" | "groups" | "resident">;

/** A group of Soulstones that may run together. Names are sorted. */
export interface Coven {
  readonly name: string;
  /** Residents included. */
  readonly members: readonly string[];
  readonly outsiders: readonly string[];
}

/**
 * Returns true if `a` and `b` may run at the same time: they share a group, or one of them is resident.
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
    a.groups.some((group) => b.groups.includes(group));
}

/** Returns every group of `soulstones` as a Coven, sorted by name. */
export function covensOf(soulstones: readonly Member[]): Coven[] {
  const groups = [...new Set(soulstones.flatMap((s) => s.groups))].sort();
  const sorted = sortedByName(soulstones);
  return groups.map((name) => {
    const isMember = (s: Member) => s.resident || s.groups.includes(name);
    return {
      name,
      members: sorted.filter(isMember).map((s) => s.name),
      outsiders: sorted.filter((s) => !isMember(s)).map((s) => s.name),
    };
  });
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
