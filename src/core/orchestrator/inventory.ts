import {
  defaultDescription,
  QUADLET_FOLDER,
  SEPULCHER,
  soulstoneOf,
  soulstoneUnit,
  SYSTEMD_FOLDER,
} from "../rune/names.ts";
import { readUnit } from "../rune/unit.ts";

/** A Soulstone, as read from its unit. */
export interface Engine {
  readonly name: string;
  readonly service: string;
  /** The name of its engine profile. */
  readonly profile: string;
  readonly image: string;
  /** Its Covens, sorted; all of them for a resident. */
  readonly covens: readonly string[];
  readonly slot: string | undefined;
  readonly resident: boolean;
  /** True if its service runs but its unit is no longer rendered. */
  readonly stray: boolean;
  /** Sorted. */
  readonly capabilities: readonly string[];
  /** The Soulstones that its unit conflicts with, sorted. */
  readonly conflicts: readonly string[];
  readonly port: number;
  readonly uri: string;
  /** True if the pod publishes its port on an address that 127.0.0.1 reaches. */
  readonly isOnLoopback: boolean;
  /** Returns 2xx when ready; undefined if 127.0.0.1 does not reach it. */
  readonly healthPath: string | undefined;
  /** The check that its start waits for, and `TimeoutStartSec=`, for messages. */
  readonly startCheck: {
    readonly kind: "path" | "command" | "none";
    readonly path: string | undefined;
    readonly timeout: string | undefined;
  };
  /** The path that the Harvester reads; undefined without metrics. */
  readonly metricsPath: string | undefined;
  /** Declared GPU memory in MiB: 0 without a device, undefined if not declared. */
  readonly vramMib: number | undefined;
  readonly devices: readonly string[];
  /** That of the Codex. */
  readonly description: string | undefined;
}

/** The target of a Coven. */
export interface CovenUnit {
  readonly name: string;
  readonly target: string;
  /** Sorted, residents included. */
  readonly members: readonly string[];
  /** The Soulstones outside of it that its start stops, sorted. */
  readonly conflicts: readonly string[];
}

/** Everything that can be summoned, sorted by name. */
export interface Inventory {
  readonly engines: readonly Engine[];
  readonly covens: readonly CovenUnit[];
}

/** The text of a unit file, with its path below `$XDG_CONFIG_HOME`. */
export interface UnitFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Reads the inventory from unit files, compiled or on disk. Plans use the units because systemd does.
 * Ignores files that are not a Soulstone, a Coven or the Sepulcher.
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
  const pod = files.find(({ path }) => path === `${QUADLET_FOLDER}/${SEPULCHER.file}`);
  const published = valuesOf(pod?.text ?? "")("Pod.PublishPort");
  const [engines, covens]: [Engine[], CovenUnit[]] = [[], []];
  // One unit after the other: the lines of all units of a large Codex need much memory.
  for (const { path, text } of files) {
    const values = valuesOf(text);
    const name = values("X-Lychd.Soulstone")[0];
    if (name !== undefined && path === `${QUADLET_FOLDER}/${soulstoneUnit(name).file}`) {
      engines.push(engineOf(name, values, published));
    }
    const coven = values("X-Lychd.Coven")[0];
    if (coven !== undefined && path.startsWith(`${SYSTEMD_FOLDER}/`)) {
      const target = path.slice(SYSTEMD_FOLDER.length + 1);
      const members = words(values("X-Lychd.Members")[0]).sort();
      covens.push({ name: coven, target, members, conflicts: conflictsIn(values) });
    }
  }
  return { engines: engines.sort(byName), covens: covens.sort(byName) };
}

/** Returns the values of a key, such as `Unit.Conflicts`. */
export type Values = (key: string) => readonly string[];

/** Reads a unit; one that is not valid has no values. */
export function valuesOf(text: string): Values {
  const read = readUnit(text);
  const lines = "lines" in read ? read.lines : [];
  const byKey = Map.groupBy(lines, ({ section, key }) => `${section}.${key}`);
  return (key) => byKey.get(key)?.map(({ value }) => value) ?? [];
}

function engineOf(name: string, values: Values, published: readonly string[]): Engine {
  const fact = (key: string) => values(`X-Lychd.${key}`)[0];
  const port = Number(fact("Port") ?? 0);
  const devices = values("Container.AddDevice");
  const vram = fact("VramMib");
  const path = fact("HealthPath");
  const [command = "none"] = values("Container.HealthCmd");
  const onLoopback = isOnLoopback(port, published);
  return {
    name,
    service: soulstoneUnit(name).service,
    profile: fact("Engine") ?? "",
    image: values("Container.Image").at(-1) ?? "",
    covens: words(fact("Covens")).sort(),
    slot: fact("Slot"),
    resident: fact("Resident") === "yes",
    stray: false,
    capabilities: words(fact("Capabilities")).sort(),
    conflicts: conflictsIn(values),
    port,
    uri: fact("Uri") ?? "",
    isOnLoopback: onLoopback,
    healthPath: onLoopback ? path : undefined,
    startCheck: {
      kind: command === "none" ? "none" : path === undefined ? "command" : "path",
      path,
      timeout: values("Service.TimeoutStartSec").at(-1),
    },
    metricsPath: fact("MetricsPath"),
    vramMib: vram !== undefined ? Number(vram) : devices.length === 0 ? 0 : undefined,
    devices,
    description: descriptionOf(name, values),
  };
}

function descriptionOf(name: string, values: Values): string | undefined {
  const text = values("Unit.Description").at(-1)?.replaceAll("%%", "%");
  return text === defaultDescription(name) ? undefined : text;
}

/** Returns the Soulstones that a unit conflicts with, sorted. */
function conflictsIn(values: Values): string[] {
  return values("Unit.Conflicts").flatMap((unit) => soulstoneOf(unit) ?? []).sort();
}

/** Returns the words of a list of names. */
export function words(text: string | undefined): string[] {
  return (text ?? "").split(" ").filter((word) => word !== "");
}

/** Returns true if the pod publishes a port on an address that 127.0.0.1 reaches. */
function isOnLoopback(port: number, published: readonly string[]): boolean {
  return published.map(readPublished).some((range) =>
    range !== undefined && /^(?:127\.0\.0\.1|0\.0\.0\.0)$/.test(range.address) &&
    port >= range.first && port <= range.last
  );
}

/** Reads the value of a `PublishPort=` of lychd, one port or a range, for example `127.0.0.1:80-90:80-90`. */
function readPublished(
  line: string,
): { address: string; first: number; last: number } | undefined {
  const [, address, first, last = first] = /^(.+):(\d+)(?:-(\d+))?:[\d-]+$/.exec(line) ?? [];
  if (address === undefined) return undefined;
  return { address, first: Number(first), last: Number(last) };
}

/**
 * Returns each port that `PublishPort=` lines of lychd publish, as `ADDRESS:PORT`.
 *
 * @example
 * ```ts
 * import { publishedPorts } from "./inventory.ts";
 * [...publishedPorts(["127.0.0.1:80-81:80-81"])]; // ["127.0.0.1:80", "127.0.0.1:81"]
 * ```
 */
export function publishedPorts(lines: readonly string[]): Set<string> {
  return new Set(
    lines.map(readPublished).filter((range) => range !== undefined)
      .flatMap(({ address, first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => `${address}:${first + i}`)
      ),
  );
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Returns true if two engines exclude each other: for systemd it is enough if one names the other. */
export function conflict(a: Engine, b: Engine): boolean {
  return a.conflicts.includes(b.name) || b.conflicts.includes(a.name);
}

/** Returns true if the start of a Coven stops `engine`, which is not a member. */
export function isStoppedBy(coven: CovenUnit, engine: Engine): boolean {
  // systemd does not know a stray, so no target stops it.
  return engine.stray || coven.conflicts.includes(engine.name);
}

/** Returns `first`, and those of `others` that conflict with none before them. */
export function withoutConflicts(first: readonly Engine[], others: readonly Engine[]): Engine[] {
  const chosen = [...first];
  for (const engine of others) {
    if (!chosen.includes(engine) && !chosen.some((other) => conflict(engine, other))) {
      chosen.push(engine);
    }
  }
  return chosen;
}

/** Returns the names of the engines that conflict with `engine`. */
export function rivalsOf(engine: Engine, { engines }: Inventory): string[] {
  return engines.filter((other) => conflict(engine, other)).map((other) => other.name);
}

/** Returns every capability with the engines that offer it, sorted. */
export function capabilityIndex({ engines }: Inventory): ReadonlyMap<string, readonly string[]> {
  const names = [...new Set(engines.flatMap((engine) => engine.capabilities))].sort();
  return new Map(names.map((capability) => [
    capability,
    engines.filter((e) => e.capabilities.includes(capability)).map((e) => e.name),
  ]));
}

/** Returns the engines of `names`, in that order, without unknown ones. */
export function enginesNamed({ engines }: Inventory, names: readonly string[]): Engine[] {
  return names.flatMap((name) => engines.find((engine) => engine.name === name) ?? []);
}

/** Returns the services of `names`, without unknown ones. */
export function servicesOf(inventory: Inventory, names: readonly string[]): string[] {
  return enginesNamed(inventory, names).map((engine) => engine.service);
}

/**
 * Adds engines that run but are no longer rendered. Their groups are unknown, so each conflicts with
 * every engine except residents. systemd does not enforce this: no unit names them any more.
 *
 * @example
 * ```ts
 * import { withStrays } from "./inventory.ts";
 * withStrays({ engines: [], covens: [] }, ["owl"]).engines[0]?.service; // "soulstone-owl.service"
 * ```
 */
export function withStrays(inventory: Inventory, names: readonly string[]): Inventory {
  const conflicts = inventory.engines.filter((engine) => !engine.resident).map((e) => e.name);
  const strays = names.map((name): Engine => {
    return { ...engineOf(name, () => [], []), stray: true, conflicts, vramMib: undefined };
  });
  return { ...inventory, engines: [...inventory.engines, ...strays].sort(byName) };
}

/**
 * Returns the units to stop for a Coven or a Soulstone. Residents keep running: they belong to every
 * Coven.
 */
export function unitsToStop(
  { kind, name }: { readonly kind: "coven" | "soulstone"; readonly name: string },
  inventory: Inventory,
): string[] {
  if (kind === "soulstone") return [soulstoneUnit(name).service];
  const coven = inventory.covens.find((coven) => coven.name === name);
  const members = enginesNamed(inventory, coven?.members ?? []).filter((e) => !e.resident);
  return [coven?.target ?? "", ...members.map((engine) => engine.service)];
}
