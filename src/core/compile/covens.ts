import type { Soulstone } from "../codex/mod.ts";

/** What the law of Covens needs of a Soulstone. */
export type Member = Pick<Soulstone, "name" | "groups" | "resident">;

/** A group, who may run while it runs, and who may not. Names are sorted. */
export interface Coven {
  readonly name: string;
  /** Residents included. */
  readonly members: readonly string[];
  readonly outsiders: readonly string[];
}

/**
 * True when `a` and `b` may run at the same time: they share a group, or one of them is resident.
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

/** Every group of `soulstones` as a Coven, sorted by name. */
export function covensOf(soulstones: readonly Member[]): Coven[] {
  const groups = [...new Set(soulstones.flatMap((s) => s.groups))].sort();
  const names = [...soulstones].sort((a, b) => a.name < b.name ? -1 : 1);
  return groups.map((name) => {
    const isMember = (s: Member) => s.resident || s.groups.includes(name);
    return {
      name,
      members: names.filter(isMember).map((s) => s.name),
      outsiders: names.filter((s) => !isMember(s)).map((s) => s.name),
    };
  });
}

/** For each Soulstone the names of those that cannot run beside it, sorted. */
export function conflictsOf(soulstones: readonly Member[]): Map<string, string[]> {
  const names = [...soulstones].sort((a, b) => a.name < b.name ? -1 : 1);
  return new Map(
    names.map((s) => [s.name, names.filter((other) => !mayCoexist(s, other)).map((o) => o.name)]),
  );
}
