/**
 * The models that may run together under llama-swap's groups or matrix. Source:
 * internal/router/group.go and config.example.yaml, 2026-08.
 *
 * Groups can be one-sided: a start of a member of one group unloads another group, whose members can
 * then be started beside it. lychd has no sides. It takes the safe reading, in which both exclude each
 * other, so that they never need the memory of both.
 */
import { exceededByGroups } from "../../codex/mod.ts";
import {
  type Cover,
  coverOf,
  type Group,
  hasSameMembers,
  mayAllCoexist,
  type MayCoexist,
} from "../groups.ts";
import type { ImportReport } from "../report.ts";
import {
  allowedBy,
  type Combinations,
  combinationsOf,
  type Expression,
  NOTHING,
  pairsOf,
} from "./matrix.ts";
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
export interface Routing extends Cover {
  /** Models that run with all others and are never unloaded. */
  readonly residents: readonly string[];
  readonly mayCoexist: MayCoexist;
  /** Returns true if all of them may run at once. */
  readonly mayAllRun: (models: readonly string[]) => boolean;
  /** Groups of which only one unloads the other, though under lychd they exclude each other. */
  readonly oneSided: readonly { readonly starts: string; readonly unloads: string }[];
  /**
   * Returns the models that may run together under lychd, though no set of the matrix has all of them,
   * because of pairs of one set.
   */
  readonly looserOf: (set: string) => readonly (readonly string[])[];
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
    return left === right ? left?.swap === false : !unloads(left, right) && !unloads(right, left);
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
  const cover = coverOf(others, mayCoexist);
  const named = cover.groups.map(({ members, name }) => {
    return { members, name: groups.find((g) => hasSameMembers(g.members, members))?.name ?? name };
  });
  const slots = cover.slots.map(({ name, members }) => {
    const isIn = (group: SwapGroup) =>
      group.members.some((member) => members.includes(member)) &&
      group.members.every((member) => members.includes(member) || !others.includes(member));
    return { members, name: groups.find(isIn)?.name ?? name };
  });
  return {
    groups: named,
    slots,
    residents,
    mayCoexist,
    mayAllRun: (together) => mayAllCoexist(together, mayCoexist),
    oneSided,
    looserOf: () => [],
  };
}

/**
 * Returns the routing of a matrix: each combination is a group with the name of its set, unless fewer
 * groups or slots can express the same.
 */
export function routeMatrix(
  imported: readonly string[],
  sets: readonly { readonly name: string; readonly expression: Expression }[],
): Routing {
  const expressions = sets.map(({ expression }) => expression);
  const mayCoexist = pairsOf(imported, expressions);
  const isAllowed = allowedBy(expressions);
  const cover = coverOfSets(imported, sets, mayCoexist);
  const slots = cover.slots.map((slot) => {
    const isSame = ({ expression: { kind, ...own } }: typeof sets[number]) =>
      kind === "one" && "parts" in own && own.parts.length === slot.members.length &&
      own.parts.every((part) => part.kind === "model" && slot.members.includes(part.model));
    return { ...slot, name: sets.find(isSame)?.name ?? slot.name };
  });
  const byName = new Map(sets.map(({ name, expression }) => [name, expression]));
  let looser: string[][] | undefined;
  return {
    groups: cover.groups,
    slots,
    residents: [],
    mayCoexist,
    mayAllRun: (models) => models.length === 1 || isAllowed(models),
    oneSided: [],
    looserOf(name) {
      looser ??= largestTogether(imported, mayCoexist)
        .filter((models) => models.length > 2 && !isAllowed(models));
      return looser.filter((models) => {
        const isPair = pairsOf(models, [byName.get(name) ?? NOTHING]);
        return models.some((a) => models.some((b) => isPair(a, b)));
      });
    },
  };
}

/** Returns the groups of sets by their names, unless slots or the limit of groups call for others. */
function coverOfSets(
  imported: readonly string[],
  sets: readonly { readonly name: string; readonly expression: Expression }[],
  mayCoexist: MayCoexist,
): Cover {
  const groups = groupsOfSets(imported, sets) ?? [];
  const memberships = groups.reduce((sum, { members }) => sum + members.length, 0);
  const isFit = groups.length > 0 && exceededByGroups(groups.length, memberships) === undefined;
  if (isFit && groups.length <= sets.length) return { groups, slots: [] };
  const cover = coverOf(imported, mayCoexist);
  return isFit && cover.slots.length === 0 ? { groups, slots: [] } : cover;
}

/** Returns a group for each combination of several models, and for each set of one model. */
function groupsOfSets(
  imported: readonly string[],
  sets: readonly { readonly name: string; readonly expression: Expression }[],
): Group[] | undefined {
  const known = new Set(imported);
  const distinct = new Map<string, Group>();
  for (const { name, expression } of sets) {
    const combinations = combinationsOf(expression);
    if (combinations === undefined) return undefined;
    const nameOf = namesOf(name, combinations);
    for (const all of combinations) {
      const members = all.filter((member) => known.has(member));
      const key = JSON.stringify(members);
      const isAlone = members.length < 2 && combinations.length > 1;
      if (members.length === 0 || isAlone || distinct.has(key)) continue;
      distinct.set(key, { name: nameOf(all), members });
    }
  }
  return [...distinct.values()];
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
    const looser = isSet ? routing.looserOf(name) : [];
    if (looser.length > 0) {
      report.record(item, "changed", { to, why: looserText(looser) });
    } else if (sides.length > 0) {
      const why = sides.map(({ starts, unloads }) =>
        `\`${starts}\` and \`${unloads}\` exclude each other; in llama-swap only a start of ` +
        `\`${starts}\` unloads \`${unloads}\`, which may start beside it: a group in common lets ` +
        "both run"
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

function looserText(looser: readonly (readonly string[])[]): string {
  const named = looser.slice(0, NAMED_LIMIT).map((models) => models.join(", "));
  const more = looser.length - named.length;
  const all = [...named, ...more === 0 ? [] : [`${more} more such sets`]].join("; of ");
  return `any two of ${all} may run together, so lychd lets all of them run together, though no ` +
    "set has all of them: start Covens instead of single engines";
}
