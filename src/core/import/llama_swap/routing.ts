/**
 * Who may run beside whom by llama-swap's groups or matrix.
 *
 * A group is one-sided: starting a member of an exclusive group unloads others, but one that belongs
 * to no exclusive group can be started beside it. So the two can be seen together, and lychd, whose
 * law has no sides, lets them: every combination that llama-swap can reach can be reached, and no
 * other. Source: internal/router/group.go, 2026-07.
 */
import { GROUP_LIMIT } from "../../codex/mod.ts";
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

/**
 * The routing of a matrix: each combination is a group, called after its set. What is looser is not
 * looked for where there are more groups than a Codex may have: that will be refused.
 */
export function routeMatrix(
  among: readonly string[],
  sets: readonly { readonly name: string; readonly combinations: Combinations }[],
): Routing {
  const imported = new Set(among);
  const distinct = new Map<string, Group>();
  for (const { name, combinations } of sets) {
    const nameOf = namesOf(name, combinations);
    for (const all of combinations) {
      const members = all.filter((member) => imported.has(member));
      const key = JSON.stringify(members);
      if (members.length === 0 || distinct.has(key)) continue;
      distinct.set(key, { name: nameOf(all), members });
    }
  }
  const groups = [...distinct.values()];
  const together = groups.map(({ members }) => new Set(members));
  const mayCoexist = friendship(among, groups);
  const isOneGroup = (models: readonly string[]) =>
    together.some((members) => models.every((model) => members.has(model)));
  const looser = groups.length > GROUP_LIMIT
    ? []
    : largestTogether(among, mayCoexist).filter((models) =>
      models.length > 1 && !isOneGroup(models)
    );
  const mayAllRun = (models: readonly string[]) => models.length === 1 || isOneGroup(models);
  return { groups, residents: [], mayCoexist, mayAllRun, oneSided: [], looser };
}

/** Whether two models share a group, at the cost of a look into a table. */
function friendship(
  models: readonly string[],
  groups: readonly Group[],
): (a: string, b: string) => boolean {
  const numbers = new Map(models.map((model, i) => [model, i]));
  const table = new Uint8Array(models.length ** 2);
  for (const { members } of groups) {
    const all = members.flatMap((member) => numbers.get(member) ?? []);
    for (const a of all) for (const b of all) table[a * models.length + b] = 1;
  }
  return (a, b) => {
    const [left, right] = [numbers.get(a), numbers.get(b)];
    return left !== undefined && right !== undefined &&
      table[left * models.length + right] === 1;
  };
}

/**
 * The names of a set's combinations: a set of one gives its own; of several, what sets each apart is
 * added.
 */
function namesOf(set: string, all: Combinations): (members: readonly string[]) => string {
  if (all.length === 1) return () => set;
  const counts = new Map<string, number>();
  for (const model of all.flat()) counts.set(model, (counts.get(model) ?? 0) + 1);
  return (members) =>
    [set, ...members.filter((model) => counts.get(model) !== all.length)].join("-");
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((member) => b.includes(member));
}

/** How many steps are taken to find combinations: what is told needs no more. */
const LOOK_LIMIT = 1000;

/**
 * The largest sets of models of which any two may run together (Bron and Kerbosch, with the pivot of
 * Tomita): as many as are found within the limit.
 */
function largestTogether(
  models: readonly string[],
  mayCoexist: (a: string, b: string) => boolean,
): string[][] {
  const found: string[][] = [];
  let steps = 0;
  function grow(set: readonly string[], open: readonly string[], done: readonly string[]): void {
    if (++steps > LOOK_LIMIT) return;
    if (open.length === 0 && done.length === 0) found.push([...set]);
    // Every set that has no model but friends of the pivot would be larger with it.
    const pivot = mostFriends([...open, ...done], open, mayCoexist);
    const rest = new Set(open);
    const closed = [...done];
    for (const model of open) {
      if (model !== pivot && pivot !== undefined && mayCoexist(model, pivot)) continue;
      rest.delete(model);
      const beside = (other: string) => mayCoexist(model, other);
      grow([...set, model], [...rest].filter(beside), closed.filter(beside));
      closed.push(model);
    }
  }
  grow([], models, []);
  return found;
}

/** Who of `candidates` may run beside most of `models`. */
function mostFriends(
  candidates: readonly string[],
  models: readonly string[],
  mayCoexist: (a: string, b: string) => boolean,
): string | undefined {
  let [best, most] = [candidates[0], -1];
  for (const candidate of candidates) {
    const count = models.filter((model) => mayCoexist(candidate, model)).length;
    if (count > most) [best, most] = [candidate, count];
  }
  return best;
}
