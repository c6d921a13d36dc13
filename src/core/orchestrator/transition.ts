import { quoted } from "../report/printable.ts";
import {
  capabilityIndex,
  conflict,
  type Engine,
  enginesNamed,
  type Inventory,
  isStoppedBy,
  withoutConflicts,
} from "./inventory.ts";
import { inTurnHint, type Wish, type WishProblem } from "./wish.ts";

/** One possible way to fulfil a wish: keep what runs, or start one unit. */
export interface Choice {
  readonly kind: "running" | "coven" | "soulstone";
  /** The Coven or the Soulstone; for `running`, the wanted engines. */
  readonly name: string;
  /** The unit that systemd starts; undefined if the running engines are enough. */
  readonly unit: string | undefined;
}

/** The change from the running engines to the requested ones. All lists are sorted and share no name. */
export interface Transition {
  readonly choice: Choice;
  /** The engines that must be ready at the end; each is kept or started. */
  readonly wanted: readonly string[];
  readonly keep: readonly string[];
  readonly start: readonly string[];
  /** Each with the reason. */
  readonly stop: readonly { readonly name: string; readonly why: string }[];
  /**
   * The engines of `stop` that systemd would leave running: strays, and those that break the
   * exclusivity rule because the units changed while they ran.
   */
  readonly stopFirst: readonly string[];
  readonly why: string;
  /** The other choices, best first, and those that offer only a part of the wish. */
  readonly losers: readonly { readonly choice: Choice; readonly why: string }[];
}

/** The engines that run, by name. */
export interface Running {
  /** Engines that run, start, or wait for a restart. */
  readonly up: ReadonlySet<string>;
  /** Engines of `up` that crashed and restart: a plan counts them as not started. */
  readonly crashed: ReadonlySet<string>;
}

/**
 * Plans how to fulfil a wish, without any effect.
 *
 * A Coven starts whole and stops everything that is not in it, except engines in slots that none of
 * its members needs. A Soulstone stops the engines that it conflicts with. Capabilities are searched in what runs, in each Coven, and in each Soulstone
 * without a group. Of those that offer all of them, the best choice already runs; otherwise it stops
 * the fewest engines, starts the fewest, takes the least GPU memory, has one engine with all
 * capabilities, or sorts first by name, in this order.
 *
 * After any plan no two conflicting engines run, and every engine that could keep running does.
 *
 * @example
 * ```ts
 * import { planTransition } from "./transition.ts";
 * const wish = { kind: "capabilities", names: ["ocr"] } as const;
 * const none = new Set<string>();
 * planTransition(wish, { engines: [], covens: [] }, { up: none, crashed: none });
 * // { problem: { reason: "not-offered", message: "no Soulstone offers `ocr`", … } }
 * ```
 */
export function planTransition(
  wish: Wish,
  inventory: Inventory,
  { up, crashed }: Running,
): { transition: Transition } | { problem: WishProblem } {
  const known = inventory.engines.filter((engine) => up.has(engine.name));
  const stable = known.filter((engine) => !crashed.has(engine.name));
  const options = optionsFor(wish, inventory, { up: known, stable });
  const [best, ...others] = options.fitting.sort((a, b) => compare(a, b)?.order ?? 0);
  if (best === undefined) return { problem: problemOf(wish, inventory, known) };
  const losers = [
    ...others.map((option) => ({ choice: option.choice, why: compare(best, option)?.why ?? "" })),
    ...options.partial,
  ];
  const transition = { ...transitionOf(best, known), why: reasonFor(wish, best, others), losers };
  return { transition };
}

/** A choice and its consequences. */
interface Option {
  readonly choice: Choice;
  readonly wanted: readonly Engine[];
  /** Running engines that keep running, wanted ones included. */
  readonly kept: readonly Engine[];
  readonly started: readonly Engine[];
  readonly stopped: readonly Engine[];
  /** Returns true if the unit that starts conflicts with an engine. */
  readonly stops: (engine: Engine) => boolean;
  /** True if one engine offers all wished capabilities. */
  readonly oneOffersAll: boolean;
}

/** Returns the options. `stable` are the engines of `up` that did not crash. */
function optionsFor(
  wish: Wish,
  { engines, covens }: Inventory,
  running: Readonly<Record<"up" | "stable", readonly Engine[]>>,
): { fitting: Option[]; partial: Transition["losers"] } {
  const capabilities = wish.kind === "capabilities" ? wish.names : [];
  function option(choice: Choice, wanted: readonly Engine[], stops: Option["stops"]): Option {
    const after = withoutConflicts(wanted, running.up.filter((engine) => !stops(engine)));
    const started = wanted.filter((engine) => !running.stable.includes(engine));
    return {
      choice,
      wanted,
      kept: after.filter((e) => running.up.includes(e) && !started.includes(e)),
      started,
      stopped: running.up.filter((engine) => !after.includes(engine)),
      stops,
      oneOffersAll: wanted.some((engine) => lacking(capabilities, [engine]).length === 0),
    };
  }
  const ofCovens = covens.filter(({ name }) => wish.kind !== "coven" || name === wish.name)
    .flatMap((coven) => {
      const wanted = engines.filter((engine) => coven.members.includes(engine.name));
      // systemd would start the target without members that have no unit, and report success.
      if (wanted.length < coven.members.length) return [];
      const stops = (engine: Engine) => !wanted.includes(engine) && isStoppedBy(coven, engine);
      return [option({ kind: "coven", name: coven.name, unit: coven.target }, wanted, stops)];
    });
  const single = (engine: Engine) => {
    const { name, service } = engine;
    const stops = (other: Engine) => conflict(engine, other);
    return option({ kind: "soulstone", name, unit: service }, [engine], stops);
  };
  if (wish.kind === "coven") return { fitting: ofCovens, partial: [] };
  if (wish.kind === "soulstone") {
    return { fitting: engines.filter(({ name }) => name === wish.name).map(single), partial: [] };
  }
  const offering = running.stable.filter((engine) =>
    lacking(capabilities, [engine]).length < capabilities.length
  );
  const wanted = withoutConflicts([], offering);
  const name = wanted.map((engine) => engine.name).join(" ");
  const all = [
    ...wanted.length === 0 ? [] : [option(
      { kind: "running", name, unit: undefined },
      wanted,
      () => false,
    )],
    ...ofCovens,
    ...engines.filter((e) => e.resident || e.covens.length === 0).map(single),
  ];
  return {
    fitting: all.filter((option) => lacking(capabilities, option.wanted).length === 0),
    partial: all.flatMap(({ choice, wanted }) => {
      const missing = lacking(capabilities, wanted);
      if (missing.length === 0 || missing.length === capabilities.length) return [];
      return [{ choice, why: `does not offer ${list(missing)}` }];
    }),
  };
}

function lacking(names: readonly string[], engines: readonly Engine[]): string[] {
  return names.filter((name) => !engines.some((engine) => engine.capabilities.includes(name)));
}

/**
 * Compares two options by the first rule that differs: `order` is negative if the first is better, and
 * `why` is the disadvantage of the second.
 */
function compare(a: Option, b: Option): { order: number; why: string } | undefined {
  for (const rule of RULES) {
    const order = rule.cost(a) - rule.cost(b);
    // Infinity - Infinity is not a number: two undeclared amounts are equal.
    if (order !== 0 && !Number.isNaN(order)) return { order, why: rule.why(a, b) };
  }
  const order = a.choice.name < b.choice.name ? -1 : a.choice.name > b.choice.name ? 1 : 0;
  return order === 0 ? undefined : { order, why: "is equal, but sorts later by name" };
}

const RULES: readonly {
  readonly cost: (option: Option) => number;
  readonly why: (winner: Option, loser: Option) => string;
}[] = [
  {
    cost: (o) => o.started.length === 0 && o.stopped.length === 0 ? 0 : 1,
    why: () => "is not running yet",
  },
  {
    cost: (o) => o.stopped.length,
    why: (winner, loser) => `stops ${names(loser.stopped)}, not ${names(winner.stopped)}`,
  },
  {
    cost: (o) => o.started.length,
    why: (winner, loser) => `starts ${names(loser.started)}, not ${names(winner.started)}`,
  },
  // Without any change, prefer the choice that starts no unit.
  { cost: (o) => o.choice.kind === "running" ? 0 : 1, why: () => "also runs already" },
  {
    cost: (o) => vramMibOf(o),
    why: (winner, loser) => `takes ${vramText(loser)}, not ${vramMibOf(winner)} MiB`,
  },
  { cost: (o) => o.oneOffersAll ? 0 : 1, why: () => "needs several engines" },
];

/** Returns the declared GPU memory; infinite if one engine does not declare it. */
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
  { choice, wanted, kept, started, stopped, stops }: Option,
  running: readonly Engine[],
): Omit<Transition, "why" | "losers"> {
  const sorted = (engines: readonly Engine[]) => engines.map((engine) => engine.name).sort();
  const stays = [...kept, ...started];
  return {
    choice,
    wanted: sorted(wanted),
    keep: sorted(kept),
    start: sorted(started),
    stop: running.filter((engine) => stopped.includes(engine)).map((engine) => {
      const rivals = stays.filter((other) => conflict(engine, other));
      const why = engine.stray
        ? "runs, but is no longer rendered"
        : rivals.length > 0
        ? `conflicts with ${names(rivals)}`
        : `is not in the Coven ${choice.name}`;
      return { name: engine.name, why };
    }),
    // systemd stops only what the unit conflicts with, and no unit conflicts with a stray.
    stopFirst: sorted(stopped.filter((engine) => engine.stray || !stops(engine))),
  };
}

function reasonFor(wish: Wish, best: Option, others: readonly Option[]): string {
  if (wish.kind === "coven") return "this Coven was requested";
  if (wish.kind === "soulstone") return "this Soulstone was requested";
  const offered = list(wish.names);
  if (best.choice.kind === "running") return `the running engines offer ${offered}`;
  return others.length === 0
    ? `nothing else offers ${offered}`
    : `the best of ${others.length + 1} that offer ${offered}`;
}

function problemOf(wish: Wish, inventory: Inventory, running: readonly Engine[]): WishProblem {
  if (wish.kind !== "capabilities") {
    const coven = inventory.covens.find(({ name }) => name === wish.name);
    const gone = coven?.members.filter((name) => enginesNamed(inventory, [name]).length === 0);
    return wish.kind === "coven" && gone !== undefined && gone.length > 0
      ? {
        reason: "incomplete",
        message: `Coven ${quoted(wish.name)} cannot start: there is no unit for ${gone.join(", ")}`,
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
      hint: "lychd list shows all capabilities",
    };
  }
  const offers = wish.names.map((name) => `${quoted(name)}: ${index.get(name)?.join(", ")}`);
  return {
    reason: "never-together",
    message: `no Coven offers ${list(wish.names)} together (${offers.join("; ")})`,
    hint: inTurnHint(enginesTogether(wish.names, [...running, ...inventory.engines])) ??
      "put them into one group, give them different slots, or summon one after the other",
  };
}

/**
 * Returns an engine for each capability, of which no two conflict; empty if there are none. Tries
 * `engines` in their order.
 */
function enginesTogether(
  [first, ...rest]: readonly string[],
  engines: readonly Engine[],
  chosen: readonly Engine[] = [],
): readonly Engine[] {
  if (first === undefined) return chosen;
  for (const engine of engines) {
    if (!engine.capabilities.includes(first)) continue;
    if (chosen.some((other) => conflict(engine, other))) continue;
    const all = chosen.includes(engine) ? chosen : [...chosen, engine];
    const found = enginesTogether(rest, engines, all);
    if (found.length > 0) return found;
  }
  return [];
}

function list(names: readonly string[]): string {
  return names.map(quoted).join(", ").replace(/, (?=[^,]*$)/, " and ");
}
