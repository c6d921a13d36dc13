/** What the engines do now, as systemd tells it. */
import {
  type Condition,
  conditionOf,
  type Engine,
  type Inventory,
  isSound,
  isUp,
  type Name,
  readName,
  type Refusal,
  type Running,
  type UnitFacts,
  withStrays,
} from "../core/orchestrator/mod.ts";
import { printable } from "../core/report/mod.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "../run/context.ts";
import { warn } from "../run/say.ts";
import { type Systemd, userSystemd } from "./systemd.ts";

/** What one engine does. */
export interface EngineNow {
  readonly facts: UnitFacts | undefined;
  readonly condition: Condition;
}

/** What all engines do. */
export interface EnginesNow {
  /** By the name of the Soulstone; those of the inventory, in its order. */
  readonly engines: ReadonlyMap<string, EngineNow>;
  /** Names of Soulstones that run though no unit of them is rendered any more; sorted. */
  readonly strays: readonly string[];
}

/** What helps when systemd does not answer. */
export const SESSION_HINT =
  "sudo loginctl enable-linger $USER, and log in anew (not by su or sudo)";

/** Warns of units that are newer than what systemd has read: it acts by what it read. */
export function tellStale(context: CommandContext, { engines }: EnginesNow): void {
  const stale = [...engines].filter(([, { facts }]) => facts?.isStale === true);
  if (stale.length === 0) return;
  const names = stale.map(([name]) => name).join(", ");
  warn(
    context,
    `systemd has not read these units anew: ${names}`,
    "systemctl --user daemon-reload",
  );
}

/** What runs, as a plan takes it; strays are up too. */
export function runningOf({ engines, strays }: EnginesNow): Running {
  const up = [...engines].filter(([, { condition }]) => isUp(condition));
  return {
    up: new Set([...up.map(([name]) => name), ...strays]),
    faltering: new Set(
      up.filter(([, { condition }]) => !isSound(condition)).map(([name]) => name),
    ),
  };
}

/** How often systemd has restarted each engine that is up. */
export function restartsOf({ engines }: EnginesNow): ReadonlyMap<string, number> {
  return new Map(
    [...engines].filter(([, { condition }]) => isUp(condition))
      .map(([name, { condition }]) => [name, condition.restarts]),
  );
}

/** Asks systemd, in one call, what the engines of `inventory` do, and what else runs as one. */
export async function enginesNow(systemd: Systemd, { engines }: Inventory): Promise<EnginesNow> {
  const services = engines.map((engine) => engine.service);
  const facts = await systemd.facts([...services, "soulstone-*.service"]);
  const known = byName(engines, facts);
  const strays = [...facts].flatMap(([unit, found]) => {
    const name = /^soulstone-(.+)\.service$/.exec(unit)?.[1];
    return name !== undefined && !known.has(name) && isUp(conditionOf(found)) ? [name] : [];
  });
  return { engines: known, strays: strays.sort() };
}

/**
 * Reads a word that names a Coven or a Soulstone; one that only runs, and that no unit tells of any
 * more, has a name too. systemd is asked only where no unit has it.
 */
export async function readNameNow(
  systemd: Systemd,
  word: string,
  inventory: Inventory,
): Promise<{ name: Name } | { refusal: Refusal }> {
  const rendered = readName(word, inventory);
  if ("name" in rendered || rendered.refusal.reason === "ambiguous") return rendered;
  try {
    const { strays } = await enginesNow(systemd, inventory);
    const read = readName(word, withStrays(inventory, strays));
    return "name" in read ? read : rendered;
  } catch (error) {
    // What is known of the word says enough then.
    if (error instanceof HostError && rendered.refusal.reason === "capability") return rendered;
    throw error;
  }
}

/** What some engines do, by name. */
export async function conditionsNow(
  systemd: Systemd,
  engines: readonly Engine[],
): Promise<Map<string, Condition>> {
  const facts = await systemd.facts(engines.map((engine) => engine.service));
  return new Map([...byName(engines, facts)].map(([name, { condition }]) => [name, condition]));
}

function byName(
  engines: readonly Engine[],
  facts: ReadonlyMap<string, UnitFacts>,
): Map<string, EngineNow> {
  return new Map(engines.map(({ name, service }) => {
    const found = facts.get(service);
    return [name, { facts: found, condition: conditionOf(found) }];
  }));
}

/** The same, or why systemd cannot tell. */
export async function tryEnginesNow(
  context: CommandContext,
  inventory: Inventory,
): Promise<{ now: EnginesNow } | { problem: string }> {
  const systemd = userSystemd(context);
  if (systemd === undefined) return { problem: "there is no systemctl" };
  try {
    return { now: await enginesNow(systemd, inventory) };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { problem: printable(error.message) };
  }
}
