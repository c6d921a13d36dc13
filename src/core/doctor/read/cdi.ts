/**
 * CDI specifications as Podman finds them: which folders it reads, what is in them, and which of
 * several definitions of a device counts.
 */
import { load, YAMLException } from "js-yaml";
import * as z from "zod";
import { type Fact, type Facts, outputOf, partOf } from "../../facts.ts";
import { podmanVersionOf } from "./podman.ts";
import { compareVersions } from "./version.ts";

const node = z.object({
  path: z.string(),
  hostPath: z.string().optional(),
  major: z.number().optional(),
  minor: z.number().optional(),
});

const edits = z.object({
  deviceNodes: z.array(node).nullish(),
  mounts: z.array(z.object({ hostPath: z.string() })).nullish(),
  hooks: z.array(z.object({ path: z.string() })).nullish(),
});

// The part of the CDI specification (SPEC.md of container-device-interface, 1.0) that doctor reads.
const specSchema = z.object({
  cdiVersion: z.string().regex(/^(?:0\.[1-8]\.0|1\.[01]\.0)$/, "no version of CDI that is known"),
  kind: z.string().regex(/^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/),
  devices: z.array(z.object({
    name: z.union([z.string(), z.number()]).transform(String),
    containerEdits: edits.optional(),
  })).min(1, "it defines no device").refine(
    (devices) => new Set(devices.map(({ name }) => name)).size === devices.length,
    "it defines one device twice",
  ),
  containerEdits: edits.nullish(),
});

/** A device node that a specification asks for. */
export type SpecNode = z.infer<typeof node>;

/** One file of a CDI folder. */
export interface CdiFile {
  readonly path: string;
  readonly folder: string;
  /** What it defines; nothing when it cannot be read. */
  readonly spec: CdiSpec | undefined;
  /** Why it cannot. */
  readonly problem: string | undefined;
}

/** What a specification defines. */
export interface CdiSpec {
  readonly kind: string;
  /** Full names, `kind=name`. */
  readonly devices: readonly string[];
  readonly nodes: readonly SpecNode[];
  /** Files of the host that it mounts, and hooks that it runs. */
  readonly paths: readonly string[];
}

/** The folders in which Podman looks, and why these. */
export interface CdiFolders {
  /** In rising precedence. */
  readonly read: readonly string[];
  /** What containers.conf says, and the last file that says it. */
  readonly configured: { readonly file: string; readonly folders: readonly string[] } | undefined;
  /** Whether this Podman heeds that. */
  readonly isHeeded: boolean;
}

/** Where specifications lie by the standard, in rising precedence. */
export const STANDARD_FOLDERS = ["/etc/cdi", "/var/run/cdi"];

/**
 * The folders that this Podman reads. Before 5.5 both standard ones, whatever containers.conf says
 * (podman#25691); 5.5 heeds `cdi_spec_dirs`, and without it reads /etc/cdi alone (podman#26569); from
 * 5.6 on both again (containers/common#2460).
 */
export function cdiFoldersOf(facts: Facts): CdiFolders {
  const version = podmanVersionOf(facts) ?? [5, 6, 0];
  const isHeeded = compareVersions(version, [5, 5, 0]) >= 0;
  const standard = isHeeded && compareVersions(version, [5, 6, 0]) < 0
    ? STANDARD_FOLDERS.slice(0, 1)
    : STANDARD_FOLDERS;
  const configured = configuredFolders(facts, standard);
  return { read: isHeeded && configured ? configured.folders : standard, configured, isHeeded };
}

/**
 * What containers.conf makes of `standard`: of all files the last counts, and a list with
 * `{append=true}` in it, and every later one, adds to the former (containers.conf(5)). Reads lines
 * `FILE:LINE` of `grep`.
 */
function configuredFolders(
  facts: Facts,
  standard: readonly string[],
): CdiFolders["configured"] {
  const lines = (partOf(facts, "containers-conf") ?? "").split("\n").flatMap((line) => {
    const [, file = "", text = ""] = /^(\/[^:]*):(.*)$/.exec(line) ?? [];
    return file === "" ? [] : [{ file, text }];
  });
  const files = [...new Set(lines.map(({ file }) => file))].sort(byPrecedence(facts));
  let found: CdiFolders["configured"];
  let appends = false;
  for (const file of files) {
    const list = listIn(lines.filter((line) => line.file === file).map(({ text }) => text));
    if (list === undefined) continue;
    appends = list.appends ?? appends;
    const former = appends ? found?.folders ?? standard : [];
    // A folder that is named twice counts where it is named last.
    const folders = [...former, ...list.folders].filter((f, i, all) => all.lastIndexOf(f) === i);
    found = { file, folders };
  }
  return found;
}

/** The strings of `cdi_spec_dirs = […]`, which may be on several lines, and its attribute. */
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

/** The system's file, its drop-ins by name, then the user's. */
function byPrecedence(facts: Facts): (a: string, b: string) => number {
  const places = containersConfs(facts.environment["HOME"]);
  const rank = (file: string) => places.findIndex((place) => file.startsWith(place));
  // `containers.conf` is the beginning of `containers.conf.d/…` too.
  const key = (file: string) => rank(file) * 2 + (file.includes(".conf.d/") ? 1 : 0);
  return (a, b) => key(a) - key(b) || (a < b ? -1 : 1);
}

/** The files of containers.conf(5) that rootless Podman reads; each may have a folder `.d` beside. */
export function containersConfs(home: string | undefined): readonly string[] {
  return [
    "/usr/share/containers/containers.conf",
    "/etc/containers/containers.conf",
    ...home === undefined ? [] : [`${home}/.config/containers/containers.conf`],
  ];
}

/** Every folder that is looked into: those that Podman reads, and those where others would write. */
export function knownFolders(facts: Facts): readonly string[] {
  const { read, configured } = cdiFoldersOf(facts);
  const others = [...STANDARD_FOLDERS, ...configured?.folders ?? []];
  // /var/run is a link to /run.
  const real = (folder: string) => folder.replace(/^\/var\/run\//, "/run/");
  const unread = others.filter((folder) => !read.some((other) => real(other) === real(folder)));
  return [...new Set([...read, ...unread])];
}

/** The names of files in a folder, if it could be listed. */
export function namesIn(facts: Facts, folder: string): readonly string[] {
  return (outputOf(facts, `cdi-folder:${folder}`) ?? "").split("\n").filter((name) => name !== "");
}

/** Every specification of `folders`, in rising precedence. Podman reads no `.yml`. */
export function specsIn(facts: Facts, folders: readonly string[]): readonly CdiFile[] {
  return folders.flatMap((folder) =>
    namesIn(facts, folder).filter((name) => /\.(?:yaml|json)$/.test(name)).map((name) => {
      const path = `${folder}/${name}`;
      const fact = facts.commands[`cdi-spec:${path}`];
      return { path, folder, ...readSpec(fact) };
    })
  );
}

/** Specifications in folders that this Podman does not read, though others would. */
export function specsUnread(facts: Facts): readonly CdiFile[] {
  const { read } = cdiFoldersOf(facts);
  return specsIn(facts, knownFolders(facts).filter((folder) => !read.includes(folder)));
}

/** Reading a long specification takes a while, and several checks want it. */
const READ = new WeakMap<Fact, Pick<CdiFile, "spec" | "problem">>();

function readSpec(fact: Fact | undefined): Pick<CdiFile, "spec" | "problem"> {
  if (fact === undefined) return { spec: undefined, problem: "it was not read" };
  const known = READ.get(fact);
  if (known !== undefined) return known;
  const read = readSpecAnew(fact);
  READ.set(fact, read);
  return read;
}

function readSpecAnew(fact: Fact): Pick<CdiFile, "spec" | "problem"> {
  if ("failed" in fact) return { spec: undefined, problem: fact.failed };
  if (fact.exit !== 0) {
    const words = fact.stderr[0]?.split(": ").at(-1) ?? "it cannot be read";
    return { spec: undefined, problem: words };
  }
  try {
    // JSON is YAML too.
    const value: unknown = load(fact.stdout.join("\n"));
    if (value === undefined || value === null) return { spec: undefined, problem: "it is empty" };
    const read = specSchema.safeParse(value);
    if (read.success) return { spec: specOf(read.data), problem: undefined };
    const issue = read.error.issues[0];
    return {
      spec: undefined,
      problem: `${issue?.path.join(".") || "the file"}: ${issue?.message}`,
    };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark === undefined ? "" : ` in line ${error.mark.line + 1}`;
    return { spec: undefined, problem: `${error.reason}${line}` };
  }
}

function specOf(spec: z.infer<typeof specSchema>): CdiSpec {
  const all = [spec.containerEdits, ...spec.devices.map((device) => device.containerEdits)];
  const nodes = new Map(all.flatMap((e) => e?.deviceNodes ?? []).map((n) => [n.path, n]));
  return {
    kind: spec.kind,
    devices: spec.devices.map(({ name }) => `${spec.kind}=${name}`),
    nodes: [...nodes.values()],
    paths: [
      ...new Set(all.flatMap((e) => [
        ...(e?.mounts ?? []).map((mount) => mount.hostPath),
        ...(e?.hooks ?? []).map((hook) => hook.path),
      ])),
    ],
  };
}

/** The path of a node on the host. */
export function hostPathOf(node: SpecNode): string {
  return node.hostPath ?? node.path;
}

/**
 * Which file defines each device that Podman can resolve: of two folders the later one counts; two
 * files of one folder take each other out.
 */
export function effectiveDevices(facts: Facts): {
  readonly devices: ReadonlyMap<string, CdiFile>;
  readonly clashes: ReadonlyMap<string, readonly CdiFile[]>;
  /** Files whose devices another one redefines. */
  readonly hidden: ReadonlyMap<string, CdiFile>;
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
  const hidden = new Map<string, CdiFile>();
  for (const [device, files] of definitions) {
    // Two files of one folder, even of one that a later folder hides, take the name out for good
    // (cache.go of container-device-interface).
    const rivals = files.filter((file) =>
      files.some((f) => f !== file && f.folder === file.folder)
    );
    const last = files.at(-1);
    if (rivals.length > 0) clashes.set(device, rivals);
    else if (last !== undefined) devices.set(device, last);
    for (const file of rivals.length > 0 ? [] : files) {
      if (file !== last && last !== undefined) hidden.set(file.path, last);
    }
  }
  // A file of which one device still counts is not hidden.
  for (const file of devices.values()) hidden.delete(file.path);
  return { devices, clashes, hidden };
}

/**
 * The nodes by which engines compute, of CDI devices that can be resolved. A card below /dev/dri
 * only draws, and so does a renderer of NVIDIA's.
 */
export function nodesOfDevices(facts: Facts, devices: readonly string[]): readonly string[] {
  const { devices: defined } = effectiveDevices(facts);
  const nodes = devices.flatMap((device) => {
    const draws = device.startsWith("nvidia.com/") ? /^\/dev\/dri\// : /^\/dev\/dri\/card/;
    return (defined.get(device)?.spec?.nodes ?? []).map(hostPathOf).filter((p) => !draws.test(p));
  });
  return [...new Set(nodes)];
}

/** The specifications that count for at least one device, each once. */
export function effectiveSpecs(facts: Facts): readonly CdiFile[] {
  return [...new Set(effectiveDevices(facts).devices.values())];
}
