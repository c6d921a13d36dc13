/**
 * Reads one CDI specification as strictly as the library in Podman does: its fields and their types, its
 * names, and the version that its fields need. The rules are those of `specs-go` and `pkg/cdi` in
 * tags.cncf.io/container-device-interface 0.8.0, 1.0.1 and 1.1.2.
 */
import { CORE_SCHEMA, load, mergeTag, YAMLException } from "js-yaml";
import * as z from "zod/mini";
import { WORDS } from "../../facts.ts";
import { isOlder, type Version } from "./version.ts";

/** All versions of the specification that the library knows; it refuses others, such as 0.5. */
const VERSIONS = ["0.3.0", "0.4.0", "0.5.0", "0.6.0", "0.7.0", "0.8.0", "1.0.0", "1.1.0"];

/** The newest version that each Podman knows, by the library in its go.mod. */
const NEWEST = [["6.0", "1.1.0"], ["5.5", "1.0.0"], ["5.2", "0.8.0"], ["0.0", "0.6.0"]] as const;

/** YAML reads a name such as `0` as a number; the library takes it as text. */
const text = z.pipe(
  z.union([z.string(), z.number(), z.boolean()], {
    error: ({ input }) => input === undefined ? "is missing" : "is not text",
  }),
  z.transform(String),
);
const filled = text.check(z.refine((value) => value !== "", "is empty"));
const whole = z.optional(z.int());
const unsigned = z.int().check(z.gte(0), z.lte(2 ** 32 - 1));
const matching = (pattern: RegExp, problem: string) =>
  text.check(z.refine((value) => pattern.test(value), problem));
const list = <T extends z.core.$ZodType>(element: T) => z.prefault(z.array(element), []);

/** The library takes null in a list of words as an empty one. */
const word = z.nullable(text);
const words = list(word);
const env = list(matching(/^[^=]+=/, "is not of the form NAME=VALUE"));

const KIND = /^[A-Za-z](?:[\w.-]*[A-Za-z0-9])?\/[A-Za-z](?:[\w.-]*[A-Za-z0-9])?$/;
const DEVICE = /^[A-Za-z0-9](?:[\w.:-]*[A-Za-z0-9])?$/;
const HOOK = /^(?:prestart|createRuntime|createContainer|startContainer|poststart|poststop)$/;

/** A key as in Kubernetes: a name of at most 63 characters, with or without a domain before it. */
const ANNOTATION =
  /^(?:(?=.{1,253}\/)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*\/)?(?=.{1,63}$)[a-z0-9](?:[\w.-]*[a-z0-9])?$/i;

const annotations = z.prefault(
  z.record(matching(ANNOTATION, "is not the name of an annotation"), text),
  {},
);

const deviceNode = (permissions: RegExp) =>
  z.strictObject({
    path: filled,
    hostPath: z.optional(text),
    type: z.optional(matching(/^[bcup]?$/, "is not a type of nodes: b, c, u or p")),
    major: whole,
    minor: whole,
    fileMode: z.optional(unsigned),
    permissions: z.optional(matching(permissions, "has other letters than r, w and m")),
    uid: z.optional(unsigned),
    gid: z.optional(unsigned),
  });

const hook = z.strictObject({
  hookName: matching(HOOK, "is not the name of a hook"),
  path: filled,
  args: words,
  env,
  timeout: whole,
});

const mount = z.strictObject({
  hostPath: filled,
  containerPath: filled,
  options: words,
  type: z.optional(text),
});

const netDevices = list(z.strictObject({ hostInterfaceName: filled, name: filled })).check(
  z.refine(
    (devices) =>
      areUnique(devices.map((device) => device.hostInterfaceName)) &&
      areUnique(devices.map((device) => device.name)),
    "has a device twice",
  ),
);

/** Returns the schema of a library by the newest version that it knows. */
function schemaOf(newest: string) {
  const knows = (version: string) => VERSIONS.indexOf(version) <= VERSIONS.indexOf(newest);
  const intelRdt = z.strictObject({
    closID: z.optional(matching(/^(?:\/|(?!\.{1,2}$)[^/\n]{0,4095})$/, "is not a file name")),
    l3CacheSchema: z.optional(text),
    memBwSchema: z.optional(text),
    ...knows("1.1.0")
      ? { schemata: z.optional(z.array(word)), enableMonitoring: z.optional(z.boolean()) }
      : { enableCMT: z.optional(z.boolean()), enableMBM: z.optional(z.boolean()) },
  });
  const edits = z.prefault(
    z.strictObject({
      env,
      deviceNodes: list(deviceNode(knows("1.1.0") ? /^(?:[rwm]*|none)$/ : /^[rwm]*$/)),
      hooks: list(hook),
      mounts: list(mount),
      additionalGids: knows("0.7.0") ? list(unsigned) : z.optional(z.never()),
      intelRdt: knows("0.7.0") ? z.optional(intelRdt) : z.optional(z.never()),
      netDevices: knows("1.1.0") ? netDevices : z.optional(z.never()),
    }),
    {},
  );
  const device = z.strictObject({
    name: matching(DEVICE, "is not the name of a device"),
    annotations,
    containerEdits: edits.check(
      z.refine(
        (all) => Object.values(all).some((part) => Array.isArray(part) ? part.length > 0 : part),
        "is empty: the device would change nothing",
      ),
    ),
  });
  return z.strictObject({
    cdiVersion: text.check(
      z.refine(
        (version) => VERSIONS.includes(plain(version)) && knows(plain(version)),
        `is not a version that this Podman knows: ${VERSIONS[0]} to ${newest}`,
      ),
    ),
    kind: matching(KIND, "is not of the form vendor/class"),
    annotations,
    devices: list(device).check(
      z.refine((devices) => devices.length > 0 || !knows("1.0.0"), "is empty"),
      z.refine((devices) => areUnique(devices.map(({ name }) => name)), "has a device twice"),
    ),
    containerEdits: edits,
  });
}

type Spec = z.infer<ReturnType<typeof schemaOf>>;

/** A device node in a specification. */
export type SpecNode = z.infer<ReturnType<typeof deviceNode>>;

/** The nodes and files of the host that a container gets with devices. */
export interface CdiEdits {
  readonly nodes: readonly SpecNode[];
  /** The files that it mounts, and its hooks. */
  readonly paths: readonly string[];
}

/** The content of a specification. */
export interface CdiSpec {
  readonly kind: string;
  /** Full names, `kind=name`. */
  readonly devices: readonly string[];
  /** Returns the edits of devices, and those that all devices of the specification share. */
  readonly editsOf: (devices: readonly string[]) => CdiEdits;
}

/** The reason why Podman refuses a specification. */
export interface CdiProblem {
  readonly problem: string;
  /** Set if only a newer Podman knows its version. */
  readonly tooNew?: {
    readonly version: string;
    /** The first Podman that knows it. */
    readonly podman: string;
    /** The newest version that this Podman knows, if the fields of the file need no newer one. */
    readonly lower: string | undefined;
  };
}

/** The schemas in use, by the newest version. */
const SCHEMAS = new Map<string, ReturnType<typeof schemaOf>>();

/**
 * Reads a specification as this version of Podman does, or returns the reason why it refuses it.
 *
 * @example
 * ```ts
 * import { readCdiSpec } from "./cdi_spec.ts";
 * const device = "{name: all, containerEdits: {env: [A=1]}}";
 * const spec = readCdiSpec(`cdiVersion: 0.5.0\nkind: acme.com/gpu\ndevices: [${device}]`, [5, 4, 2]);
 * "kind" in spec && spec.devices; // ["acme.com/gpu=all"]
 * readCdiSpec("cdiVersion: 0.5", [5, 4, 2]);
 * // { problem: "cdiVersion is not a version that this Podman knows: 0.3.0 to 0.8.0" }
 * ```
 */
export function readCdiSpec(
  source: string,
  podman: Version,
): CdiSpec | CdiProblem {
  const [, newest = ""] = NEWEST.find(([since]) => !isOlder(podman, since)) ?? [];
  try {
    // JSON is a subset of YAML. The library reads only the first document.
    const folds = VERSIONS.indexOf(newest) < VERSIONS.indexOf("1.1.0");
    const value = withoutNulls(load(firstDocument(source), { schema: YAML }), folds);
    if (value === undefined) return { problem: "the file is empty" };
    const read = cachedSchema(newest).safeParse(value, WORDS);
    if (!read.success) {
      const tooNew = tooNewFor(newest, value);
      return { problem: problemOf(read.error.issues[0]), ...tooNew && { tooNew } };
    }
    const [needed = "", field] = neededVersion(read.data);
    return VERSIONS.indexOf(needed) > VERSIONS.indexOf(plain(read.data.cdiVersion))
      ? { problem: `cdiVersion must be at least ${needed}, because of ${field}` }
      : contentOf(read.data);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark === undefined ? "" : ` in line ${error.mark.line + 1}`;
    return { problem: `${error.reason}${line}` };
  }
}

function cachedSchema(newest: string) {
  const schema = SCHEMAS.get(newest) ?? schemaOf(newest);
  SCHEMAS.set(newest, schema);
  return schema;
}

/** Returns the versions of a specification that is valid, but not for a library that knows `newest`. */
function tooNewFor(newest: string, value: unknown): CdiProblem["tooNew"] {
  const { data } = cachedSchema(NEWEST[0][1]).safeParse(value);
  const version = plain(data?.cdiVersion ?? "");
  if (data === undefined || VERSIONS.indexOf(version) <= VERSIONS.indexOf(newest)) return undefined;
  const [podman = ""] =
    NEWEST.findLast(([, known]) => VERSIONS.indexOf(known) >= VERSIONS.indexOf(version)) ?? [];
  const lowered = Object.assign({}, value, { cdiVersion: newest });
  const isLowerEnough = cachedSchema(newest).safeParse(lowered).success;
  return { version, podman, lower: isLowerEnough ? newest : undefined };
}

const YAML = CORE_SCHEMA.withTags(mergeTag);

/** Returns the text up to the start of a second document. */
function firstDocument(source: string): string {
  const start = /^(?:\s*(?:[#%].*)?\n)*(?:---(?=\s))?/.exec(source)?.[0].length ?? 0;
  const end = source.slice(start).search(/^(?:---|\.\.\.)(?=\s|$)/m);
  return end < 0 ? source : source.slice(0, start + end);
}

/** The names of all fields, by their lower case. */
const FIELDS = new Map(
  ("cdiVersion kind annotations devices containerEdits name env deviceNodes hooks mounts additionalGids intelRdt " +
    "path hostPath type major minor fileMode permissions uid gid hookName args timeout containerPath options " +
    "closID l3CacheSchema memBwSchema enableCMT enableMBM").split(" ")
    .map((name) => [name.toLowerCase(), name]),
);

/**
 * Unsets the fields that are null, as the library does. In a list, null stays. With `folds`, upper and lower
 * case of field names are the same: until 1.1.0 the library read them as JSON of Go.
 */
function withoutNulls(value: unknown, folds: boolean): unknown {
  if (Array.isArray(value)) return value.map((element) => withoutNulls(element, folds) ?? null);
  if (typeof value !== "object" || value === null) return value ?? undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => {
      const name = folds ? FIELDS.get(key.toLowerCase()) ?? key : key;
      return [name, withoutNulls(field, folds && name !== "annotations")];
    }),
  );
}

function problemOf(issue: z.core.$ZodIssue | undefined): string {
  const path = issue?.path.join(".") ?? "";
  if (issue?.code === "unrecognized_keys") {
    return `unknown field ${JSON.stringify(issue.keys[0])}${path === "" ? "" : ` in ${path}`}`;
  }
  if (issue?.code === "custom" || issue?.code === "invalid_union") {
    return `${path} ${issue.message}`;
  }
  return `${path || "top level"}: ${issue?.message}`;
}

/** Returns the version that the fields need, and the field that needs it. */
function neededVersion(spec: Spec): readonly [version: string, field: string, isUsed: boolean] {
  const { kind, devices } = spec;
  const edits = [spec.containerEdits, ...devices.map((device) => device.containerEdits)];
  const has = (holds: (part: typeof edits[number]) => unknown) => edits.some(holds);
  const rules: (readonly [version: string, field: string, isUsed: boolean])[] = [
    ["1.1.0", "netDevices", has((part) => (part.netDevices ?? []).length > 0)],
    ["1.1.0", "intelRdt.schemata", has(({ intelRdt = {} }) => "schemata" in intelRdt)],
    [
      "1.1.0",
      "intelRdt.enableMonitoring",
      has(({ intelRdt = {} }) => "enableMonitoring" in intelRdt && intelRdt.enableMonitoring),
    ],
    ["0.7.0", "intelRdt", has(({ intelRdt }) => intelRdt !== undefined)],
    ["0.7.0", "additionalGids", has((part) => (part.additionalGids ?? []).length > 0)],
    [
      "0.6.0",
      "annotations",
      [spec, ...devices].some((part) => Object.keys(part.annotations).length > 0),
    ],
    ["0.6.0", "the dot in the class of kind", kind.slice(kind.indexOf("/")).includes(".")],
    ["0.5.0", "a name that starts with a digit", devices.some(({ name }) => /^\d/.test(name))],
    ["0.5.0", "hostPath", has((part) => part.deviceNodes.some((node) => node.hostPath))],
    ["0.4.0", "the type of a mount", has((part) => part.mounts.some((mount) => mount.type))],
  ];
  return rules.find(([, , isUsed]) => isUsed) ?? ["0.3.0", "", true];
}

function contentOf({ kind, devices, containerEdits }: Spec): CdiSpec {
  const own = new Map(
    devices.map(({ name, containerEdits }) => [`${kind}=${name}` as string, containerEdits]),
  );
  return {
    kind,
    devices: [...own.keys()],
    editsOf: (names) => editsIn([containerEdits, ...names.flatMap((name) => own.get(name) ?? [])]),
  };
}

function editsIn(parts: readonly Spec["containerEdits"][]): CdiEdits {
  const nodes = new Map(parts.flatMap((edits) => edits.deviceNodes).map((n) => [n.path, n]));
  const paths = parts.flatMap((edits) => [
    ...edits.mounts.map((mount) => mount.hostPath),
    ...edits.hooks.map((hook) => hook.path),
  ]);
  return { nodes: [...nodes.values()], paths: [...new Set(paths)] };
}

/** Returns a version without the leading v that the library permits. */
function plain(version: string): string {
  return version.replace(/^v/, "");
}

function areUnique(values: readonly string[]): boolean {
  return new Set(values).size === values.length;
}
