/** The names of units and folders, and the names that Quadlet derives from them. */
import { basename } from "node:path/posix";

/** The folder of lychd's Quadlet units, relative to `$XDG_CONFIG_HOME`. */
export const QUADLET_FOLDER = "containers/systemd/lychd";

/** The folder of the user's systemd units, relative to `$XDG_CONFIG_HOME`. */
export const SYSTEMD_FOLDER = "systemd/user";

/** The pod that all containers share: its unit file and its service. */
export const SEPULCHER = { file: "lychd.pod", service: "lychd-pod.service" } as const;

/** The drop-in that starts a Coven and the Watchers with the user's session. */
export const BOOT_DROP_IN = "default.target.d/lychd.conf";

/** Returns the unit file of a Soulstone, its service and its container. */
export function soulstoneUnit(name: string): { file: string; service: string; container: string } {
  const container = `soulstone-${name}`;
  return { file: `${container}.container`, service: `${container}.service`, container };
}

/** Returns the systemd target of a Coven. */
export function covenTarget(group: string): string {
  return `lychd-coven-${group}.target`;
}

/** Patterns for systemctl: the units of every Soulstone and of every Coven. */
export const EVERY_SOULSTONE = soulstoneUnit("*").service;
export const EVERY_COVEN = covenTarget("*");

/**
 * Returns a pattern for systemctl that matches only `unit`, or a pattern as it is. systemctl looks up a
 * pattern among the units in memory; for a name, systemd loads the unit with everything that it
 * conflicts with.
 *
 * @example
 * ```ts
 * import { patternOf } from "./names.ts";
 * patternOf("soulstone-eye.service"); // "[s]oulstone-eye.service"
 * ```
 */
export function patternOf(unit: string): string {
  return /[*?[]/.test(unit) ? unit : unit.replace(/^./, "[$&]");
}

/** Returns the Soulstone of a unit file or a service; undefined for other units. */
export function soulstoneOf(unit: string): string | undefined {
  return /^soulstone-(.+)\.(?:container|service)$/.exec(unit)?.[1];
}

/** Returns the Coven of a target; undefined for other units. */
export function covenOf(unit: string): string | undefined {
  return /^lychd-coven-(.+)\.target$/.exec(unit)?.[1];
}

/** A container of the Watchers: its unit file, the service Quadlet makes of it, and its name. */
function watcherUnit(name: string) {
  return {
    name,
    file: `${name}.container`,
    service: `${name}.service`,
    // The prefix avoids containers of other programs: Quadlet replaces a container of the same name.
    container: `lychd-${name}`,
    data: `${name}-data.volume`,
    volume: `lychd-${name}-data`,
  } as const;
}

/** Prometheus. */
export const HARVESTER = watcherUnit("harvester");

/** Grafana. */
export const SCRIBE = watcherUnit("scribe");

/** The exporter of GPU metrics. */
export const GPU_EXPORTER = watcherUnit("gpu-exporter");

/** Returns the `Description=` of a Soulstone that has none in the Codex. */
export function defaultDescription(soulstone: string): string {
  return `LychD Soulstone ${soulstone}`;
}

/** The front door: its service, the service whose state keeps what runs, and its folder in `$XDG_RUNTIME_DIR`. */
export const VESSEL = {
  name: "vessel",
  service: "lychd-vessel.service",
  hold: "lychd-hold.service",
  /** The service after which Podman can read secrets in the limits of the front door. */
  podman: "lychd-podman.service",
  runtimeFolder: "lychd-vessel",
  /** The longest time that the stop of an engine waits for requests under way. */
  hookSeconds: 40,
  /** The file in that folder with figures for the Harvester. */
  metricsFile: "metrics.txt",
} as const;

/**
 * The prefixes of two files in the folder of the front door, before the name of an engine. One permits
 * the door to send requests to the engine. The other one asks it to finish them, and to remove the first.
 */
export const LEASE = "lease-";
export const STOP = "stop-";

/** The systemd target of the Watchers. */
export const WATCHERS_TARGET = "lychd-watchers.target";

/** The units that write the states of all other units for the Harvester at each interval. */
export const OBSERVER = {
  service: "lychd-observer.service",
  timer: "lychd-observer.timer",
} as const;

/** Returns true for a unit of the front door. */
export function isOfVessel(unit: string): boolean {
  return [VESSEL.service, VESSEL.hold, VESSEL.podman].some((own) => own === unit);
}

/** Returns true for a unit of the Watchers and their observer: no engine needs it. */
export function isOfWatchers(unit: string): boolean {
  const containers = [HARVESTER, SCRIBE, GPU_EXPORTER];
  return [
    WATCHERS_TARGET,
    ...Object.values(OBSERVER),
    ...containers.flatMap(({ service, data }) => [service, serviceOf(data)]),
  ].includes(unit);
}

/** Returns true for a unit that lychd or Quadlet makes from its files. */
export function isOwnUnit(unit: string): boolean {
  return /^(?:lychd|soulstone)-/.test(unit) || isOfWatchers(unit);
}

/** The folder of the script that each engine runs before it stops. */
export const VESSEL_FOLDER = `${QUADLET_FOLDER}/vessel`;

/** The folders of the files that the Watchers and the observer read. */
export const WATCHER_FOLDERS = {
  harvester: `${QUADLET_FOLDER}/harvester`,
  scribe: `${QUADLET_FOLDER}/scribe`,
  observer: `${QUADLET_FOLDER}/observer`,
} as const;

/** Returns the service that Quadlet generates from a file; nothing if it is not a Quadlet unit. */
export function serviceOf(file: string): string | undefined {
  const match = /^(.+)\.(artifact|build|container|image|kube|network|pod|volume)$/.exec(file);
  if (match === null) return undefined;
  const [, name, kind] = match;
  return kind === "container" || kind === "kube" ? `${name}.service` : `${name}-${kind}.service`;
}

/**
 * Returns the unit that systemd loads for the file at `path`: the service of a Quadlet unit, or the
 * plain unit itself; nothing for any other file, such as a drop-in.
 *
 * @example
 * ```ts
 * import { unitOf } from "./names.ts";
 * unitOf("containers/systemd/lychd/lychd.pod"); // "lychd-pod.service"
 * unitOf("systemd/user/lychd-observer.timer"); // "lychd-observer.timer"
 * unitOf("containers/systemd/lychd/harvester/prometheus.yml"); // undefined
 * ```
 */
export function unitOf(path: string): string | undefined {
  const file = basename(path);
  const isPlain = path === `${SYSTEMD_FOLDER}/${file}` && /\.(?:target|service|timer)$/.test(file);
  return isPlain ? file : serviceOf(file);
}

/**
 * Returns the folders in which Quadlet reads drop-ins of a unit, relative to the unit's own. Of files
 * with the same name, the first one is used. Source: unitfile.go of Podman 5.4.
 *
 * @example
 * ```ts
 * import { dropInFolders } from "./names.ts";
 * dropInFolders("my-eye.container"); // ["my-eye.container.d", "my-.container.d", "container.d"]
 * ```
 */
export function dropInFolders(file: string): string[] {
  const name = basename(file);
  const kind = /\.[^.]*$/.exec(name)?.[0] ?? "";
  const [stem = "", instance] = name.slice(0, name.length - kind.length).split(/@(.*)/s);
  const parts = stem.split("-");
  const shorter = parts.slice(1).map((_, i) => parts.slice(0, i + 1).join("-")).reverse();
  return [
    `${name}.d`,
    ...instance ? [`${stem}@${kind}.d`] : [],
    ...shorter.map((part) => `${part}-${kind}.d`),
    `${kind.slice(1)}.d`,
  ];
}
