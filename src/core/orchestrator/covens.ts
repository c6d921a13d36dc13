import type { Gpu } from "../gpus.ts";
import { hopelessNeeds, type MemoryNeed, memoryNeeds } from "./gpu_memory.ts";
import { type CovenUnit, type Engine, enginesNamed, type Inventory } from "./inventory.ts";

/** How a Coven stands to the others. */
export interface CovenView {
  readonly name: string;
  readonly members: readonly string[];
  /** The sum of what its members declare, in MiB, and those of them that declare nothing. */
  readonly vramMib: number;
  readonly undeclared: readonly string[];
  /** Other Covens, and the members that run on when the one gives way to the other. */
  readonly shares: readonly { readonly coven: string; readonly members: readonly string[] }[];
  /** Other Covens of which it leaves nothing but residents running, and they nothing of it. */
  readonly rivals: readonly string[];
}

/** Every Coven as it stands to the others, sorted by name. */
export function covenViews(inventory: Inventory): CovenView[] {
  const residents = inventory.engines.filter((e) => e.resident).map((e) => e.name);
  const shared = (a: CovenUnit, b: CovenUnit) =>
    a.members.filter((name) => b.members.includes(name) && !residents.includes(name));
  return inventory.covens.map((coven) => {
    const others = inventory.covens.filter((other) => other.name !== coven.name);
    const engines = enginesNamed(inventory, coven.members);
    return {
      name: coven.name,
      members: coven.members,
      vramMib: engines.reduce((sum, engine) => sum + (engine.vramMib ?? 0), 0),
      undeclared: engines.filter((e) => e.vramMib === undefined).map((e) => e.name),
      shares: others.map((other) => ({ coven: other.name, members: shared(coven, other) }))
        .filter(({ members }) => members.length > 0),
      rivals: others.filter((other) => shared(coven, other).length === 0).map((o) => o.name),
    };
  });
}

/** Something about the Covens that may not be meant. */
export interface Warning {
  readonly code: "no-coven" | "no-capability" | "not-rendered" | "rivals" | "vram-too-large";
  readonly message: string;
}

/**
 * What may not be meant: a Soulstone that nobody finds, since it is in no Coven or offers nothing; a
 * capability of the Codex that nothing `rendered` offers; Covens that always stop each other, since
 * they have nothing in common; a Soulstone or a Coven that declares more than its GPUs have.
 */
export function warningsOf(
  inventory: Inventory,
  { gpus, rendered }: { gpus: readonly Gpu[]; rendered?: Inventory | undefined },
): Warning[] {
  const { engines } = inventory;
  const lone = engines.filter((engine) => !engine.resident && engine.covens.length === 0);
  return [
    ...lone.map((engine): Warning => ({
      code: "no-coven",
      message: `${engine.name} is in no Coven: it runs beside ${beside(engine, engines)}`,
    })),
    ...engines.filter((engine) => engine.capabilities.length === 0).map((engine): Warning => ({
      code: "no-capability",
      message: `${engine.name} offers no capability: it is found by its name alone`,
    })),
    ...rendered === undefined ? [] : notOffered(engines, rendered.engines),
    ...rivalry(inventory),
    ...tooLarge(inventory, gpus),
  ];
}

/** Each pair once, with the Coven whose name comes first. */
function rivalry(inventory: Inventory): Warning[] {
  return covenViews(inventory).flatMap(({ name, rivals }): Warning[] => {
    const later = rivals.filter((rival) => rival > name);
    if (later.length === 0) return [];
    const isResident = inventory.engines.some((engine) => engine.resident);
    const what = isResident ? "no Soulstone but residents" : "no Soulstone";
    const common = `${name} has ${what} in common with ${later.join(", ")}`;
    return [{ code: "rivals", message: `${common}: they always stop each other` }];
  });
}

/** Soulstones that do not fit by themselves, and Covens of which each does, but not together. */
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
  const isAlone = (engine: Engine) => !engine.resident && engine.covens.length === 0;
  const groups = [
    ...covens.map(({ name, members }) => ({ name, members: enginesNamed(inventory, members) })),
    // One without a group runs beside the residents.
    ...engines.filter(isAlone).map((engine) => ({
      name: `${engine.name} with all residents`,
      members: engines.filter((other) => other === engine || other.resident),
    })),
  ];
  return [
    ...single.map(({ engine, need }) => warning(engine.name, need)),
    ...groups.flatMap(({ name, members }) =>
      hopeless(members.filter((engine) => fitting.includes(engine))).slice(0, 1)
        .map((need) => warning(name, need))
    ),
  ];
}

function beside(engine: Engine, engines: readonly Engine[]): string {
  const residents = engines.filter((e) => e.resident && e !== engine).map((e) => e.name);
  return residents.length === 0 ? "nothing else" : `${residents.join(", ")} and nothing else`;
}

function notOffered(engines: readonly Engine[], rendered: readonly Engine[]): Warning[] {
  const offered = new Set(rendered.flatMap((engine) => engine.capabilities));
  const wanted = [...new Set(engines.flatMap((engine) => engine.capabilities))].sort();
  return wanted.filter((name) => !offered.has(name)).map((name) => ({
    code: "not-rendered",
    message: `nobody offers ${name} yet: the Codex has it, what was rendered has not`,
  }));
}
