import type { Gpu } from "../gpus.ts";
import { hopelessNeeds, largestOfSlots, type MemoryNeed, memoryNeeds } from "./gpu_memory.ts";
import { type CovenUnit, type Engine, enginesNamed, type Inventory } from "./inventory.ts";

/** A Coven and its relation to the other Covens. */
export interface CovenView {
  readonly name: string;
  readonly members: readonly string[];
  /** The sum of the GPU memory that its members declare. */
  readonly vramMib: number;
  /** Members that declare no GPU memory. */
  readonly undeclared: readonly string[];
  /** Other Covens with the members in common, without residents: these keep running in a switch. */
  readonly shares: readonly { readonly coven: string; readonly members: readonly string[] }[];
  /** Other Covens that it stops, without a member in common, except residents. */
  readonly rivals: readonly string[];
  /** Other Covens that may run at the same time, because all their members have other slots. */
  readonly beside: readonly string[];
  /** The slots that it needs no Soulstone of, so that its start stops none of these; sorted. */
  readonly otherSlots: readonly string[];
}

/** A slot and its Soulstones, sorted: at most one of them runs. */
export interface SlotView {
  readonly slot: string;
  readonly members: readonly string[];
}

/** Returns every slot, sorted by name. */
export function slotViews({ engines }: Inventory): SlotView[] {
  const slots = [...new Set(engines.flatMap((engine) => engine.slot ?? []))].sort();
  return slots.map((slot) => ({
    slot,
    members: engines.filter((engine) => engine.slot === slot).map((engine) => engine.name),
  }));
}

/** Returns every Coven with its relation to the others, sorted by name. */
export function covenViews(inventory: Inventory): CovenView[] {
  const residents = new Set(inventory.engines.filter((e) => e.resident).map((e) => e.name));
  const sets = new Map(inventory.covens.map(({ name, members }) => [name, new Set(members)]));
  const shared = (a: CovenUnit, b: CovenUnit) =>
    a.members.filter((name) => sets.get(b.name)?.has(name) && !residents.has(name));
  const stopped = new Map(inventory.covens.map((coven) => [coven.name, new Set(coven.conflicts)]));
  const stops = (a: CovenUnit, b: CovenUnit) =>
    b.members.some((name) => stopped.get(a.name)?.has(name));
  return inventory.covens.map((coven) => {
    const others = inventory.covens.filter((other) => other.name !== coven.name);
    const beside = others.filter((other) => !stops(coven, other) && !stops(other, coven));
    const engines = enginesNamed(inventory, coven.members);
    return {
      name: coven.name,
      members: coven.members,
      vramMib: engines.reduce((sum, engine) => sum + (engine.vramMib ?? 0), 0),
      undeclared: engines.filter((e) => e.vramMib === undefined).map((e) => e.name),
      shares: others.map((other) => ({ coven: other.name, members: shared(coven, other) }))
        .filter(({ members }) => members.length > 0),
      rivals: others.filter((o) => !beside.includes(o) && shared(coven, o).length === 0)
        .map((o) => o.name),
      beside: beside.map((other) => other.name),
      otherSlots: slotViews(inventory).filter(({ members }) =>
        !members.some((name) => coven.members.includes(name) || coven.conflicts.includes(name))
      ).map(({ slot }) => slot),
    };
  });
}

/** A likely mistake in the Covens. */
export interface Warning {
  readonly code: "no-coven" | "no-capability" | "not-rendered" | "vram-too-large";
  readonly message: string;
}

/**
 * Returns likely mistakes: a Soulstone without a Coven or a capability; a capability that no
 * `rendered` Soulstone offers; a Soulstone or a Coven that declares more GPU memory than its GPUs have.
 */
export function warningsOf(
  inventory: Inventory,
  { gpus, rendered }: { gpus: readonly Gpu[]; rendered?: Inventory | undefined },
): Warning[] {
  const { engines } = inventory;
  const residents = engines.filter((engine) => engine.resident).map((engine) => engine.name);
  const alone = residents.length === 0
    ? "it runs alone"
    : `it runs only with ${residents.join(", ")}`;
  return [
    ...engines.filter((e) => isAlone(e) && e.slot === undefined).map(({ name }): Warning => ({
      code: "no-coven",
      message: `${name} is in no Coven: ${alone}`,
    })),
    ...engines.filter((engine) => engine.capabilities.length === 0).map(({ name }): Warning => ({
      code: "no-capability",
      message: `${name} offers no capability: it can be summoned only by name`,
    })),
    ...rendered === undefined ? [] : notOffered(engines, rendered.engines),
    ...tooLarge(inventory, gpus),
  ];
}

function isAlone({ resident, covens }: Engine): boolean {
  return !resident && covens.length === 0;
}

/** Returns Soulstones that do not fit, and Covens whose members fit only one by one. */
function tooLarge(inventory: Inventory, gpus: readonly Gpu[]): Warning[] {
  const { engines, covens } = inventory;
  const warning = (name: string, { neededMib, totalMib, gpus }: MemoryNeed): Warning => ({
    code: "vram-too-large",
    message: `${name} declares ${neededMib} MiB of GPU memory, more than the ${totalMib} MiB of ` +
      gpus.join(", "),
  });
  const hopeless = (some: readonly Engine[]) => hopelessNeeds(memoryNeeds(some, gpus));
  const single = engines.flatMap((engine) => {
    const [need] = hopeless([engine]);
    return need === undefined ? [] : [{ engine, need }];
  });
  const fitting = engines.filter((engine) => !single.some((s) => s.engine === engine));
  const slots = largestOfSlots(fitting);
  const groups = [
    ...covens.map(({ name, members }) => ({ name, members: enginesNamed(inventory, members) })),
    // An engine without a group runs with all residents.
    ...engines.filter(isAlone).map((engine) => ({
      name: `${engine.name} with all residents`,
      members: engines.filter((other) => other === engine || other.resident),
    })),
    ...slots.length < 2 ? [] : [{
      name: `the largest of each slot (${slots.map((engine) => engine.name).join(", ")})`,
      members: [...slots, ...engines.filter((engine) => engine.resident)],
    }],
  ];
  return [
    ...single.map(({ engine, need }) => warning(engine.name, need)),
    ...groups.flatMap(({ name, members }) =>
      hopeless(members.filter((engine) => fitting.includes(engine))).slice(0, 1)
        .map((need) => warning(name, need))
    ),
  ];
}

function notOffered(engines: readonly Engine[], rendered: readonly Engine[]): Warning[] {
  const offered = new Set(rendered.flatMap((engine) => engine.capabilities));
  const wanted = [...new Set(engines.flatMap((engine) => engine.capabilities))].sort();
  return wanted.filter((name) => !offered.has(name)).map((name) => ({
    code: "not-rendered",
    message: `no rendered Soulstone offers ${name}: only the Codex has it`,
  }));
}
