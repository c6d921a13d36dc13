/** Reads CDI specifications as Podman does: its folders, their files, and the devices that they define. */
import { type Fact, type Facts, linesOf, outputOf } from "../../facts.ts";
import { type CdiProblem, type CdiSpec, readCdiSpec, type SpecNode } from "./cdi_spec.ts";
import { podmanInfoOf, podmanVersionOf } from "./podman.ts";
import { isOlder, type Version } from "./version.ts";

/** One file of a CDI folder. */
export interface CdiFile extends ReadSpec {
  readonly path: string;
  readonly folder: string;
}

interface ReadSpec extends Partial<CdiProblem> {
  /** Undefined if Podman cannot read it. */
  readonly spec?: CdiSpec;
  /** The kind of its devices, even if Podman cannot read it. */
  readonly kind?: string | undefined;
}

/** The folders that Podman reads specifications from. */
export interface CdiFolders {
  /** From the lowest to the highest precedence. */
  readonly read: readonly string[];
  /** The setting of containers.conf, and the last file that sets it. */
  readonly configured: { readonly file: string; readonly folders: readonly string[] } | undefined;
  /** True if this version of Podman supports the setting. */
  readonly isSupported: boolean;
}

/** The version to assume if Podman does not report its own. */
const USUAL_PODMAN: Version = [5, 6, 0];

/** The standard folders, from the lowest to the highest precedence. */
export const STANDARD_FOLDERS = ["/etc/cdi", "/var/run/cdi"];

/**
 * Returns the folders that this version of Podman reads. Before 5.5 these are both standard folders, and
 * containers.conf is ignored (podman#25691). Podman 5.5 supports `cdi_spec_dirs`, and reads only /etc/cdi
 * without it (podman#26569). Since 5.6 the default is both again (containers/common#2460). Podman 6 reports
 * them (podman#28712).
 */
export function cdiFoldersOf(facts: Facts): CdiFolders {
  const version = podmanVersionOf(facts) ?? USUAL_PODMAN;
  const isSupported = !isOlder(version, "5.5");
  const standard = STANDARD_FOLDERS.slice(0, isSupported && isOlder(version, "5.6") ? 1 : 2);
  const configured = configuredFolders(facts, standard);
  const read = podmanInfoOf(facts)?.host?.cdiSpecDirs ??
    (isSupported && configured ? configured.folders : standard);
  return { read, configured, isSupported };
}

/**
 * Returns the folders of containers.conf. The last file wins, except that a list with `{append=true}`,
 * and every list after it, is appended to the previous one (containers.conf(5)). Reads lines `FILE:LINE`
 * of `grep`.
 */
function configuredFolders(
  facts: Facts,
  standard: readonly string[],
): CdiFolders["configured"] {
  const lines = linesOf(facts, "containers-conf").flatMap((line) => {
    const [, file, text = ""] = /^(\/[^:]*):(.*)$/.exec(line) ?? [];
    return file === undefined ? [] : [{ file, text }];
  });
  let found: CdiFolders["configured"];
  let appends = false;
  for (const file of appliedConfs(facts, lines.map(({ file }) => file))) {
    const list = listIn(lines.filter((line) => line.file === file).map(({ text }) => text));
    if (list === undefined) continue;
    appends = list.appends ?? appends;
    const previous = appends ? found?.folders ?? standard : [];
    // If a folder is listed twice, its last position applies.
    const folders = [...previous, ...list.folders].filter((f, i, all) => all.lastIndexOf(f) === i);
    found = { file, folders };
  }
  return found;
}

/** Returns the strings of `cdi_spec_dirs = […]`, which may span several lines, and its attribute. */
function listIn(
  lines: readonly string[],
): { folders: readonly string[]; appends: boolean | undefined } | undefined {
  const start = lines.findIndex((line) => /^\s*cdi_spec_dirs\s*=/.test(line));
  if (start < 0) return undefined;
  const folders: string[] = [];
  let appends: boolean | undefined;
  for (const line of lines.slice(start)) {
    for (const token of line.matchAll(/"([^"]*)"|'([^']*)'|append\s*=\s*(true|false)|#.*|\]/g)) {
      const [whole, basic, literal, attribute] = token;
      if (whole.startsWith("#")) break;
      if (whole === "]") return { folders, appends };
      if (attribute !== undefined) appends = attribute === "true";
      else folders.push(basic ?? literal ?? "");
    }
  }
  return { folders, appends };
}

/**
 * Returns the files of containers.conf that apply, the last one wins: the system's file, its drop-ins by
 * name, then the user's. Podman 6 reads only one file, the user's if there is one, then the drop-ins of all
 * folders by name; the later of two folders replaces a drop-in (configfile/parse.go of container-libs).
 */
export function appliedConfs(facts: Facts, paths: Iterable<string>): readonly string[] {
  const places = containersConfs(facts.environment["HOME"]);
  const isDropIn = (path: string) => path.includes(".conf.d/");
  const key = (path: string) =>
    places.findIndex((place) => path.startsWith(place)) * 2 + Number(isDropIn(path));
  const files = [...new Set(paths)].sort((a, b) => key(a) - key(b) || (a < b ? -1 : 1));
  if (isOlder(podmanVersionOf(facts) ?? USUAL_PODMAN, "6.0")) return files;
  const nameOf = (path: string) => path.slice(path.lastIndexOf("/") + 1);
  const dropIns = new Map(files.filter(isDropIn).map((path) => [nameOf(path), path]));
  return [
    ...files.filter((path) => !isDropIn(path)).slice(-1),
    ...[...dropIns].sort(([a], [b]) => a < b ? -1 : 1).map(([, path]) => path),
  ];
}

/** Returns the files of containers.conf(5) that rootless Podman reads; each may have a `.d` folder. */
export function containersConfs(home: string | undefined): readonly string[] {
  return [
    "/usr/share/containers/containers.conf",
    "/etc/containers/containers.conf",
    ...home === undefined ? [] : [`${home}/.config/containers/containers.conf`],
  ];
}

/** Returns a path without the symlink /var/run. */
export function realPath(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}

/** Returns the folders that Podman reads, then those that other programs may write to. */
export function knownFolders(facts: Facts): readonly string[] {
  const { read, configured } = cdiFoldersOf(facts);
  const others = [...STANDARD_FOLDERS, ...configured?.folders ?? []];
  const unread = others.filter((folder) =>
    !read.some((other) => realPath(other) === realPath(folder))
  );
  return [...new Set([...read, ...unread])];
}

/** Returns the folders whose files the user may not list. */
export function unreadableFolders(facts: Facts, folders: readonly string[]): string[] {
  return folders.filter((folder) => {
    const fact = facts.commands[`cdi-folder:${folder}`];
    return fact !== undefined && "stderr" in fact && /permission denied/i.test(fact.stderr.join());
  });
}

/** Returns the paths of the files in folders. */
export function pathsIn(facts: Facts, folders: readonly string[]): string[] {
  return folders.flatMap((folder) =>
    (outputOf(facts, `cdi-folder:${folder}`) ?? "").split("\n").filter((name) => name !== "")
      .map((name) => `${folder}/${name}`)
  );
}

/** Returns the specifications in `folders`, in their order. Podman does not read `.yml`. */
export function specsIn(facts: Facts, folders: readonly string[]): readonly CdiFile[] {
  const podman = podmanVersionOf(facts) ?? USUAL_PODMAN;
  return pathsIn(facts, folders).filter((path) => /\.(?:yaml|json)$/.test(path)).map((path) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    return { path, folder, ...readSpec(facts.commands[`cdi-spec:${path}`], podman) };
  });
}

/** Returns the specifications in folders that this Podman does not read. */
export function specsUnread(facts: Facts): readonly CdiFile[] {
  const { read } = cdiFoldersOf(facts);
  return specsIn(facts, knownFolders(facts).filter((folder) => !read.includes(folder)));
}

/** The specifications read so far: parsing is slow, and several checks need them. */
const CACHE = new WeakMap<Fact, ReadSpec>();

function readSpec(fact: Fact | undefined, podman: Version): ReadSpec {
  if (fact === undefined) return { problem: "it is not in the facts" };
  const read = CACHE.get(fact) ?? parseSpec(fact, podman);
  CACHE.set(fact, read);
  return read;
}

function parseSpec(fact: Fact, podman: Version): ReadSpec {
  if ("failed" in fact) return { problem: fact.failed };
  if (fact.exit !== 0) {
    return { problem: fact.stderr[0]?.split(": ").at(-1) ?? "it cannot be read" };
  }
  const source = fact.stdout.join("\n");
  const read = readCdiSpec(source, podman);
  if (!("problem" in read)) return { spec: read, kind: read.kind };
  const [, kind] = /(?:^|[\s{,])"?kind"?\s*:\s*["']?([\w.-]+\/[\w.-]+)/.exec(source) ?? [];
  return { ...read, kind };
}

/** Returns the path of a node on the host. */
export function hostPathOf(node: SpecNode): string {
  return node.hostPath ?? node.path;
}

/**
 * Returns the file that defines each device. The later of two folders wins; two files in one folder
 * cancel each other.
 */
export function effectiveDevices(facts: Facts): {
  readonly devices: ReadonlyMap<string, CdiFile>;
  readonly clashes: ReadonlyMap<string, readonly CdiFile[]>;
  /** Files whose devices are all redefined, and the file that does so. */
  readonly overridden: ReadonlyMap<string, CdiFile>;
} {
  const { read } = cdiFoldersOf(facts);
  const definitions = new Map<string, CdiFile[]>();
  for (const file of specsIn(facts, read)) {
    for (const device of file.spec?.devices ?? []) {
      definitions.set(device, [...definitions.get(device) ?? [], file]);
    }
  }
  const devices = new Map<string, CdiFile>();
  const clashes = new Map<string, CdiFile[]>();
  const overridden = new Map<string, CdiFile>();
  for (const [device, files] of definitions) {
    // Two files in one folder cancel a device even if a later folder defines it too (cache.go of
    // container-device-interface).
    const rivals = files.filter((file) =>
      files.some((f) => f !== file && f.folder === file.folder)
    );
    const last = files.at(-1);
    if (rivals.length > 0) clashes.set(device, rivals);
    else if (last !== undefined) devices.set(device, last);
    for (const file of rivals.length > 0 ? [] : files) {
      if (file !== last && last !== undefined) overridden.set(file.path, last);
    }
  }
  // A file is not overridden while one of its devices is in use.
  for (const file of devices.values()) overridden.delete(file.path);
  return { devices, clashes, overridden };
}

/** Returns the devices that Podman lists, which is the truth; only Podman 6 does (podman#28712). */
export function listedDevices(facts: Facts): ReadonlySet<string> | undefined {
  const { cdiSpecDirs, discoveredDevices } = podmanInfoOf(facts)?.host ?? {};
  // Without a device Podman omits the list.
  return cdiSpecDirs == null ? undefined : new Set(
    (discoveredDevices ?? []).flatMap(({ source, id }) => source === "cdi" ? id ?? [] : []),
  );
}

/**
 * Returns the nodes of CDI devices that engines compute with. A card below /dev/dri only draws, and so
 * does a render node of NVIDIA.
 */
export function nodesOfDevices(facts: Facts, devices: readonly string[]): readonly string[] {
  const { devices: defined } = effectiveDevices(facts);
  const nodes = devices.flatMap((device) => {
    const draws = device.startsWith("nvidia.com/") ? /^\/dev\/dri\// : /^\/dev\/dri\/card/;
    const { nodes = [] } = defined.get(device)?.spec?.editsOf([device]) ?? {};
    return nodes.map(hostPathOf).filter((path) => !draws.test(path));
  });
  return [...new Set(nodes)];
}

/** Returns the specifications that define at least one device. */
export function effectiveSpecs(facts: Facts): readonly CdiFile[] {
  return [...new Set(effectiveDevices(facts).devices.values())];
}
