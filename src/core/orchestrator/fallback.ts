import { conflict, type Engine, type Inventory } from "./inventory.ts";
import type { Choice } from "./transition.ts";

/** The plan that restores what ran before a failed summon. */
export interface Fallback {
  /** The engines that run afterwards, of those that ran before; sorted. */
  readonly wanted: readonly string[];
  /** Engines that the summon started and that must stop first; sorted. */
  readonly stop: readonly string[];
  /** The units to start, one after the other; no start undoes another. */
  readonly start: readonly Choice[];
  /** Conflicting engines that something else started meanwhile; sorted. */
  readonly blockedBy: readonly string[];
}

/**
 * Plans how to restore exactly what ran `before` a failed summon, given the engines that it was to
 * start (`started`) and those that are `up` now. Starts the target of a Coven only if that Coven is all
 * of it: a target would stop the rest. Otherwise starts each engine by itself, after stopping what
 * the summon started. Never stops what something else started.
 *
 * An engine without a unit cannot be restored. Of two engines that conflict with each other, only the
 * first by name is restored.
 *
 * @example
 * ```ts
 * import { planFallback } from "./fallback.ts";
 * const none = { engines: [], covens: [] };
 * planFallback({ before: [], started: [], up: [] }, none).start; // []
 * ```
 */
export function planFallback(
  { before, started, up }: Readonly<Record<"before" | "started" | "up", readonly string[]>>,
  inventory: Inventory,
): Fallback {
  const { engines, covens } = inventory;
  const wanted: Engine[] = [];
  for (const engine of engines) {
    const ranBefore = before.includes(engine.name) && !engine.stray;
    if (ranBefore && !wanted.some((other) => conflict(engine, other))) wanted.push(engine);
  }
  const running = engines.filter((e) => up.includes(e.name) && !wanted.includes(e));
  const stop = running.filter((engine) => started.includes(engine.name));
  const others = running.filter((engine) => !stop.includes(engine));
  const names = wanted.map((engine) => engine.name);
  const whole = others.length > 0 || names.length === 0
    ? undefined
    : covens.find(({ members }) =>
      members.length === names.length && members.every((name) => names.includes(name))
    );
  const blocking = others.filter((engine) => wanted.some((other) => conflict(engine, other)));
  return {
    wanted: names,
    stop: stop.map((engine) => engine.name),
    start: whole !== undefined
      ? [{ kind: "coven", name: whole.name, unit: whole.target }]
      : wanted.filter(({ name }) => !up.includes(name))
        .map(({ name, service }) => ({ kind: "soulstone", name, unit: service })),
    blockedBy: blocking.map((engine) => engine.name),
  };
}

/**
 * Returns a fallback as one line of commands; undefined if there is nothing to restore. `pending` are
 * engines with irreversible jobs: nothing starts before a banish cancels these.
 */
export function fallbackCommand(
  { stop, start, wanted }: Fallback,
  pending: readonly string[] = [],
): string | undefined {
  if (wanted.length === 0) return undefined;
  const commands = [
    ...[...new Set([...stop, ...pending])].sort().map((name) => `lychd banish soulstone:${name}`),
    ...start.map(({ kind, name }) => `lychd summon ${kind}:${name}`),
  ];
  return commands.length === 0 ? undefined : commands.join(" && ");
}
