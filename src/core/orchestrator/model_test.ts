/**
 * A model check of the Orchestrator against the law, written anew here: every graph, every set of
 * engines that runs, every wish.
 *
 * What is enumerated: up to 5 Soulstones over 3 groups, each in any of the 8 sets of groups or
 * resident. Two graphs that differ in the names of Soulstones or groups alone are one: Soulstones are
 * taken as a multiset, groups up to permutation. For each graph all sets of running engines, those
 * that break the law too, and all wishes: each Coven, each Soulstone, and each set of engines that
 * offers a capability; for two capabilities at once every pair of such sets up to 3 Soulstones, and
 * every pair of single engines beyond. Names decide between equals only; that is left to the tables.
 */
import { ok } from "node:assert/strict";
import { conflictsOf, covensOf } from "../compile/mod.ts";
import type { Engine, Inventory } from "./inventory.ts";
import { planTransition, type Transition } from "./transition.ts";
import type { Wish } from "./wish.ts";

const GROUPS = 3;
const SOULSTONES = 5;
const RESIDENT = 1 << GROUPS;

/** What a Soulstone is: a set of groups as bits, or RESIDENT. */
type Kind = number;

/** Every graph once: the kinds of its Soulstones, sorted. */
function graphs(): Kind[][] {
  const found = new Map<string, Kind[]>();
  const grow = (kinds: Kind[]) => {
    if (kinds.length > 0) {
      const canonical = PERMUTATIONS.map((p) => kinds.map((k) => permuted(k, p)).sort().join())
        .sort()[0] ?? "";
      if (!found.has(canonical)) found.set(canonical, kinds);
    }
    if (kinds.length === SOULSTONES) return;
    for (let kind = kinds.at(-1) ?? 0; kind <= RESIDENT; kind++) grow([...kinds, kind]);
  };
  grow([]);
  return [...found.values()];
}

const PERMUTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

function permuted(kind: Kind, permutation: readonly number[]): Kind {
  if (kind === RESIDENT) return kind;
  return permutation.reduce((sum, to, from) => sum | ((kind >> from & 1) << to), 0);
}

/** The law in its shortest words, apart from the compiler: may two kinds run together? */
function together(a: Kind, b: Kind): boolean {
  return a === RESIDENT || b === RESIDENT || (a & b) !== 0;
}

function inventoryOf(kinds: readonly Kind[], offers: readonly number[]): Inventory {
  const members = kinds.map((kind, i) => ({
    name: `s${i}`,
    groups: ["a", "b", "c"].filter((_, bit) => kind !== RESIDENT && (kind >> bit & 1) === 1),
    resident: kind === RESIDENT,
  }));
  const covens = covensOf(members);
  const conflicts = conflictsOf(members);
  const engines = members.map(({ name, resident }, i): Engine => ({
    name,
    service: `${name}.service`,
    profile: "generic",
    covens: covens.filter((c) => c.members.includes(name)).map((c) => c.name),
    resident,
    capabilities: ["p", "q"].filter((_, bit) => ((offers[bit] ?? 0) >> i & 1) === 1),
    conflicts: conflicts.get(name) ?? [],
    port: 9000 + i,
    uri: "",
    healthPath: undefined,
    metricsPath: undefined,
    vramMib: 0,
    devices: [],
  }));
  return {
    engines,
    covens: covens.map((c) => ({ name: c.name, target: `${c.name}.target`, members: c.members })),
  };
}

const bits = (set: number) => [0, 1, 2, 3, 4].filter((i) => (set >> i & 1) === 1);
const toSet = (names: readonly string[]) =>
  names.reduce((set, name) => set | 1 << Number(name.slice(1)), 0);
const size = (set: number) => bits(set).length;

/** One graph, with the law as bits: for each Soulstone, and for each Coven, who must not run. */
class Model {
  readonly all: number;
  readonly rivals: number[];
  /** The members of each Coven, by name. */
  readonly covens = new Map<string, number>();

  constructor(readonly kinds: readonly Kind[]) {
    this.all = (1 << kinds.length) - 1;
    this.rivals = kinds.map((a, i) =>
      kinds.reduce((set, b, j) => i === j || together(a, b) ? set : set | 1 << j, 0)
    );
    for (const [bit, name] of ["a", "b", "c"].entries()) {
      const own = kinds.some((kind) => kind !== RESIDENT && (kind >> bit & 1) === 1);
      const isIn = (kind: Kind) => kind === RESIDENT || (kind >> bit & 1) === 1;
      if (own) this.covens.set(name, kinds.reduce((s, k, i) => isIn(k) ? s | 1 << i : s, 0));
    }
  }

  isLawful(set: number): boolean {
    return bits(set).every((i) => ((this.rivals[i] ?? 0) & set) === 0);
  }

  /** What runs after systemd has started a unit: it stops what conflicts with the unit, no more. */
  afterStart(unit: string, running: number): number {
    const coven = this.covens.get(unit.replace(".target", ""));
    if (unit.endsWith(".target")) return coven ?? 0;
    const i = Number(unit.slice(1).replace(".service", ""));
    return running & ~(this.rivals[i] ?? 0) | 1 << i;
  }

  /**
   * Every end that a wish for capabilities allows: what runs, a Coven, or one that has no group and
   * offers all of it; `serves` tells whether a set of engines does.
   */
  ends(running: number, serves: (set: number) => boolean): number[] {
    const singles = this.kinds.flatMap((kind, i) => kind === 0 || kind === RESIDENT ? [i] : [])
      .filter((i) => serves(1 << i));
    return [
      ...[running, ...this.covens.values()].filter(serves),
      ...singles.map((i) => running & ~(this.rivals[i] ?? 0) | 1 << i),
    ].filter((end) => this.isLawful(end));
  }
}

/** Throws unless a transition is what the law asks for; counts nothing and knows no ranking. */
function judge(model: Model, running: number, t: Transition, words: () => string): number {
  const keep = toSet(t.keep);
  const start = toSet(t.start);
  const stop = toSet(t.stop.map((s) => s.name));
  const end = keep | start;
  ok((keep | stop) === running && (keep & stop) === 0, `what ran is kept or stopped: ${words()}`);
  ok((start & running) === 0, `what runs is not started: ${words()}`);
  ok((toSet(t.wanted) & ~end) === 0, `what is wanted runs: ${words()}`);
  ok(model.isLawful(end), `conflicting engines run: ${words()}`);
  const outside = t.choice.kind === "coven" ? ~toSet(t.wanted) : 0;
  for (const i of bits(stop & ~outside)) {
    ok(((model.rivals[i] ?? 0) & end) !== 0, `s${i} could have stayed: ${words()}`);
  }
  const before = running & ~toSet(t.stopFirst);
  const after = t.choice.unit === undefined ? before : model.afterStart(t.choice.unit, before);
  ok(after === end, `systemd would make it otherwise: ${words()}`);
  if (model.isLawful(running)) ok(t.stopFirst.length === 0, `stopped by hand: ${words()}`);
  return end;
}

Deno.test("model check: no transition leaves a conflict or stops one that could stay", () => {
  const counts = { graphs: 0, transitions: 0, refusals: 0 };
  for (const kinds of graphs()) {
    counts.graphs++;
    const model = new Model(kinds);
    const sets = Array.from({ length: model.all + 1 }, (_, set) => set);
    const plain = inventoryOf(kinds, []);
    const named: Wish[] = [
      ...[...model.covens.keys()].map((name): Wish => ({ kind: "coven", name })),
      ...plain.engines.map((engine): Wish => ({ kind: "soulstone", name: engine.name })),
    ];
    for (const wish of named) {
      for (const running of sets) {
        const names = new Set(bits(running).map((i) => `s${i}`));
        const words = () => JSON.stringify({ kinds, running: [...names], wish });
        const planned = planTransition(wish, plain, names);
        ok("transition" in planned, words());
        counts.transitions++;
        judge(model, running, planned.transition, words);
      }
    }
    const singles = kinds.map((_, i) => 1 << i);
    const pairs = kinds.length <= 3
      ? sets.slice(1).flatMap((p) => sets.slice(p + 1).map((q) => [p, q]))
      : singles.flatMap((p, i) => singles.slice(i + 1).map((q) => [p, q]));
    for (const offers of [...sets.slice(1).map((p) => [p]), ...pairs]) {
      const inventory = inventoryOf(kinds, offers);
      const wish: Wish = { kind: "capabilities", names: ["p", "q"].slice(0, offers.length) };
      const serves = (end: number) => offers.every((set) => (set & end) !== 0);
      for (const running of sets) {
        const names = new Set(bits(running).map((i) => `s${i}`));
        const words = () => JSON.stringify({ kinds, offers, running: [...names] });
        const planned = planTransition(wish, inventory, names);
        const ends = model.ends(running, serves);
        if ("refusal" in planned) {
          counts.refusals++;
          ok(ends.length === 0, `refused though there is a way: ${words()}`);
          continue;
        }
        counts.transitions++;
        const end = judge(model, running, planned.transition, words);
        ok(serves(end), `not what was wished: ${words()}`);
        const cost = (e: number) => size(running & ~e) * 10 + size(e & ~running);
        const least = Math.min(...ends.map(cost), cost(end));
        ok(cost(end) === least, `there is a cheaper way: ${words()}`);
      }
    }
  }
  ok(counts.graphs > 400 && counts.transitions > 500_000 && counts.refusals > 10_000);
  // deno-lint-ignore no-console
  console.log(
    `${counts.graphs} graphs, ${counts.transitions} transitions, ${counts.refusals} refusals`,
  );
});
