// Not by mod.ts: a summon would wait for the library that writes YAML.
import { QUADLET_FOLDER, SEPULCHER, soulstoneUnit, SYSTEMD_FOLDER } from "../rune/names.ts";
import { readUnit } from "../rune/unit.ts";

/** One Soulstone, as its unit tells it. */
export interface Engine {
  readonly name: string;
  readonly service: string;
  /** The name of its engine profile. */
  readonly profile: string;
  /** The Covens it is in, sorted; all of them for a resident. */
  readonly covens: readonly string[];
  readonly resident: boolean;
  /** Whether it only runs: there is no Soulstone of that name any more, and no unit. */
  readonly stray: boolean;
  /** Sorted. */
  readonly capabilities: readonly string[];
  /** The names of those that cannot run beside it, sorted. */
  readonly conflicts: readonly string[];
  readonly port: number;
  readonly uri: string;
  /** Answers 2xx when it serves; nothing where the host cannot ask it on 127.0.0.1. */
  readonly healthPath: string | undefined;
  /** Where the Harvester asks it for metrics; nothing where it has none, or is left out. */
  readonly metricsPath: string | undefined;
  /** GPU memory that it takes, in MiB: 0 without a device, nothing when that is not declared. */
  readonly vramMib: number | undefined;
  readonly devices: readonly string[];
}

/** A group that starts as one. */
export interface CovenUnit {
  readonly name: string;
  readonly target: string;
  /** Sorted, residents included. */
  readonly members: readonly string[];
}

/** All that can be summoned, sorted by name. */
export interface Inventory {
  readonly engines: readonly Engine[];
  readonly covens: readonly CovenUnit[];
}

/** A unit file: its path below `$XDG_CONFIG_HOME`, and what is in it. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Reads what can be summoned out of the units themselves, compiled just now or found on disk: what
 * systemd goes by is what a transition is planned by. Files that are neither a Soulstone, a Coven nor
 * the Sepulcher are passed over.
 *
 * @example
 * ```ts
 * import { readInventory } from "./inventory.ts";
 * const path = "containers/systemd/lychd/soulstone-eye.container";
 * const text = "[Unit]\nConflicts=soulstone-sage.service\n[X-Lychd]\nSoulstone=eye\nPort=8780\n";
 * readInventory([{ path, text }]).engines[0]?.conflicts; // ["sage"]
 * ```
 */
export function readInventory(files: readonly UnitFile[]): Inventory {
  const units = files.map(({ path, text }) => ({ path, values: valuesOf(text) }));
  const pod = units.find(({ path }) => path === `${QUADLET_FOLDER}/${SEPULCHER.file}`);
  const published = pod?.values("Pod.PublishPort") ?? [];
  const engines = units.flatMap(({ path, values }) => {
    const name = values("X-Lychd.Soulstone")[0];
    return name !== undefined && path === `${QUADLET_FOLDER}/${soulstoneUnit(name).file}`
      ? [engineOf(name, values, published)]
      : [];
  });
  const covens = units.flatMap(({ path, values }) => {
    const name = values("X-Lychd.Coven")[0];
    if (name === undefined || !path.startsWith(`${SYSTEMD_FOLDER}/`)) return [];
    const target = path.slice(SYSTEMD_FOLDER.length + 1);
    return [{ name, target, members: words(values("X-Lychd.Members")[0]).sort() }];
  });
  return { engines: engines.sort(byName), covens: covens.sort(byName) };
}

type Values = (key: string) => readonly string[];

function valuesOf(text: string): Values {
  const read = readUnit(text);
  const lines = "lines" in read ? read.lines : [];
  return (key) => lines.filter((l) => `${l.section}.${l.key}` === key).map((l) => l.value);
}

function engineOf(name: string, values: Values, published: readonly string[]): Engine {
  const fact = (key: string) => values(`X-Lychd.${key}`)[0];
  const port = Number(fact("Port") ?? 0);
  const devices = values("Container.AddDevice");
  const vram = fact("VramMib");
  return {
    name,
    service: soulstoneUnit(name).service,
    profile: fact("Engine") ?? "",
    covens: words(fact("Covens")).sort(),
    resident: fact("Resident") === "yes",
    stray: false,
    capabilities: words(fact("Capabilities")).sort(),
    conflicts: values("Unit.Conflicts").flatMap((unit) =>
      /^soulstone-(.+)\.service$/.exec(unit)?.[1] ?? []
    ).sort(),
    port,
    uri: fact("Uri") ?? "",
    healthPath: isOnLoopback(port, published) ? fact("HealthPath") : undefined,
    metricsPath: fact("MetricsPath"),
    vramMib: vram !== undefined ? Number(vram) : devices.length === 0 ? 0 : undefined,
    devices,
  };
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

/** Whether the pod publishes a port where 127.0.0.1 reaches it. */
function isOnLoopback(port: number, published: readonly string[]): boolean {
  return published.some((line) => {
    const match = /^(?:127\.0\.0\.1|0\.0\.0\.0):(\d+)(?:-(\d+))?:/.exec(line);
    if (match === null) return false;
    const first = Number(match[1]);
    return port >= first && port <= Number(match[2] ?? first);
  });
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Whether two engines exclude each other: systemd obeys a conflict whichever of the two names it.
 */
export function conflict(a: Engine, b: Engine): boolean {
  return a.conflicts.includes(b.name) || b.conflicts.includes(a.name);
}

/** Every capability and who offers it, sorted. */
export function capabilityIndex({ engines }: Inventory): ReadonlyMap<string, readonly string[]> {
  const names = [...new Set(engines.flatMap((engine) => engine.capabilities))].sort();
  return new Map(names.map((capability) => [
    capability,
    engines.filter((e) => e.capabilities.includes(capability)).map((e) => e.name),
  ]));
}

/** The engines of `names`, in that order; one that is not there is left out. */
export function enginesNamed({ engines }: Inventory, names: readonly string[]): Engine[] {
  return names.flatMap((name) => engines.find((engine) => engine.name === name) ?? []);
}

/**
 * The same with engines that only run, since their Soulstones are gone. Nobody knows any more what
 * they had in common with others: each excludes all but residents, as one without a group does.
 * systemd does not: their units are gone, and the others do not name them.
 *
 * @example
 * ```ts
 * import { withStrays } from "./inventory.ts";
 * withStrays({ engines: [], covens: [] }, ["owl"]).engines[0]?.service; // "soulstone-owl.service"
 * ```
 */
export function withStrays(inventory: Inventory, names: readonly string[]): Inventory {
  const rivals = inventory.engines.filter((engine) => !engine.resident).map((e) => e.name);
  const strays = names.map((name): Engine => ({
    name,
    service: soulstoneUnit(name).service,
    profile: "",
    covens: [],
    resident: false,
    stray: true,
    capabilities: [],
    conflicts: rivals,
    port: 0,
    uri: "",
    healthPath: undefined,
    metricsPath: undefined,
    vramMib: undefined,
    devices: [],
  }));
  return { ...inventory, engines: [...inventory.engines, ...strays].sort(byName) };
}
