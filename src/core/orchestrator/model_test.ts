/**
 * A model check of the Orchestrator against the exclusivity rule, which is written again here: every
 * graph, every set of running engines, every wish.
 *
 * The graphs have up to 3 Soulstones over 3 groups, each in any of the 8 sets of groups or resident;
 * and up to 3 Soulstones over 2 groups and 3 slots, each also in any slot or in none. With `--whole`
 * (`deno task test:whole`), they have up to 5 and 4. Graphs that differ only in names count once:
 * Soulstones are a multiset, groups and slots are equal up to permutation. Graphs that `lychd check`
 * refuses are left out.
 *
 * Each graph is checked with all sets of running engines, also those that break the rule, and all
 * wishes: each Coven, each Soulstone, and each set of engines that offers a capability; for two
 * capabilities at once every pair of such sets up to 3 Soulstones, and every pair of single engines
 * for more.
 *
 * For systemd it is enough if one of two engines names the conflict: here only one of them does.
 */
import { ok } from "node:assert/strict";
import { conflictsOf, covensOf } from "../compile/mod.ts";
import type { Engine, Inventory } from "./inventory.ts";
import { planTransition, type Running, type Transition } from "./transition.ts";
import { nextStep } from "./step.ts";
import { planFallback } from "./fallback.ts";
import type { Wish } from "./wish.ts";

const GROUPS = 3;
const IS_WHOLE = Deno.args.includes("--whole");
const SOULSTONES = IS_WHOLE ? 5 : 3;
const SLOTS = 3;
/** The Soulstones of a graph with slots, and the groups. */
const WITH_SLOTS = { soulstones: IS_WHOLE ? 4 : 3, groups: 2 };
const RESIDENT = -1;

/** The groups of a Soulstone as bits, and above them the number of its slot or 0; or RESIDENT. */
type Kind = number;

const groupsOf = (kind: Kind) => kind === RESIDENT ? 0 : kind & (1 << GROUPS) - 1;
const slotOf = (kind: Kind) => kind === RESIDENT ? 0 : kind >> GROUPS;
const kindsOf = (groups: number, slots: number): Kind[] => [
  RESIDENT,
  ...Array.from({ length: slots + 1 }, (_, slot) => slot)
    .flatMap((slot) => Array.from({ length: 1 << groups }, (_, set) => slot << GROUPS | set)),
];

/** Returns every graph once: the kinds of its Soulstones. */
function graphs(): Kind[][] {
  const found = new Map<string, Kind[]>();
  const grow = (graph: Kind[], from: readonly Kind[], soulstones: number) => {
    if (graph.length > 0) {
      const [canonical = ""] = RENAMINGS.map((rename) => graph.map(rename).sort().join()).sort();
      if (!found.has(canonical)) found.set(canonical, graph);
    }
    if (graph.length === soulstones) return;
    for (const [i, kind] of from.entries()) {
      if (!graph.some((other) => isRefused(other, kind))) {
        grow([...graph, kind], from.slice(i), soulstones);
      }
    }
  };
  grow([], kindsOf(GROUPS, 0), SOULSTONES);
  grow([], kindsOf(WITH_SLOTS.groups, SLOTS), WITH_SLOTS.soulstones);
  return [...found.values()];
}

const PERMUTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

/** Every way to give the groups and the slots other names. */
const RENAMINGS = PERMUTATIONS.flatMap((groups) =>
  PERMUTATIONS.map((slots) => (kind: Kind): Kind => {
    if (kind === RESIDENT) return kind;
    const set = groups.reduce((sum, to, from) => sum | ((kind >> from & 1) << to), 0);
    return ((slots[slotOf(kind) - 1] ?? -1) + 1) << GROUPS | set;
  })
);

/** Returns true if a Codex with both is refused: one group has two members in one slot. */
function isRefused(a: Kind, b: Kind): boolean {
  return (groupsOf(a) & groupsOf(b)) !== 0 && slotOf(a) !== 0 && slotOf(a) === slotOf(b);
}

/** Returns true if two kinds may run together: the exclusivity rule, independent of the compiler. */
function together(a: Kind, b: Kind): boolean {
  return a === RESIDENT || b === RESIDENT || (groupsOf(a) & groupsOf(b)) !== 0 ||
    haveOtherSlots(a, b);
}

function haveOtherSlots(a: Kind, b: Kind): boolean {
  return slotOf(a) !== 0 && slotOf(b) !== 0 && slotOf(a) !== slotOf(b);
}

function inventoryOf(kinds: readonly Kind[], offers: readonly number[]): Inventory {
  const members = kinds.map((kind, i) => ({
    name: `s${i}`,
    groups: ["a", "b", "c"].filter((_, bit) => (groupsOf(kind) >> bit & 1) === 1),
    slot: slotOf(kind) === 0 ? undefined : `slot${slotOf(kind)}`,
    resident: kind === RESIDENT,
  }));
  const covens = covensOf(members);
  const conflicts = conflictsOf(members);
  const engines = members.map(({ name, slot, resident }, i): Engine => ({
    name,
    service: `${name}.service`,
    profile: "generic",
    image: "",
    covens: covens.filter((c) => c.members.includes(name)).map((c) => c.name),
    slot,
    resident,
    stray: false,
    capabilities: ["p", "q"].filter((_, bit) => ((offers[bit] ?? 0) >> i & 1) === 1),
    conflicts: (conflicts.get(name) ?? []).filter((rival) => isNamer(i, Number(rival.slice(1)))),
    port: 9000 + i,
    uri: "",
    isOnLoopback: true,
    healthPath: undefined,
    startCheck: { kind: "none", path: undefined, timeout: undefined },
    metricsPath: undefined,
    vramMib: VRAM_MIB[i],
    devices: [],
    description: undefined,
  }));
  return {
    engines,
    covens: covens.map(({ name, members, outsiders }) => {
      return { name, target: `${name}.target`, members, conflicts: outsiders };
    }),
  };
}

/** Returns true if the first of two engines names the conflict. */
const isNamer = (i: number, other: number) => ((i + other) % 2 === 0) === (i < other);

/** The declared memory: two are equal, and one is undeclared. */
const VRAM_MIB = [4000, 2000, undefined, 2000, 1000];

/** Checks like `ok`, but formats the message only on a failure: it runs millions of times. */
function holds(condition: boolean, words: () => string): asserts condition {
  if (!condition) ok(condition, words());
}

/** The elements of each set: read millions of times. */
const BITS = Array.from(
  { length: 1 << SOULSTONES },
  (_, set) => [0, 1, 2, 3, 4].filter((i) => (set >> i & 1) === 1),
);
const bits = (set: number): readonly number[] => BITS[set] ?? [];
const namesOf = (set: number): string[] => bits(set).map((i) => `s${i}`);
/** The names of each set, and the bit of each name: read as often. */
const NAMES = BITS.map((_, set): ReadonlySet<string> => new Set(namesOf(set)));
const BIT_OF = new Map(namesOf((1 << SOULSTONES) - 1).map((name, i) => [name, 1 << i]));

function running(up: number, crashed = 0): Running {
  const [none = new Set<string>()] = NAMES;
  return { up: NAMES[up] ?? none, crashed: NAMES[crashed] ?? none };
}
const toSet = (names: readonly string[]) =>
  names.reduce((set, name) => set | (BIT_OF.get(name) ?? 0), 0);
const size = (set: number) => bits(set).length;

const GRAPHS = graphs();

/** One graph, with the rule as bits: the engines that each Soulstone and each Coven exclude. */
class Model {
  readonly all: number;
  readonly rivals: number[];
  /** The members of each Coven, by name. */
  readonly covens = new Map<string, number>();
  /** The Soulstones that the start of each Coven stops, by name. */
  readonly outsiders = new Map<string, number>();

  constructor(readonly kinds: readonly Kind[]) {
    this.all = (1 << kinds.length) - 1;
    this.rivals = kinds.map((a, i) =>
      kinds.reduce((set, b, j) => i === j || together(a, b) ? set : set | 1 << j, 0)
    );
    for (const [bit, name] of ["a", "b", "c"].entries()) {
      const own = kinds.filter((kind) => (groupsOf(kind) >> bit & 1) === 1);
      if (own.length === 0) continue;
      const setOf = (holds: (kind: Kind) => boolean) =>
        kinds.reduce((set, kind, i) => holds(kind) ? set | 1 << i : set, 0);
      const isIn = (kind: Kind) => kind === RESIDENT || (groupsOf(kind) >> bit & 1) === 1;
      const isBeside = (kind: Kind) => own.every((member) => haveOtherSlots(kind, member));
      this.covens.set(name, setOf(isIn));
      this.outsiders.set(name, setOf((kind) => !isIn(kind) && !isBeside(kind)));
    }
  }

  obeysRule(set: number): boolean {
    return bits(set).every((i) => ((this.rivals[i] ?? 0) & set) === 0);
  }

  /** Returns what runs after systemd started a unit: it stops only what conflicts with the unit. */
  afterStart(unit: string, running: number): number {
    const name = unit.replace(".target", "");
    const coven = this.covens.get(name);
    if (coven !== undefined) return running & ~(this.outsiders.get(name) ?? 0) | coven;
    const i = Number(unit.slice(1).replace(".service", ""));
    return running & ~(this.rivals[i] ?? 0) | 1 << i;
  }

  /**
   * Returns every valid result of a wish for capabilities: what runs, a Coven, or an engine without a
   * group that offers all of them. `serves` returns true if a set of engines offers them.
   */
  ends(running: number, serves: (set: number) => boolean): number[] {
    const singles = this.kinds.flatMap((kind, i) => groupsOf(kind) === 0 ? [i] : [])
      .filter((i) => serves(1 << i)).map((i) => `s${i}.service`);
    const covens = [...this.covens].filter(([, members]) => serves(members))
      .map(([name]) => `${name}.target`);
    return [
      ...[running].filter(serves),
      ...[...covens, ...singles].map((unit) => this.afterStart(unit, running)),
    ].filter((end) => this.obeysRule(end));
  }
}

/** Throws if a transition breaks the rule; does not rank it. */
function judge(
  model: Model,
  { up, crashed = 0 }: { up: number; crashed?: number },
  t: Transition,
  words: () => string,
): number {
  const keep = toSet(t.keep);
  const start = toSet(t.start);
  const stop = toSet(t.stop.map((s) => s.name));
  const end = keep | start;
  const again = start & crashed;
  holds(
    (keep | stop | again) === up && (keep & stop) === 0,
    () => `what ran is kept or stopped: ${words()}`,
  );
  holds((start & up) === again, () => `what runs is not started: ${words()}`);
  holds((toSet(t.wanted) & ~end) === 0, () => `what is wanted runs: ${words()}`);
  holds((toSet(t.wanted) & crashed & ~start) === 0, () => `what falters is started: ${words()}`);
  holds(model.obeysRule(end), () => `conflicting engines run: ${words()}`);
  const outside = t.choice.kind === "coven" ? model.outsiders.get(t.choice.name) ?? 0 : 0;
  for (const i of bits(stop & ~outside)) {
    holds(((model.rivals[i] ?? 0) & end) !== 0, () => `s${i} could have stayed: ${words()}`);
  }
  const before = up & ~toSet(t.stopFirst);
  const after = t.choice.unit === undefined ? before : model.afterStart(t.choice.unit, before);
  holds(after === end, () => `systemd would make it otherwise: ${words()}`);
  if (model.obeysRule(up)) holds(t.stopFirst.length === 0, () => `stopped by hand: ${words()}`);
  return end;
}

/** The cost of a choice: the first number that differs decides, then the name. */
interface Cost {
  readonly unit: string | undefined;
  readonly numbers: readonly number[];
  readonly name: string;
}

/** Returns the unit that the order of costs selects if what runs obeys the rule. */
function bestUnit(model: Model, up: number, offers: readonly number[]): string | undefined {
  const serves = (set: number) => offers.every((offer) => (set & offer) !== 0);
  const costs: Cost[] = [];
  const add = (unit: string | undefined, name: string, end: number, wanted: number) => {
    const oneDoesAll = bits(wanted).some((i) => serves(1 << i));
    const vramMib = bits(wanted).reduce((sum, i) => sum + (VRAM_MIB[i] ?? Infinity), 0);
    const numbers = [
      end === up ? 0 : 1,
      size(up & ~end),
      size(end & ~up),
      unit === undefined ? 0 : 1,
      vramMib,
      oneDoesAll ? 0 : 1,
    ];
    costs.push({ unit, numbers, name });
  };
  const offering = up & offers.reduce((all, offer) => all | offer, 0);
  if (serves(up)) add(undefined, namesOf(offering).join(" "), up, offering);
  for (const [name, members] of model.covens) {
    const unit = `${name}.target`;
    if (serves(members)) add(unit, name, model.afterStart(unit, up), members);
  }
  for (const [i, kind] of model.kinds.entries()) {
    if (groupsOf(kind) !== 0 || !serves(1 << i)) continue;
    add(`s${i}.service`, `s${i}`, up & ~(model.rivals[i] ?? 0) | 1 << i, 1 << i);
  }
  return costs.sort((a, b) => {
    const at = a.numbers.findIndex((n, i) => n !== b.numbers[i]);
    if (at >= 0) return (a.numbers[at] ?? 0) - (b.numbers[at] ?? 0);
    return a.name < b.name ? -1 : 1;
  })[0]?.unit;
}

function namedWishes(model: Model, { engines }: Inventory): Wish[] {
  return [
    ...[...model.covens.keys()].map((name): Wish => ({ kind: "coven", name })),
    ...engines.map((engine): Wish => ({ kind: "soulstone", name: engine.name })),
  ];
}

Deno.test("model check: no transition leaves a conflict or stops one that could stay", () => {
  const counts = { graphs: 0, transitions: 0, refusals: 0 };
  for (const kinds of GRAPHS) {
    counts.graphs++;
    const model = new Model(kinds);
    const sets = Array.from({ length: model.all + 1 }, (_, set) => set);
    const plain = inventoryOf(kinds, []);
    for (const wish of namedWishes(model, plain)) {
      for (const up of sets) {
        const words = () => JSON.stringify({ kinds, up: namesOf(up), wish });
        const planned = planTransition(wish, plain, running(up));
        holds("transition" in planned, () => words());
        counts.transitions++;
        judge(model, { up }, planned.transition, words);
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
      for (const up of sets) {
        const words = () => JSON.stringify({ kinds, offers, up: namesOf(up) });
        const planned = planTransition(wish, inventory, running(up));
        const ends = model.ends(up, serves);
        if ("problem" in planned) {
          counts.refusals++;
          holds(ends.length === 0, () => `refused although there is a choice: ${words()}`);
          continue;
        }
        counts.transitions++;
        const end = judge(model, { up }, planned.transition, words);
        holds(serves(end), () => `not the wished capabilities: ${words()}`);
        const cost = (e: number) => size(up & ~e) * 10 + size(e & ~up);
        const least = Math.min(...ends.map(cost), cost(end));
        holds(cost(end) === least, () => `there is a cheaper choice: ${words()}`);
        if (model.obeysRule(up)) {
          const { unit } = planned.transition.choice;
          holds(unit === bestUnit(model, up, offers), () => `${unit} is not the best: ${words()}`);
        }
      }
    }
  }
  const least = IS_WHOLE ? [1000, 700_000, 60_000] : [200, 40_000, 3000];
  ok(Object.values(counts).every((count, i) => count > (least[i] ?? Infinity)), `${least}`);
  // deno-lint-ignore no-console
  console.log(
    `${counts.graphs} graphs, ${counts.transitions} transitions, ${counts.refusals} refusals`,
  );
});

/** Graphs of up to three Soulstones, with their sets of engines. */
function* smallGraphs(): Generator<{ model: Model; sets: readonly number[] }> {
  for (const kinds of GRAPHS) {
    if (kinds.length > 3) continue;
    const model = new Model(kinds);
    yield { model, sets: Array.from({ length: model.all + 1 }, (_, set) => set) };
  }
}

Deno.test("model check: a crashing engine is started, and does not count as running", () => {
  let count = 0;
  for (const { model, sets } of smallGraphs()) {
    for (const offer of sets.slice(1)) {
      const inventory = inventoryOf(model.kinds, [offer]);
      const wishes = [...namedWishes(model, inventory), {
        kind: "capabilities" as const,
        names: ["p"],
      }];
      for (const wish of wishes) {
        for (const up of sets) {
          for (const crashed of sets.filter((set) => (set & ~up) === 0)) {
            const words = () => JSON.stringify({ kinds: model.kinds, offer, wish, up, crashed });
            const planned = planTransition(wish, inventory, running(up, crashed));
            if ("problem" in planned) continue;
            count++;
            const end = judge(model, { up, crashed }, planned.transition, words);
            const stable = end & ~(crashed & ~toSet(planned.transition.start));
            holds(wish.kind !== "capabilities" || (stable & offer) !== 0, () => words());
          }
        }
      }
    }
  }
  ok(count > 50_000, String(count));
});

Deno.test("model check: an engine that something else started meanwhile is never stopped", () => {
  const counts = { unplanned: 0, started: 0 };
  for (const { model, sets } of smallGraphs()) {
    const inventory = inventoryOf(model.kinds, [model.all]);
    const wishes = [...namedWishes(model, inventory), {
      kind: "capabilities" as const,
      names: ["p"],
    }];
    const valid = sets.filter((set) => model.obeysRule(set));
    const plan = (wish: Wish, up: number) => {
      const planned = planTransition(wish, inventory, running(up));
      ok("transition" in planned);
      return planned.transition;
    };
    for (const wish of wishes) {
      for (const before of valid) {
        const printed = plan(wish, before);
        const stopped = printed.stop.map((stop) => stop.name);
        for (const others of valid) {
          // After the stop, something else started these.
          const now = plan(wish, others);
          const step = nextStep(printed, now, { stopped, needs: [], isLate: false });
          const words = () => JSON.stringify({ kinds: model.kinds, wish, before, others, step });
          if (step.kind === "unplanned") {
            counts.unplanned++;
            holds(now.stop.length > 0, () => `gave up without a reason: ${words()}`);
            continue;
          }
          counts.started++;
          // The memory is free, so it may stop only engines of the printed plan that it has not stopped yet.
          const after = step.kind === "start" ? model.afterStart(step.unit, others) : others;
          const lost = others & ~after &
            ~(toSet(stopped.length > 0 ? [] : printed.stop.map((s) => s.name)));
          holds(lost === 0, () => `stopped an engine that was not printed: ${words()}`);
        }
      }
    }
  }
  ok(counts.unplanned > 1000 && counts.started > 1000, JSON.stringify(counts));
});

Deno.test("model check: the fallback restores exactly what ran, and no start undoes another", () => {
  let count = 0;
  for (const kinds of GRAPHS) {
    if (kinds.length > 4) continue;
    const model = new Model(kinds);
    const sets = Array.from({ length: model.all + 1 }, (_, set) => set);
    const inventory = inventoryOf(kinds, []);
    for (const before of sets.filter((set) => model.obeysRule(set))) {
      for (const wish of namedWishes(model, inventory)) {
        const planned = planTransition(wish, inventory, running(before));
        ok("transition" in planned);
        const { keep, start } = planned.transition;
        // However far the summon came, and whichever other engines stopped meanwhile.
        const end = toSet([...keep, ...start]);
        for (const up of sets.filter((set) => (set & ~end) === 0)) {
          const words = () => JSON.stringify({ kinds, before, wish, up });
          const failed = { before: namesOf(before), started: start, up: namesOf(up) };
          const back = planFallback(failed, inventory);
          count++;
          let now = up & ~toSet(back.stop);
          for (const choice of back.start) {
            const after = model.afterStart(choice.unit ?? "", now);
            holds(
              (now & before & ~after) === 0,
              () => `${choice.unit} stops one that ran: ${words()}`,
            );
            now = after;
          }
          holds(back.blockedBy.length === 0, () => words());
          if (before !== 0) {
            holds(now === before, () => `${namesOf(now)} runs in the end: ${words()}`);
          }
        }
      }
    }
  }
  ok(count > 10_000, String(count));
});
