/** Below `$XDG_CONFIG_HOME`: where Quadlet looks for units, in a folder of our own. */
export const QUADLET_FOLDER = "containers/systemd/lychd";

/** Below `$XDG_CONFIG_HOME`: where systemd looks for units of the user. */
export const SYSTEMD_FOLDER = "systemd/user";

/** The pod that all containers share: its unit file, and the service Quadlet makes of it. */
export const SEPULCHER = { file: "lychd.pod", service: "lychd-pod.service" } as const;

/** A drop-in that makes the user's session start a Coven. */
export const BOOT_DROP_IN = "default.target.d/lychd.conf";

/** The unit file of a Soulstone, the service Quadlet makes of it, and its container. */
export function soulstoneUnit(name: string): { file: string; service: string; container: string } {
  const container = `soulstone-${name}`;
  return { file: `${container}.container`, service: `${container}.service`, container };
}

/** The systemd target of a Coven. */
export function covenTarget(group: string): string {
  return `lychd-coven-${group}.target`;
}

/** Patterns for systemctl: the units of every Soulstone and of every Coven. */
export const EVERY_SOULSTONE = soulstoneUnit("*").service;
export const EVERY_COVEN = covenTarget("*");

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
    // Quadlet replaces a container of the same name, whose ever it is.
    container: `lychd-${name}`,
    data: `${name}-data.volume`,
    volume: `lychd-${name}-data`,
  } as const;
}

/** Prometheus. */
export const HARVESTER = watcherUnit("harvester");

/** Grafana. */
export const SCRIBE = watcherUnit("scribe");

/** What tells the Harvester of the GPUs. */
export const GPU_EXPORTER = watcherUnit("gpu-exporter");

/** The systemd target of the Watchers. */
export const WATCHERS_TARGET = "lychd-watchers.target";

/** What writes down the states of the units, again and again. */
export const OBSERVER = {
  service: "lychd-observer.service",
  timer: "lychd-observer.timer",
} as const;

/** Below the folder of Quadlet units: what the Watchers and the observer read. */
export const WATCHER_FOLDERS = {
  harvester: `${QUADLET_FOLDER}/harvester`,
  scribe: `${QUADLET_FOLDER}/scribe`,
  observer: `${QUADLET_FOLDER}/observer`,
} as const;
