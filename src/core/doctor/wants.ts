import {
  type Codex,
  parsePortRange,
  parseVolume,
  type Soulstone,
  watchersOf,
} from "../codex/mod.ts";
import { covensOf, watcherServices } from "../compile/mod.ts";
import type { Vendor } from "./read/gpus.ts";
import { covenTarget, SEPULCHER, soulstoneUnit } from "../rune/mod.ts";

/** A path of the host that a Soulstone needs, and what for. */
export interface WantedPath {
  readonly path: string;
  readonly soulstone: string;
  /** A model that the engine loads, or a folder or file that is mounted. */
  readonly role: "model" | "volume";
}

/** What a Codex needs of its host. Each list sorted, each entry once. */
export interface Wants {
  readonly units: readonly string[];
  /** Ports of the host, and whose they are. */
  readonly ports: readonly { readonly port: number; readonly owner: string }[];
  /** Ports that are published ahead. */
  readonly reserved: { readonly first: number; readonly last: number } | undefined;
  readonly bindAddress: string;
  readonly pod: string;
  readonly images: readonly string[];
  readonly secrets: readonly string[];
  readonly paths: readonly WantedPath[];
  /** Models that no volume brings into the container. */
  readonly unmounted: readonly WantedPath[];
  /** CDI names and device paths. */
  readonly devices: readonly string[];
}

/** What nobody needs anything for. */
export const NO_WANTS: Wants = {
  units: [],
  ports: [],
  reserved: undefined,
  bindAddress: "127.0.0.1",
  pod: "lychd",
  images: [],
  secrets: [],
  paths: [],
  unmounted: [],
  devices: [],
};

/**
 * What `codex` needs of a host on which the home folder is `home`.
 */
export function wantsOf(codex: Codex, home: string | undefined): Wants {
  const { settings, soulstones } = codex;
  const mounted = soulstones.map((s) => pathsOf(s, home));
  const watchers = watchersIn(settings);
  return {
    units: [
      SEPULCHER.service,
      ...soulstones.map((s) => soulstoneUnit(s.name).service),
      ...covensOf(soulstones).map((coven) => covenTarget(coven.name)),
      ...watcherServices(codex),
    ],
    ports: [
      ...soulstones.filter((s) => s.port_expose && !s.unknown.includes("port"))
        .map((s) => ({ port: s.port, owner: s.name })),
      ...watchers.flatMap(({ name, port }) => port === undefined ? [] : [{ port, owner: name }]),
    ].sort((a, b) => a.port - b.port),
    reserved: settings.sepulcher.reserve_ports === undefined
      ? undefined
      : parsePortRange(settings.sepulcher.reserve_ports),
    bindAddress: settings.sepulcher.bind_address,
    pod: settings.sepulcher.name,
    images: sorted([
      ...soulstones.filter((s) => !s.unknown.includes("image")).map((s) => s.image),
      ...watchers.map(({ image }) => image),
    ]),
    secrets: sorted([
      ...soulstones.flatMap((s) => s.secrets).map((s) => s.split(",")[0] ?? s),
      ...soulstones.flatMap((s) => s.metrics?.secret ?? []),
      ...watchers.flatMap(({ secret }) => secret ?? []),
    ]),
    paths: mounted.flatMap((m) => m.paths),
    unmounted: mounted.flatMap((m) => m.unmounted),
    devices: sorted([
      ...soulstones.flatMap((s) => devicesOf(s, settings)),
      ...watchers.flatMap((watcher) => watcher.devices),
    ]),
  };
}

/** What the Watchers that run need; the exporter's port is not published. */
function watchersIn(settings: Codex["settings"]) {
  const { harvester, scribe, gpu_exporter } = settings;
  const runs = watchersOf(settings);
  const none = { port: undefined, secret: undefined, devices: [] };
  return [
    ...runs.harvester ? [{ ...none, ...harvester, name: "harvester" }] : [],
    ...runs.scribe
      ? [{ ...none, ...scribe, secret: scribe.admin_password_secret, name: "scribe" }]
      : [],
    ...runs.gpuExporter
      ? [{ ...none, ...gpu_exporter, port: undefined, name: "gpu-exporter" }]
      : [],
  ];
}

/** The devices of a Soulstone, by its table or by `lychd.toml`. */
export function devicesOf(
  soulstone: Pick<Soulstone, "devices">,
  settings: Codex["settings"],
): readonly string[] {
  return soulstone.devices ?? settings.gpu.default_devices ?? [];
}

/** Whose GPUs are asked for; a node below /dev/dri may be of two vendors. */
export function vendorsOf({ devices }: Pick<Wants, "devices">): ReadonlySet<Vendor> {
  return new Set(devices.flatMap((device): Vendor[] => {
    if (/^nvidia\.com\/|^\/dev\/nvidia/.test(device)) return ["NVIDIA"];
    if (/^amd\.com\/|^\/dev\/kfd/.test(device)) return ["AMD"];
    return /^intel\.com\//.test(device) ? ["Intel"] : [];
  }));
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** Flags of engines whose value is a file or folder of a model. */
const MODEL_FLAGS = new Set(["-m", "--model", "--model-path", "--model-dir", "--mmproj"]);

function pathsOf(
  soulstone: Soulstone,
  home: string | undefined,
): { paths: WantedPath[]; unmounted: WantedPath[] } {
  const mounts = soulstone.volumes.flatMap((text) => {
    const read = parseVolume(text);
    return "problem" in read ? [] : [read.volume];
  });
  const onHost = (kind: string, text: string) =>
    kind === "path" ? text : kind === "home" && home !== undefined ? `${home}/${text}` : undefined;
  const wanted = (path: string, role: WantedPath["role"]) => ({
    path,
    soulstone: soulstone.name,
    role,
  });
  const paths = mounts.flatMap(({ source }) => {
    const path = onHost(source.kind, source.text);
    return path === undefined ? [] : [wanted(path, "volume")];
  });
  const unmounted: WantedPath[] = [];
  for (const model of modelsOf(soulstone)) {
    const mount = mounts.filter(({ target }) => model === target || model.startsWith(`${target}/`))
      .sort((a, b) => b.target.length - a.target.length)[0];
    if (mount === undefined) {
      unmounted.push(wanted(model, "model"));
      continue;
    }
    const source = onHost(mount.source.kind, mount.source.text);
    // What is in a named volume is Podman's to know.
    if (source !== undefined) {
      paths.push(wanted(`${source}${model.slice(mount.target.length)}`, "model"));
    }
  }
  return { paths, unmounted };
}

/** The models that a Soulstone loads from absolute paths of its container. */
function modelsOf({ model, exec }: Soulstone): string[] {
  const words = exec ?? [];
  const ofFlags = words.flatMap((word, i) => {
    const equals = word.indexOf("=");
    if (equals > 0 && MODEL_FLAGS.has(word.slice(0, equals))) return [word.slice(equals + 1)];
    return MODEL_FLAGS.has(words[i - 1] ?? "") ? [word] : [];
  });
  return sorted(
    [...model === undefined ? [] : [model], ...ofFlags].filter((m) => m.startsWith("/")),
  );
}
