import { conflict, type Engine, enginesNamed, type Inventory } from "./inventory.ts";
import type { Choice } from "./transition.ts";

/** The way from a summon that failed back to what ran before it. */
export interface WayBack {
  /** Those that run at its end, of those that ran before; sorted. */
  readonly wanted: readonly string[];
  /** Those that the summon started, and that are to be gone first; sorted. */
  readonly stop: readonly string[];
  /** What is started then, one after the other; no start undoes another. */
  readonly start: readonly Choice[];
  /** Those that somebody else started meanwhile and that stand in its way; sorted. */
  readonly overtakenBy: readonly string[];
}

/** What was, and what is, by names. */
export interface Failed {
  /** Those that ran before the summon. */
  readonly before: readonly string[];
  /** Those that it was to start. */
  readonly started: readonly string[];
  /** Those that hold their place now. */
  readonly up: readonly string[];
}

/**
 * Finds the way back to exactly what ran before. The target of a Coven is taken only where that Coven
 * is all of it: it would stop the rest. Else each engine is started by itself, and stops nobody, since
 * what the summon has started is stopped before. What somebody else runs is left alone.
 *
 * An engine whose unit is gone cannot come back; of two that broke the law the first by name does.
 *
 * @example
 * ```ts
 * import { wayBack } from "./fallback.ts";
 * const none = { engines: [], covens: [] };
 * wayBack({ before: [], started: [], up: [] }, none).start; // []
 * ```
 */
export function wayBack({ before, started, up }: Failed, inventory: Inventory): WayBack {
  const { engines, covens } = inventory;
  const wanted: Engine[] = [];
  for (const engine of engines) {
    const isBack = before.includes(engine.name) && !engine.stray;
    if (isBack && !wanted.some((other) => conflict(engine, other))) wanted.push(engine);
  }
  const running = engines.filter((e) => up.includes(e.name) && !wanted.includes(e));
  const stop = running.filter((engine) => started.includes(engine.name));
  const others = running.filter((engine) => !stop.includes(engine));
  const names = wanted.map((engine) => engine.name);
  const whole = others.length > 0
    ? undefined
    : covens.find(({ members }) =>
      members.length === names.length && members.every((name) => names.includes(name))
    );
  const idle = enginesNamed(inventory, names).filter((engine) => !up.includes(engine.name));
  const start = whole === undefined
    ? idle.map(({ name, service }): Choice => ({ kind: "soulstone", name, unit: service }))
    : [{ kind: "coven" as const, name: whole.name, unit: whole.target }];
  const rivals = others.filter((engine) => wanted.some((other) => conflict(engine, other)));
  return {
    wanted: names,
    stop: stop.map((engine) => engine.name),
    start: names.length === 0 ? [] : start,
    overtakenBy: rivals.map((engine) => engine.name),
  };
}

/**
 * The way back as commands, in one line; nothing when there is nothing to bring back. `pending` are
 * those with irreversible jobs: no start is possible before these are taken back, and a banish does.
 */
export function wayBackCommand(
  { stop, start, wanted }: WayBack,
  pending: readonly string[] = [],
): string | undefined {
  if (wanted.length === 0) return undefined;
  const commands = [
    ...[...new Set([...stop, ...pending])].sort().map((name) => `lychd banish soulstone:${name}`),
    ...start.map(({ kind, name }) => `lychd summon ${kind}:${name}`),
  ];
  return commands.length === 0 ? undefined : commands.join(" && ");
}
