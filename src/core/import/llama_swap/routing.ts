/**
 * Who may run beside whom by llama-swap's groups or matrix.
 *
 * A group is one-sided: starting a member of an exclusive group unloads others, but one that belongs
 * to no exclusive group can be started beside it. So the two can be seen together, and lychd, whose
 * law has no sides, lets them: every combination that llama-swap can reach can be reached, and no
 * other. Source: internal/router/group.go, 2026-07.
 */
import { areFriends, type Group, groupsOf } from "../together.ts";
import type { Combinations } from "./matrix.ts";

/** A group of llama-swap, defaults filled in. */
export interface SwapGroup {
  readonly name: string;
  readonly members: readonly string[];
  /** Whether one member runs at a time. */
  readonly swap: boolean;
  /** Whether starting a member unloads other groups. */
  readonly exclusive: boolean;
  /** Whether other groups cannot unload it. */
  readonly persistent: boolean;
}

/** Who may run together, and what to tell of it. */
export interface Routing {
  readonly groups: readonly Group[];
  /** Models that run beside everything and are never unloaded. */
  readonly residents: readonly string[];
  readonly mayCoexist: (a: string, b: string) => boolean;
  /** Whether all of them may run at once. */
  readonly mayAllRun: (models: readonly string[]) => boolean;
  /** Groups of which starting a member unloads others that may run beside it. */
  readonly oneSided: readonly { readonly starts: string; readonly unloads: string }[];
  /** Models that may run together here, though no set of a matrix holds them all. */
  readonly looser: readonly (readonly string[])[];
}

/** Models of no group are one at a time, and unload all others. */
const DEFAULT_GROUP = "(default)";

/** The routing of groups, for those of `models` that are `among` the ones to import. */
export function routeGroups(
  models: readonly string[],
  groups: readonly SwapGroup[],
  among: readonly string[],
): Routing {
  const grouped = new Set(groups.flatMap((group) => group.members));
  const all = [...groups, {
    name: DEFAULT_GROUP,
    members: models.filter((model) => !grouped.has(model)),
    swap: true,
    exclusive: true,
    persistent: false,
  }];
  const groupOf = (model: string) => all.find((group) => group.members.includes(model));
  const unloads = (a: SwapGroup | undefined, b: SwapGroup | undefined) =>
    a?.exclusive === true && b?.persistent === false;
  const mayCoexist = (a: string, b: string) => {
    const [left, right] = [groupOf(a), groupOf(b)];
    return left === right ? left?.swap === false : !(unloads(left, right) && unloads(right, left));
  };
  const residents = among.filter((model) =>
    groupOf(model)?.persistent === true &&
    among.every((other) => other === model || mayCoexist(model, other))
  );
  const others = among.filter((model) => !residents.includes(model));
  const met = all.filter(({ members }) => members.some((member) => among.includes(member)));
  const oneSided = met.flatMap((a) =>
    met.filter((b) => a !== b && unloads(a, b) && !unloads(b, a)).map((b) => ({
      starts: a.name,
      unloads: b.name,
    }))
  );
  const named = groupsOf(others, mayCoexist).map((group) => ({
    members: group.members,
    name: groups.find((g) => isSame(g.members, group.members))?.name ?? group.name,
  }));
  const mayAllRun = (together: readonly string[]) => areFriends(together, mayCoexist);
  return { groups: named, residents, mayCoexist, mayAllRun, oneSided, looser: [] };
}

/** The routing of a matrix: each combination is a group, called after its set. */
export function routeMatrix(
  among: readonly string[],
  sets: readonly { readonly name: string; readonly combinations: Combinations }[],
): Routing {
  const groups: Group[] = sets.flatMap(({ name, combinations }) =>
    combinations.map((all) => ({
      name: nameOf(name, all, combinations),
      members: all.filter((member) => among.includes(member)),
    }))
  ).filter(({ members }) => members.length > 0);
  const distinct = groups.filter((group, i) =>
    groups.findIndex((other) => isSame(other.members, group.members)) === i
  );
  const mayCoexist = (a: string, b: string) =>
    distinct.some(({ members }) => members.includes(a) && members.includes(b));
  const looser = largestTogether(among, mayCoexist).filter((clique) =>
    !distinct.some(({ members }) => clique.every((model) => members.includes(model)))
  ).filter((clique) => clique.length > 1);
  const mayAllRun = (together: readonly string[]) =>
    together.length === 1 ||
    distinct.some(({ members }) => together.every((model) => members.includes(model)));
  return { groups: distinct, residents: [], mayCoexist, mayAllRun, oneSided: [], looser };
}

/** A set of one combination gives its name; of several, what sets each apart is added. */
function nameOf(set: string, members: readonly string[], all: Combinations): string {
  if (all.length === 1) return set;
  const own = members.filter((model) => !all.every((other) => other.includes(model)));
  return [set, ...own].join("-");
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member));
}

/** How many combinations are looked at: what is told needs no more. */
const LOOK_LIMIT = 1000;

/** The largest sets of models of which any two may run together (Bron and Kerbosch). */
function largestTogether(
  models: readonly string[],
  mayCoexist: (a: string, b: string) => boolean,
): string[][] {
  const found: string[][] = [];
  function grow(set: readonly string[], open: readonly string[], done: readonly string[]): void {
    if (found.length >= LOOK_LIMIT) return;
    if (open.length === 0 && done.length === 0) found.push([...set]);
    for (const [i, model] of open.entries()) {
      const beside = (other: string) => mayCoexist(model, other);
      grow(
        [...set, model],
        open.slice(i + 1).filter(beside),
        [...done, ...open.slice(0, i)].filter(beside),
      );
    }
  }
  grow([], models, []);
  return found;
}
