/**
 * The models that may run together under llama-swap's groups or matrix.
 *
 * Groups are one-sided: starting a member of an exclusive group unloads others, but a member of a
 * group that is not exclusive can then start beside it. lychd has no sides, so it lets both run:
 * it allows exactly the combinations that llama-swap can reach. Source: internal/router/group.go,
 * 2026-07.
 */
import { GROUP_LIMIT } from "../../codex/mod.ts";
import {
  type Group,
  groupsOf,
  hasSameMembers,
  mayAllCoexist,
  type MayCoexist,
  slotsOf,
} from "../groups.ts";
import type { ImportReport } from "../report.ts";
import type { Combinations } from "./matrix.ts";
import type { Entry } from "./reader.ts";

/** A group of llama-swap with its defaults. */
export interface SwapGroup {
  readonly name: string;
  readonly members: readonly string[];
  /** True if one member runs at a time. */
  readonly swap: boolean;
  /** True if starting a member unloads other groups. */
  readonly exclusive: boolean;
  /** True if other groups cannot unload it. */
  readonly persistent: boolean;
}

/** The models that may run together, and the differences from llama-swap. */
export interface Routing {
  readonly groups: readonly Group[];
  /** Used instead of groups where possible. */
  readonly slots: readonly Group[];
  /** Models that run with all others and are never unloaded. */
  readonly residents: readonly string[];
  readonly mayCoexist: MayCoexist;
  /** Returns true if all of them may run at once. */
  readonly mayAllRun: (models: readonly string[]) => boolean;
  /** Groups that unload another one when a member starts, though both may run together. */
  readonly oneSided: readonly { readonly starts: string; readonly unloads: string }[];
  /** Models that may run together under lychd, though no set of the matrix has all of them. */
  readonly looser: readonly (readonly string[])[];
}

/** Returns the routing of groups for the imported ones of `models`. */
export function routeGroups(
  models: readonly string[],
  groups: readonly SwapGroup[],
  imported: readonly string[],
): Routing {
  const grouped = new Set(groups.flatMap((group) => group.members));
  // Models without a group run one at a time and unload all others.
  const all = [...groups, {
    name: "(default)",
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
  const residents = imported.filter((model) =>
    groupOf(model)?.persistent === true &&
    imported.every((other) => other === model || mayCoexist(model, other))
  );
  const others = imported.filter((model) => !residents.includes(model));
  const met = all.filter(({ members }) => members.some((member) => imported.includes(member)));
  const oneSided = met.flatMap((a) =>
    met.filter((b) => a !== b && unloads(a, b) && !unloads(b, a)).map((b) => ({
      starts: a.name,
      unloads: b.name,
    }))
  );
  const named = groupsOf(others, mayCoexist).map((group) => ({
    members: group.members,
    name: groups.find((g) => hasSameMembers(g.members, group.members))?.name ?? group.name,
  }));
  const slots = slotsOf(others, mayCoexist).map(({ name, members }) => {
    const isIn = (group: SwapGroup) =>
      group.members.some((member) => members.includes(member)) &&
      group.members.every((member) => members.includes(member) || !others.includes(member));
    return { members, name: groups.find(isIn)?.name ?? name };
  });
  return {
    groups: slots.length > 0 ? [] : named,
    slots,
    residents,
    mayCoexist,
    mayAllRun: (together) => mayAllCoexist(together, mayCoexist),
    oneSided,
    looser: [],
  };
}

/**
 * Returns the routing of a matrix: each combination is a group with the name of its set, unless slots
 * can express sets with several combinations. `looser` is empty if there are more groups than a Codex
 * may have, which is an error.
 */
export function routeMatrix(
  imported: readonly string[],
  sets: readonly { readonly name: string; readonly combinations: Combinations }[],
): Routing {
  const known = new Set(imported);
  const distinct = new Map<string, Group>();
  for (const { name, combinations } of sets) {
    const nameOf = namesOf(name, combinations);
    for (const all of combinations) {
      const members = all.filter((member) => known.has(member));
      const key = JSON.stringify(members);
      if (members.length === 0 || distinct.has(key)) continue;
      distinct.set(key, { name: nameOf(all), members });
    }
  }
  const groups = [...distinct.values()];
  const together = groups.map(({ members }) => new Set(members));
  const mayCoexist = sharesGroup(imported, groups);
  const isOneGroup = (models: readonly string[]) =>
    together.some((members) => models.every((model) => members.has(model)));
  const slots = groups.length <= sets.length ? [] : slotsOf(imported, mayCoexist).map((slot) => {
    const isSame = (combinations: Combinations) =>
      combinations.every(({ length }) => length === 1) &&
      hasSameMembers(combinations.flat(), slot.members);
    return { ...slot, name: sets.find((set) => isSame(set.combinations))?.name ?? slot.name };
  });
  const looser = slots.length === 0 && groups.length > GROUP_LIMIT
    ? []
    : largestTogether(imported, mayCoexist).filter((models) =>
      models.length > 1 && !isOneGroup(models)
    );
  const mayAllRun = (models: readonly string[]) => models.length === 1 || isOneGroup(models);
  return {
    groups: slots.length > 0 ? [] : groups,
    slots,
    residents: [],
    mayCoexist,
    mayAllRun,
    oneSided: [],
    looser,
  };
}

/** Returns a fast test for two models that share a group. */
function sharesGroup(models: readonly string[], groups: readonly Group[]): MayCoexist {
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
 * Returns the names of a set's combinations: the name of the set, and if it has several, the models
 * that not all of them have.
 */
function namesOf(set: string, all: Combinations): (members: readonly string[]) => string {
  if (all.length === 1) return () => set;
  const counts = new Map<string, number>();
  for (const model of all.flat()) counts.set(model, (counts.get(model) ?? 0) + 1);
  return (members) =>
    [set, ...members.filter((model) => counts.get(model) !== all.length)].join("-");
}

/** The most steps of the search; the report needs no more. */
const STEP_LIMIT = 1000;

/**
 * Returns the largest sets of models of which any two may run together, as many as are found within
 * the limit (Bron-Kerbosch with Tomita's pivot).
 */
function largestTogether(
  models: readonly string[],
  mayCoexist: MayCoexist,
): string[][] {
  const found: string[][] = [];
  let steps = 0;
  function grow(set: readonly string[], open: readonly string[], done: readonly string[]): void {
    if (++steps > STEP_LIMIT) return;
    if (open.length === 0 && done.length === 0) found.push([...set]);
    // A set of models that may all run with the pivot is not the largest without it.
    const pivot = [...open, ...done]
      .map((model) => ({ model, count: open.filter((other) => mayCoexist(model, other)).length }))
      .sort((a, b) => b.count - a.count)[0]?.model;
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

/** Records what became of the settings of a routing. */
export function recordRouting(
  routing: Routing,
  routed: readonly { readonly name: string; readonly entry: Entry }[],
  report: ImportReport,
): void {
  const to = routing.slots.length > 0 ? "slot" : "groups";
  for (const { name, entry: { key, item } } of routed) {
    const isSetting = GROUP_SETTINGS.has(key);
    const isSet = item.text.startsWith("matrix.sets.");
    const sides = routing.oneSided.filter(({ starts, unloads }) =>
      unloads === name && key === "exclusive" || starts === name && key === "persistent"
    );
    if (routing.looser.length > 0 && isSet) {
      report.record(item, "changed", { to, why: looserText(routing) });
    } else if (sides.length > 0) {
      const why = sides.map(({ starts, unloads }) =>
        `\`${starts}\` and \`${unloads}\` run together; in llama-swap a start of \`${starts}\` ` +
        `unloads \`${unloads}\`, which can be started again`
      ).join("; ");
      report.record(item, "changed", { to, why });
    } else if (isSetting || isSet || key === "use" || item.text.startsWith("matrix.vars.")) {
      report.record(item, "carried", { to });
    }
  }
}

const GROUP_SETTINGS = new Set(["exclusive", "members", "persistent", "swap"]);

/** The most combinations that the report names. */
const NAMED_LIMIT = 8;

function looserText({ looser }: Routing): string {
  const named = looser.slice(0, NAMED_LIMIT).map((models) => models.join(", "));
  const more = looser.length - named.length;
  const all = [...named, ...more === 0 ? [] : [`${more} more such sets`]].join("; of ");
  return `any two of ${all} may run together, so lychd lets all of them run together, though no ` +
    "set has all of them: start Covens instead of single engines";
}
