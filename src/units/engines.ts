/** The current states of the engines. */
import {
  type Condition,
  conditionOf,
  inactiveUnit,
  isStable,
  isUp,
  stateHint,
  type UnitState,
} from "../core/orchestrator/condition.ts";
import { type Engine, type Inventory, withStrays } from "../core/orchestrator/inventory.ts";
import type { Running } from "../core/orchestrator/transition.ts";
import type { WishProblem } from "../core/orchestrator/wish.ts";
import { printable } from "../core/report/printable.ts";
import { EVERY_SOULSTONE, soulstoneOf } from "../core/rune/names.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { EXIT } from "../run/invocation.ts";
import { Refusal } from "../run/refusal.ts";
import { warn } from "../run/say.ts";
import { drain } from "./drain.ts";
import { type Systemd, userSystemd } from "./systemd.ts";

/** An engine and its state. */
export interface EngineNow {
  readonly engine: Engine;
  readonly unit: UnitState;
  readonly condition: Condition;
}

/** All engines and their states. */
export interface EnginesNow {
  /** By name, in the order of the inventory. */
  readonly engines: ReadonlyMap<string, EngineNow>;
  /** The names of engines that run but are no longer rendered; sorted. */
  readonly strays: readonly string[];
}

/** Reads the states of the engines of `inventory`, and finds strays. */
export async function enginesNow(systemd: Systemd, { engines }: Inventory): Promise<EnginesNow> {
  const [states, files] = await Promise.all([
    systemd.activeStates([EVERY_SOULSTONE]),
    systemd.fileStates([EVERY_SOULSTONE]),
  ]);
  const known = new Map(engines.map((engine): [string, EngineNow] => {
    const unit = states.get(engine.service) ?? inactiveUnit(files.get(engine.service));
    return [engine.name, { engine, unit, condition: conditionOf(unit, engine) }];
  }));
  const strays = [...states].flatMap(([unit, state]) => {
    const name = soulstoneOf(unit);
    return name !== undefined && !known.has(name) && isUp(conditionOf(state)) ? [name] : [];
  });
  return { engines: known, strays: strays.sort() };
}

/** Reads the conditions of some engines that have units, by name. */
export async function conditionsNow(
  systemd: Systemd,
  engines: readonly Engine[],
): Promise<Map<string, Condition>> {
  const states = await systemd.activeStates(engines.map((engine) => engine.service));
  return new Map(engines.map((engine) => [
    engine.name,
    conditionOf(states.get(engine.service) ?? inactiveUnit("generated"), engine),
  ]));
}

/** Reads the states of all engines; prints a note and returns undefined if systemd does not answer. */
export async function tryEnginesNow(
  context: CommandContext,
  inventory: Inventory,
  consequence = "",
): Promise<EnginesNow | undefined> {
  const systemd = userSystemd(context);
  let problem = "there is no systemctl";
  try {
    if (systemd !== undefined) return await enginesNow(systemd, inventory);
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    problem = printable(error.message);
  }
  context.terminal.err(`lychd: the user's systemd does not answer (${problem})${consequence}\n`);
  return undefined;
}

/** Returns the engines that run, strays included. */
export function runningOf({ engines, strays }: EnginesNow): Running {
  const up = [...engines].filter(([, { condition }]) => isUp(condition));
  const crashed = up.filter(([, { condition }]) => !isStable(condition));
  return {
    up: new Set([...up.map(([name]) => name), ...strays]),
    crashed: new Set(crashed.map(([name]) => name)),
  };
}

/** Returns how often systemd has restarted each engine that is up. */
export function restartsOf({ engines }: EnginesNow): ReadonlyMap<string, number> {
  return new Map(
    [...engines].filter(([, { condition }]) => isUp(condition))
      .map(([name, { condition }]) => [name, condition.restarts]),
  );
}

/** Returns that systemd cannot start some of `names`, in one of these states, and the fix. */
export function unusableText(
  names: readonly string[],
  { engines }: EnginesNow,
  states: readonly ("masked" | "missing")[],
): { readonly message: string; readonly hint: string | undefined } | undefined {
  for (const state of states) {
    const unusable = names.filter((name) => engines.get(name)?.condition.state === state);
    const [first] = unusable;
    if (first === undefined) continue;
    const why = engines.get(first)?.condition.why;
    return {
      message: `${unusable.join(", ")} cannot start: ${why}`,
      hint: stateHint(first, state),
    };
  }
  return undefined;
}

/** Warns about units that are newer than those that systemd has loaded. */
export function warnOfStaleUnits(context: CommandContext, { engines }: EnginesNow): void {
  const stale = [...engines].filter(([, { unit }]) => unit.isStale === true);
  if (stale.length === 0) return;
  const names = stale.map(([name]) => name).join(", ");
  warn(
    context,
    `systemd has not loaded the new units of ${names}`,
    "systemctl --user daemon-reload",
  );
}

/** Returns a wish that was read; refuses one that cannot be fulfilled. */
export function orRefuse<T extends object>(read: T): Exclude<T, { problem: WishProblem }> {
  if (!("problem" in read)) return read as Exclude<T, { problem: WishProblem }>;
  throw wishRefusal(read.problem as WishProblem);
}

/** Returns the refusal of a wish that cannot be fulfilled. */
export function wishRefusal({ message, hint }: WishProblem): Refusal {
  return new Refusal(message, { code: EXIT.usage, hint });
}

/** Reads a name by `read`. Asks systemd for strays only if no unit has the name. */
export async function readNameNow<T>(
  systemd: Systemd,
  inventory: Inventory,
  read: (inventory: Inventory) => { readonly name: T } | { readonly problem: WishProblem },
): Promise<T> {
  const rendered = read(inventory);
  if ("name" in rendered) return rendered.name;
  const { reason } = rendered.problem;
  try {
    const { strays } = reason === "ambiguous"
      ? { strays: [] }
      : await enginesNow(systemd, inventory);
    const found = read(withStrays(inventory, strays));
    if ("name" in found) return found.name;
  } catch (error) {
    // A capability is refused with or without systemd.
    if (!(error instanceof HostError && reason === "capability")) throw error;
  }
  throw wishRefusal(rendered.problem);
}

/**
 * Stops the units of `patterns` that are up or have jobs, after their requests under way, and resets
 * those that failed.
 */
export async function stopUnits(
  context: CommandContext,
  systemd: Systemd,
  patterns: readonly string[],
): Promise<{ stopped: string[]; forgotten: string[] }> {
  const states = [...await systemd.activeStates(patterns)].map(([unit, state]) => ({
    unit,
    isRemoved: state.loadState === "not-found",
    ...conditionOf(state),
  }));
  const up = states.filter((c) => isUp(c) || c.state === "stopping" || c.hasJob);
  const failed = states.filter(({ state }) => state === "failed").map(({ unit }) => unit);
  const units = up.map(({ unit }) => unit);
  await drain(context, up.flatMap(({ unit, isRemoved }) => isRemoved && soulstoneOf(unit) || []));
  const problem = units.length === 0 ? undefined : await systemd.stop(units);
  // A stop does not reset a unit that has failed.
  await systemd.resetFailed(failed);
  if (problem !== undefined) {
    throw new Refusal(`not all stopped: ${problem}`, {
      code: EXIT.hostRefused,
      hint: "lychd status",
    });
  }
  const soulstones = (units: string[]) => units.flatMap((unit) => soulstoneOf(unit) ?? []).sort();
  return { stopped: soulstones(units), forgotten: soulstones(failed) };
}
