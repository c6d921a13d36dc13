import {
  type Codex,
  parsePortRange,
  parseVolume,
  portOwners,
  type Soulstone,
  watchersOf,
} from "../codex/mod.ts";
import { covensOf, isGroupOwned, watcherServices } from "../compile/mod.ts";
import {
  covenTarget,
  OBSERVER,
  SEPULCHER,
  soulstoneUnit,
  VESSEL,
  WATCHERS_TARGET,
} from "../rune/mod.ts";
import type { Vendor } from "./read/gpus.ts";

/** A path of the host that a Soulstone uses. */
export interface NeededPath {
  readonly path: string;
  readonly soulstone: string;
  /** A model that the engine loads, or a mounted file or folder. */
  readonly role: "model" | "volume";
  /** The entry of `volumes` that it is in; undefined for a model that is in none. */
  readonly volume: string | undefined;
}

/** The devices of a Soulstone. */
export interface NeededDevices {
  readonly soulstone: string;
  readonly devices: readonly string[];
  /** True if its container keeps the groups of the user (`GroupAdd=keep-groups`). */
  readonly keepsGroups: boolean;
}

/** The needs of a Codex on its host. Each list is sorted and without duplicates. */
export interface Needs {
  readonly units: readonly string[];
  /** The ports that lychd listens on, with their owners and addresses. */
  readonly ports: readonly {
    readonly port: number;
    readonly owner: string;
    readonly bindAddress: string;
  }[];
  readonly hasVessel: boolean;
  /** True if the front door has Portals. */
  readonly hasPortals: boolean;
  /** The range of `reserve_ports`. */
  readonly reserved: { readonly first: number; readonly last: number } | undefined;
  readonly bindAddress: string;
  readonly pod: string;
  readonly images: readonly string[];
  readonly secrets: readonly string[];
  readonly paths: readonly NeededPath[];
  /** Models that are in no volume of their Soulstone. */
  readonly unmounted: readonly NeededPath[];
  /** CDI names and device paths. */
  readonly devices: readonly string[];
  readonly engines: readonly NeededDevices[];
}

/** The needs without a Codex. */
export const NO_NEEDS: Needs = {
  units: [],
  ports: [],
  hasVessel: false,
  hasPortals: false,
  reserved: undefined,
  bindAddress: "127.0.0.1",
  pod: "lychd",
  images: [],
  secrets: [],
  paths: [],
  unmounted: [],
  devices: [],
  engines: [],
};

/** Returns the needs of `codex` on a host with the home folder `home`. */
export function needsOf(codex: Codex, home: string | undefined): Needs {
  const { settings, soulstones, portals } = codex;
  const { sepulcher, harvester, scribe, gpu_exporter, vessel } = settings;
  const mounted = soulstones.map((s) => pathsOf(s, home));
  const on = watchersOf(settings);
  return {
    units: [
      SEPULCHER.service,
      ...soulstones.map((s) => soulstoneUnit(s.name).service),
      ...covensOf(soulstones).map((coven) => covenTarget(coven.name)),
      ...watcherServices(codex),
      ...on.harvester || on.scribe || on.gpuExporter ? [WATCHERS_TARGET] : [],
      ...on.harvester ? Object.values(OBSERVER) : [],
      ...vessel.enabled ? [VESSEL.service, VESSEL.hold] : [],
      ...vessel.enabled && portals.some((p) => p.key_secret !== undefined) ? [VESSEL.podman] : [],
    ],
    ports: portOwners(codex).flatMap(({ port, source, isPublished }) => {
      const owner = typeof source === "string" ? source : source.name;
      if (isPublished) return [{ port, owner, bindAddress: sepulcher.bind_address }];
      return source !== "vessel" || !vessel.enabled
        ? []
        : [{ port, owner, bindAddress: vessel.bind_address }];
    }).sort((a, b) => a.port - b.port),
    hasVessel: vessel.enabled,
    hasPortals: vessel.enabled && portals.length > 0,
    reserved: sepulcher.reserve_ports === undefined
      ? undefined
      : parsePortRange(sepulcher.reserve_ports),
    bindAddress: sepulcher.bind_address,
    pod: sepulcher.name,
    images: sorted([
      ...soulstones.filter((s) => !s.unknown.includes("image")).map((s) => s.image),
      ...on.harvester ? [harvester.image] : [],
      ...on.scribe ? [scribe.image] : [],
      ...on.gpuExporter ? [gpu_exporter.image] : [],
    ]),
    secrets: sorted([
      ...soulstones.flatMap((s) => s.secrets).map((s) => s.split(",")[0] ?? s),
      ...soulstones.flatMap((s) => s.metrics?.secret ?? []),
      ...portals.flatMap((p) => p.key_secret ?? []),
      ...on.scribe && scribe.admin_password_secret ? [scribe.admin_password_secret] : [],
    ]),
    paths: mounted.flatMap((m) => m.paths),
    unmounted: mounted.flatMap((m) => m.unmounted),
    devices: sorted([
      ...soulstones.flatMap((s) => devicesOf(s, settings)),
      ...on.gpuExporter ? gpu_exporter.devices : [],
    ]),
    engines: soulstones.map((soulstone) => {
      const devices = devicesOf(soulstone, settings);
      return { soulstone: soulstone.name, devices, keepsGroups: keepsGroups(soulstone, devices) };
    }),
  };
}

function keepsGroups({ quadlet }: Soulstone, devices: readonly string[]): boolean {
  const { GroupAdd, PodmanArgs = [] } = quadlet["Container"] ?? {};
  return [PodmanArgs].flat().some((args) => /\bkeep-groups\b/.test(String(args))) ||
    (GroupAdd === undefined
      ? devices.some(isGroupOwned)
      : [GroupAdd].flat().includes("keep-groups"));
}

/** Returns the devices of a Soulstone, or those of `lychd.toml` if it sets none. */
export function devicesOf(
  soulstone: Pick<Soulstone, "devices">,
  settings: Codex["settings"],
): readonly string[] {
  return soulstone.devices ?? settings.gpu.default_devices ?? [];
}

/** Returns the vendors of needed GPUs. The vendor of a node below /dev/dri is unknown. */
export function vendorsOf({ devices }: Pick<Needs, "devices">): ReadonlySet<Vendor> {
  return new Set(devices.flatMap((device): Vendor[] => {
    if (/^nvidia\.com\/|^\/dev\/nvidia/.test(device)) return ["NVIDIA"];
    if (/^amd\.com\/|^\/dev\/kfd/.test(device)) return ["AMD"];
    return /^intel\.com\//.test(device) ? ["Intel"] : [];
  }));
}

/** Returns the paths in `devices`: `/dev/dri/card0` of `/dev/dri/card0:/dev/dri/card0:rw`. */
export function devicePaths({ devices }: Pick<Needs, "devices">): string[] {
  return devices.filter((device) => device.startsWith("/dev/"))
    .map((device) => device.split(":")[0] ?? device);
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function pathsOf(
  soulstone: Soulstone,
  home: string | undefined,
): Pick<Needs, "paths" | "unmounted"> {
  const mounts = soulstone.volumes.flatMap((text) => {
    const read = parseVolume(text);
    return "problem" in read ? [] : [{ ...read.volume, text }];
  });
  const onHost = ({ kind, text }: { kind: string; text: string }) =>
    kind === "path" ? text : kind === "home" && home !== undefined ? `${home}/${text}` : undefined;
  const needed = (path: string | undefined, role: NeededPath["role"], volume?: string) =>
    path === undefined ? [] : [{ path, soulstone: soulstone.name, role, volume }];
  const paths = mounts.flatMap(({ source, text }) => needed(onHost(source), "volume", text));
  const unmounted: NeededPath[] = [];
  for (const model of modelsOf(soulstone)) {
    const [mount] = mounts
      .filter(({ target }) => model === target || model.startsWith(`${target}/`))
      .sort((a, b) => b.target.length - a.target.length);
    // The content of a named volume is unknown.
    const source = mount && onHost(mount.source);
    if (mount === undefined) unmounted.push(...needed(model, "model"));
    else {
      const path = source && `${source}${model.slice(mount.target.length)}`;
      paths.push(...needed(path, "model", mount.text));
    }
  }
  return { paths, unmounted };
}

/** Flags of engines whose value is the path of a model. */
const MODEL_FLAGS = new Set(["-m", "--model", "--model-path", "--model-dir", "--mmproj"]);

/** Returns the models that a Soulstone loads from absolute paths of its container. */
function modelsOf({ model, exec = [] }: Soulstone): string[] {
  const ofFlags = exec.flatMap((word, i) => {
    const [, flag = "", value = ""] = /^([^=]+)=([^]*)$/.exec(word) ?? [];
    if (MODEL_FLAGS.has(flag)) return [value];
    return MODEL_FLAGS.has(exec[i - 1] ?? "") ? [word] : [];
  });
  return sorted([model ?? "", ...ofFlags].filter((path) => path.startsWith("/")));
}
