import { quoted } from "../report/mod.ts";
import {
  capabilityIndex,
  conflict,
  type Engine,
  enginesNamed,
  type Inventory,
} from "./inventory.ts";
import type { Refusal, Wish } from "./wish.ts";

/** What can be done about a wish: go on with what runs, or start one unit. */
export interface Choice {
  readonly kind: "running" | "coven" | "soulstone";
  /** The Coven or Soulstone; for what runs, those that are wanted of it. */
  readonly name: string;
  /** The one unit for systemd to start; nothing when what runs is enough. */
  readonly unit: string | undefined;
}

/** The way from what runs to what is wished. All lists are sorted and share no name. */
export interface Transition {
  readonly choice: Choice;
  /** Those that must answer at the end; each is kept or started. */
  readonly wanted: readonly string[];
  readonly keep: readonly string[];
  readonly start: readonly string[];
  /** Each with the reason. */
  readonly stop: readonly { readonly name: string; readonly why: string }[];
  /**
   * Those of `stop` that systemd would leave running: their Soulstones are gone, or they break the
   * law, since the units changed while they ran.
   */
  readonly stopFirst: readonly string[];
  readonly why: string;
  /** What could have been done instead, best first, and choices that offer a part of the wish. */
  readonly losers: readonly { readonly choice: Choice; readonly why: string }[];
}

/** What runs when a wish is made, by name. */
export interface Running {
  /** Those that hold their place: they run, start, or wait for a restart. */
  readonly up: ReadonlySet<string>;
  /** Those of `up` that ended by themselves and are started anew: they would have to start. */
  readonly faltering: ReadonlySet<string>;
}

/**
 * Plans how a wish comes true; pure, so nothing happens.
 *
 * A Coven starts whole and stops all that is not in it (seed 003). A Soulstone stops those that it
 * conflicts with. Capabilities are looked for in what runs, in each Coven, and in each Soulstone that
 * has no group of its own; of those that offer all of them it takes what already runs, else what
 * stops the fewest, then starts the fewest, then takes the least GPU memory, then has one engine that
 * does it all, then comes first by name.
 *
 * Whatever runs before, no two conflicting engines run behind it, and nothing is stopped that could
 * have stayed.
 *
 * @example
 * ```ts
 * import { planTransition } from "./transition.ts";
 * const wish = { kind: "capabilities", names: ["ocr"] } as const;
 * const none = new Set<string>();
 * planTransition(wish, { engines: [], covens: [] }, { up: none, faltering: none });
 * // { refusal: { reason: "not-offered", message: "no Soulstone offers `ocr`", … } }
 * ```
 */
export function planTransition(
  wish: Wish,
  inventory: Inventory,
  { up, faltering }: Running,
): { transition: Transition } | { refusal: Refusal } {
  const known = inventory.engines.filter((engine) => up.has(engine.name));
  const sound = known.filter((engine) => !faltering.has(engine.name));
  const options = optionsFor(wish, inventory, { up: known, sound });
  const [best, ...others] = options.fitting.sort((a, b) => compare(a, b)?.order ?? 0);
  if (best === undefined) return { refusal: refuse(wish, inventory) };
  const losers = [
    ...others.map((option) => ({ choice: option.choice, why: compare(best, option)?.why ?? "" })),
    ...options.partial,
  ];
  const transition = { ...transitionOf(best, known), why: reasonFor(wish, best, others), losers };
  return { transition };
}

/** A choice, and what it would mean. */
interface Option {
  readonly choice: Choice;
  readonly wanted: readonly Engine[];
  /** Those that run on, wanted ones among them. */
  readonly kept: readonly Engine[];
  readonly started: readonly Engine[];
  readonly stopped: readonly Engine[];
  /** Whether one engine offers all that is wished. */
  readonly oneDoesAll: boolean;
}

/** What runs, and what of it is there to be relied on. */
interface Engines {
  readonly up: readonly Engine[];
  readonly sound: readonly Engine[];
}

interface Options {
  readonly fitting: Option[];
  readonly partial: readonly { readonly choice: Choice; readonly why: string }[];
}

function optionsFor(wish: Wish, inventory: Inventory, running: Engines): Options {
  switch (wish.kind) {
    case "coven": {
      const all = covenOptions(inventory, running, () => true);
      return { fitting: all.filter((option) => option.choice.name === wish.name), partial: [] };
    }
    case "soulstone": {
      const engines = inventory.engines.filter((engine) => engine.name === wish.name);
      return { fitting: engines.map((engine) => alone(engine, running)), partial: [] };
    }
    case "capabilities":
      return capabilityOptions(wish.names, inventory, running);
  }
}

function capabilityOptions(
  names: readonly string[],
  inventory: Inventory,
  running: Engines,
): Options {
  const doesAll = (engine: Engine) => lacking(names, [engine]).length === 0;
  const singles = inventory.engines.filter((e) => e.resident || e.covens.length === 0);
  const all = [
    ...alreadyRunning(names, running),
    ...covenOptions(inventory, running, doesAll),
    ...singles.map((engine) => ({ ...alone(engine, running), oneDoesAll: doesAll(engine) })),
  ];
  const fitting: Option[] = [];
  const partial: { choice: Choice; why: string }[] = [];
  for (const option of all) {
    const missing = lacking(names, option.wanted);
    if (missing.length === 0) fitting.push(option);
    else if (missing.length < names.length) {
      partial.push({ choice: option.choice, why: `does not offer ${list(missing)}` });
    }
  }
  return { fitting, partial };
}

function lacking(names: readonly string[], engines: readonly Engine[]): string[] {
  return names.filter((name) => !engines.some((engine) => engine.capabilities.includes(name)));
}

function covenOptions(
  inventory: Inventory,
  { up, sound }: Engines,
  doesAll: (engine: Engine) => boolean,
): Option[] {
  return inventory.covens.flatMap(({ name, target, members }): Option[] => {
    const wanted = enginesNamed(inventory, members);
    // systemd would start it without those whose units are gone, and call that a success.
    if (wanted.length < members.length) return [];
    return [{
      choice: { kind: "coven", name, unit: target },
      wanted,
      kept: wanted.filter((engine) => sound.includes(engine)),
      started: wanted.filter((engine) => !sound.includes(engine)),
      stopped: up.filter((engine) => !wanted.includes(engine)),
      oneDoesAll: wanted.some(doesAll),
    }];
  });
}

/** One engine by itself: what does not conflict with it stays. */
function alone(engine: Engine, { up, sound }: Engines): Option {
  const lawful = settle([engine], up);
  const started = sound.includes(engine) ? [] : [engine];
  return {
    choice: { kind: "soulstone", name: engine.name, unit: engine.service },
    wanted: [engine],
    kept: lawful.filter((other) => up.includes(other) && !started.includes(other)),
    started,
    stopped: up.filter((other) => !lawful.includes(other)),
    oneDoesAll: true,
  };
}

/** What runs, as a choice of its own, when it offers anything of the wish. */
function alreadyRunning(names: readonly string[], { up, sound }: Engines): Option[] {
  const offering = sound.filter((engine) => lacking(names, [engine]).length < names.length);
  if (offering.length === 0) return [];
  const wanted = settle([], offering);
  const kept = settle(wanted, up);
  return [{
    choice: { kind: "running", name: wanted.map((e) => e.name).join(" "), unit: undefined },
    wanted,
    kept,
    started: [],
    stopped: up.filter((engine) => !kept.includes(engine)),
    oneDoesAll: wanted.some((engine) => lacking(names, [engine]).length === 0),
  }];
}

/** `first`, and those of `others` that conflict with none of them nor with one before. */
function settle(first: readonly Engine[], others: readonly Engine[]): Engine[] {
  const lawful = [...first];
  for (const engine of others) {
    if (!lawful.includes(engine) && !lawful.some((other) => conflict(engine, other))) {
      lawful.push(engine);
    }
  }
  return lawful;
}

/**
 * Which of two options is better, by the first thing that tells them apart: `order` is negative for
 * the first; `why` says what speaks against the second.
 */
function compare(a: Option, b: Option): { order: number; why: string } | undefined {
  for (const rule of RULES) {
    const order = rule.cost(a) - rule.cost(b);
    // Two memories that nobody declared are equal, and Infinity - Infinity is no number.
    if (order !== 0 && !Number.isNaN(order)) return { order, why: rule.why(a, b) };
  }
  const order = a.choice.name < b.choice.name ? -1 : a.choice.name > b.choice.name ? 1 : 0;
  return order === 0 ? undefined : { order, why: "is as good, but comes later by name" };
}

const RULES: readonly {
  readonly cost: (option: Option) => number;
  readonly why: (winner: Option, loser: Option) => string;
}[] = [
  {
    cost: (o) => o.started.length === 0 && o.stopped.length === 0 ? 0 : 1,
    why: () => "does not run yet",
  },
  {
    cost: (o) => o.stopped.length,
    why: (winner, loser) => `stops ${names(loser.stopped)}, not ${names(winner.stopped)}`,
  },
  {
    cost: (o) => o.started.length,
    why: (winner, loser) => `starts ${names(loser.started)}, not ${names(winner.started)}`,
  },
  // Where nothing is to be done, there is nothing to start either.
  { cost: (o) => o.choice.kind === "running" ? 0 : 1, why: () => "runs already too" },
  {
    cost: (o) => vramMibOf(o),
    why: (winner, loser) => `takes ${vramText(loser)}, not ${vramMibOf(winner)} MiB`,
  },
  { cost: (o) => o.oneDoesAll ? 0 : 1, why: () => "needs several engines for it" },
];

/** Infinite when one of them does not declare it: what is not known is not the least. */
function vramMibOf({ wanted }: Option): number {
  return wanted.reduce((sum, engine) => sum + (engine.vramMib ?? Infinity), 0);
}

function vramText(option: Option): string {
  const mib = vramMibOf(option);
  return mib === Infinity ? "an undeclared amount of GPU memory" : `${mib} MiB of GPU memory`;
}

function names(engines: readonly Engine[]): string {
  return engines.length === 0 ? "nothing" : engines.map((engine) => engine.name).sort().join(", ");
}

function transitionOf(
  { choice, wanted, kept, started, stopped }: Option,
  running: readonly Engine[],
): Omit<Transition, "why" | "losers"> {
  const sorted = (engines: readonly Engine[]) => engines.map((engine) => engine.name).sort();
  const stays = [...kept, ...started];
  // A target conflicts with all that is outside of it, an engine with its own rivals only, and
  // nobody with one whose unit is gone.
  const leaves = (engine: Engine) =>
    engine.stray ||
    choice.kind !== "coven" &&
      !(choice.unit !== undefined && wanted.some((w) => conflict(w, engine)));
  return {
    choice,
    wanted: sorted(wanted),
    keep: sorted(kept),
    start: sorted(started),
    stop: running.filter((engine) => stopped.includes(engine)).map((engine) => {
      const rivals = stays.filter((other) => conflict(engine, other));
      const why = engine.stray
        ? "runs, but its Soulstone is gone"
        : rivals.length > 0
        ? `cannot run beside ${names(rivals)}`
        : `is not in the Coven ${choice.name}`;
      return { name: engine.name, why };
    }),
    stopFirst: sorted(stopped.filter(leaves)),
  };
}

function reasonFor(wish: Wish, best: Option, others: readonly Option[]): string {
  switch (wish.kind) {
    case "coven":
      return "this Coven was asked for";
    case "soulstone":
      return "this Soulstone was asked for";
    case "capabilities": {
      const offered = list(wish.names);
      if (best.choice.kind === "running") return `what runs offers ${offered}`;
      return others.length === 0
        ? `nothing else offers ${offered}`
        : `the best of ${others.length + 1} that offer ${offered}`;
    }
  }
}

function refuse(wish: Wish, inventory: Inventory): Refusal {
  if (wish.kind !== "capabilities") {
    const coven = inventory.covens.find(({ name }) => name === wish.name);
    const gone = coven?.members.filter((name) => enginesNamed(inventory, [name]).length === 0);
    return wish.kind === "coven" && gone !== undefined && gone.length > 0
      ? {
        reason: "incomplete",
        message: `Coven ${quoted(wish.name)} cannot start: there is no unit of ${gone.join(", ")}`,
        hint: "lychd render",
      }
      : { reason: "unknown", message: `there is no ${wish.kind} ${quoted(wish.name)}` };
  }
  const index = capabilityIndex(inventory);
  const missing = wish.names.filter((name) => !index.has(name));
  if (missing.length > 0) {
    return {
      reason: "not-offered",
      message: `no Soulstone offers ${list(missing)}`,
      hint: "lychd list shows the capabilities that there are",
    };
  }
  const offers = wish.names.map((name) => `${quoted(name)}: ${index.get(name)?.join(", ")}`);
  return {
    reason: "never-together",
    message: `no Coven offers ${list(wish.names)} together (${offers.join("; ")})`,
    hint: "give them a group in common, or wish for one after the other",
  };
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(", ").replace(/, (?=[^,]*$)/, " and ");
}
