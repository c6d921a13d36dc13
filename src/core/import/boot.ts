import { freeName } from "./names.ts";
import type { Group } from "./together.ts";

/** The groups with one that has exactly the members of what starts with the host, and its name. */
export interface BootGroups {
  readonly groups: readonly Group[];
  readonly bootCoven: string | undefined;
}

/**
 * The Coven that holds exactly `members`, residents aside: one that is there, or else a new one.
 * Nothing when they cannot all run together.
 */
export function bootGroups(
  groups: readonly Group[],
  members: readonly string[],
  mayAllRun: (members: readonly string[]) => boolean,
  taken: Set<string>,
): BootGroups {
  if (members.length === 0 || !mayAllRun(members)) return { groups, bootCoven: undefined };
  const found = groups.find((group) =>
    group.members.length === members.length && members.every((m) => group.members.includes(m))
  );
  if (found !== undefined) return { groups, bootCoven: found.name };
  const [only = ""] = members;
  const name = freeName(members.length === 1 ? only : "boot", taken);
  return { groups: [...groups, { name, members }], bootCoven: name };
}
