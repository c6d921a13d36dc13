import { QUADLET_SECTIONS, type TomlPath } from "../codex/mod.ts";
import { type Finding, finding, type Place } from "../report/mod.ts";
import {
  type Directive,
  QUADLET_KEYS,
  type QuadletKey,
  type Section,
  SYSTEMD_COMMANDS,
  SYSTEMD_KEYS,
  SYSTEMD_LISTS,
  type Unit,
  writeExecWord,
  writeText,
  writeToken,
  writeVariable,
  writeWord,
  type Written,
} from "../rune/mod.ts";

/** The oldest Podman whose Quadlet lychd works with. */
export const PODMAN_FLOOR = "5.4";

/** A table of the Codex that has a table `quadlet`. */
export interface Passing {
  readonly quadlet: Readonly<Record<string, Readonly<Record<string, Value | readonly Value[]>>>>;
  placeOf(path: TomlPath): Place;
  keyOf(path: TomlPath): Place;
}

type Value = string | number | boolean;

/** Keys that cannot be set, `Section.Key`, and why. */
export type Reserved = Readonly<Record<string, string>>;

/** One key of `quadlet`, escaped: its lines, and whether they come beside lychd's or replace them. */
interface PassedKey {
  readonly section: string;
  readonly key: string;
  readonly directives: readonly Directive[];
  readonly adds: boolean;
}

const NAMESPACE = "the containers of a pod share its user namespace";
// Seen with Podman 5.4.2: the container is refused when it is made.
const POD_NETWORK = "the containers of a pod share its network, addresses and names";
const SWAPS = "the sixth swap within ten seconds would fail";
const START_LIMIT_KEYS = ["StartLimitIntervalSec", "StartLimitInterval", "StartLimitBurst"];

type SectionName = (typeof QUADLET_SECTIONS)[number];

/** Why a key cannot be set in any container: what it would break, or where it belongs. */
const RESERVED: Reserved = {
  "Container.Pod": "all containers live in one pod",
  "Container.ContainerName": "lychd finds the container by it",
  "Container.ServiceName": "other units name the service",
  "Container.Network": "the container has the network of the pod",
  "Container.Image": "use `image`",
  "Container.Rootfs": "use `image`",
  ...perKey("Container", ["AddHost", "HostName", "IP", "IP6", "NetworkAlias"], POD_NETWORK),
  ...perKey("Container", ["UserNS", "UIDMap", "GIDMap", "SubUIDMap", "SubGIDMap"], NAMESPACE),
  ...perKey("Container", ["RemapUsers", "RemapUid", "RemapGid", "RemapUidSize"], NAMESPACE),
  ...perKey("Service", ["Type", "KillMode", "NotifyAccess", "Delegate"], "Quadlet sets it"),
  ...perKey("Service", ["ExecStart", "ExecStop"], "Quadlet writes it"),
};

/** Those of a Soulstone. */
export const ENGINE_RESERVED: Reserved = {
  ...RESERVED,
  "Container.StartWithPod": "the pod must start without its engines",
  "Container.PublishPort": "the pod publishes the ports; see `port` and `port_expose`",
  "Container.Exec": "use `exec`",
  ...perKey("Service", ["ExecStart", "ExecStop"], "Quadlet writes it; use `exec`"),
  ...perKey("Unit", START_LIMIT_KEYS, SWAPS),
  ...perKey("Service", START_LIMIT_KEYS, SWAPS),
  ...perKey("Install", ["WantedBy", "RequiredBy"], "see `boot_coven` of lychd.toml"),
  "Install.UpheldBy": "an engine that is always started again could not be banished",
  "Install.Alias": "the law of Covens is written in the unit's own name",
};

/** Those of a Watcher. */
export const WATCHER_RESERVED: Reserved = {
  ...RESERVED,
  "Container.StartWithPod": "lychd-watchers.target starts it",
  "Container.PublishPort": "the pod publishes the ports; see `port`",
  "Container.Exec": "lychd writes its flags",
  ...perKey("Container", ["User", "Group"], "its files are for the operator's eyes alone"),
  "Service.ExecReload": "lychd writes it",
  ...perKey("Service", ["RuntimeDirectory", "RuntimeDirectoryPreserve"], "lychd writes it"),
  ...perKey("Install", ["WantedBy", "RequiredBy", "UpheldBy"], "lychd-watchers.target starts it"),
  "Install.Alias": "other units name the service",
};

/** Why a key of an engine's `quadlet` cannot be set; nothing when it can. */
export function whyReserved(section: string, key: string): string | undefined {
  return ENGINE_RESERVED[`${section}.${key}`];
}

function perKey(section: string, keys: readonly string[], why: string): Record<string, string> {
  return Object.fromEntries(keys.map((key) => [`${section}.${key}`, why]));
}

/**
 * Values that Podman 5.4's generator takes badly: it drops the unit, or crashes, and says so only in
 * the journal.
 */
const RULES: Readonly<Record<string, (value: string) => string | undefined>> = {
  "Container.ExposeHostPort": (value) =>
    /^\d{1,5}(?:-\d{1,5})?(?:\/(?:tcp|udp|sctp))?$/.test(value) ? undefined : "it must be a port",
  "Container.Volume": (value) =>
    /^[^/:]*\.(?:volume|image|build)(?::|$)/.test(value) ? OTHER_UNIT : undefined,
  "Container.Mount": mountProblem,
};

/** Lists whose elements do not go together: Podman keeps the user's groups, or adds others. */
const REPLACING = new Set(["Container.GroupAdd"]);

const OTHER_UNIT = "it names a Quadlet unit, and lychd writes none of those";

/** The generator of 5.4 crashes on a bind or image mount without a source. */
function mountProblem(value: string): string | undefined {
  // It is a record of CSV to Podman; quotes in it are seldom meant and easily wrong.
  if (value.includes('"')) return "it has a double quote";
  const options = new Map(
    value.split(",").map((option) => [option.split("=")[0], option.slice(option.indexOf("=") + 1)]),
  );
  const type = options.get("type") ?? "";
  if (!/^(?:artifact|bind|devpts|glob|image|ramfs|tmpfs|volume)$/.test(type)) {
    return "it must begin with type=bind, type=tmpfs or another type of `podman run --mount`";
  }
  const source = options.get("source") ?? options.get("src");
  if (source === "") return "its source is empty";
  if (source === undefined) {
    return /^(?:bind|glob|image)$/.test(type) ? `a ${type} mount needs source=` : undefined;
  }
  return /\.(?:volume|image|build)$/.test(source) ? OTHER_UNIT : undefined;
}

/**
 * `unit` with the keys of `quadlet`: those that lychd writes itself are merged in their place, all
 * others go into `passed`, which templates put behind the rest of a section. A key that takes a list
 * comes beside lychd's own lines, any other replaces them.
 */
export function mergePassed(
  unit: Unit,
  passing: Passing,
  reserved: Reserved,
): { unit: Unit; passed: Unit; findings: Finding[] } {
  const { keys: passedKeys, findings } = readPassed(passing, reserved);
  const merged: Record<string, Section> = { ...unit };
  const rest: Record<string, Section> = {};
  for (const { section, key, directives, adds } of passedKeys) {
    const keys = merged[section] ?? {};
    const own = Object.hasOwn(keys, key) ? keys[key] : undefined;
    // An empty list writes no line, so it must not bring the section either.
    if (own === undefined && directives.length === 0) continue;
    if (own === undefined) rest[section] = { ...rest[section], [key]: directives };
    else merged[section] = { ...keys, [key]: adds ? [...own, ...directives] : directives };
  }
  // Who says when to restart says it for a start that failed too.
  const prevent = merged["Service"]?.["RestartPreventExitStatus"];
  const saysWhen = passedKeys.some(({ section, key }) =>
    section === "Service" && key === "Restart"
  );
  if (saysWhen && prevent !== undefined) {
    merged["Service"] = { ...merged["Service"], RestartPreventExitStatus: [] };
  }
  return { unit: merged, passed: rest, findings };
}

/** Reads the table `quadlet`: every key escaped for its place. */
function readPassed(
  passing: Passing,
  reserved: Reserved,
): { keys: PassedKey[]; findings: Finding[] } {
  const keys: PassedKey[] = [];
  const findings: Finding[] = [];
  for (const [section, table] of Object.entries(passing.quadlet)) {
    if (!isSection(section)) {
      findings.push(finding("quadlet-group-unknown", passing.keyOf(["quadlet", section]), {
        value: section,
        known: QUADLET_SECTIONS,
      }));
      continue;
    }
    for (const [key, value] of Object.entries(table)) {
      const refused = refuse(passing, reserved, section, key);
      findings.push(...refused);
      if (refused.some((f) => f.severity === "error")) continue;
      const values = Array.isArray(value) ? value : [value];
      const { texts, problems } = writeKey(section, key, values.map(String));
      for (const { problem, index } of problems) {
        const path = ["quadlet", section, key, ...(Array.isArray(value) ? [index] : [])];
        const field = `quadlet.${section}.${key}`;
        findings.push(finding("text-unfit", passing.placeOf(path), { field, problem }));
      }
      if (problems.length > 0) continue;
      const from = passing.placeOf(["quadlet", section, key]);
      keys.push({
        section,
        key,
        directives: texts.map((text) => ({ text, from })),
        adds: isList(section, key) && !REPLACING.has(`${section}.${key}`),
      });
    }
  }
  return { keys, findings };
}

function isSection(text: string): text is SectionName {
  return (QUADLET_SECTIONS as readonly string[]).includes(text);
}

function quadletKey(section: SectionName, key: string): QuadletKey | undefined {
  if (section !== "Container" && section !== "Quadlet") return undefined;
  const table = QUADLET_KEYS[section];
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function isList(section: SectionName, key: string): boolean {
  return quadletKey(section, key)?.list ?? SYSTEMD_LISTS.has(key);
}

function refuse(
  passing: Passing,
  reserved: Reserved,
  section: SectionName,
  key: string,
): Finding[] {
  const place = passing.keyOf(["quadlet", section, key]);
  const why = reserved[`${section}.${key}`];
  if (why !== undefined) return [finding("quadlet-key-reserved", place, { section, key, why })];
  if (
    key === "Group" && section === "Container" &&
    passing.quadlet["Container"]?.["User"] === undefined
  ) {
    const problem = "Quadlet takes it only together with User";
    return [finding("text-unfit", place, { field: "quadlet.Container.Group", problem })];
  }
  if (section === "Container" || section === "Quadlet") {
    const known = quadletKey(section, key);
    if (known === undefined) {
      const names = Object.keys(QUADLET_KEYS[section]).filter((k) =>
        !(`${section}.${k}` in reserved)
      );
      return [finding("quadlet-key-unknown", place, { section, key, known: names })];
    }
    return isNewer(known.since, PODMAN_FLOOR)
      ? [finding("quadlet-key-new", place, { section, key, since: known.since })]
      : [];
  }
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(key)) {
    return [finding("text-unfit", place, { field: key, problem: "it is no name of a directive" })];
  }
  const known = SYSTEMD_KEYS[section];
  return known.has(key) || key.startsWith("X-")
    ? []
    : [finding("directive-unknown", place, { section, key, known: [...known] })];
}

/** True when version `a` is newer than `b`; both are MAJOR.MINOR. */
function isNewer(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor > bMajor || aMajor === bMajor && aMinor > bMinor;
}

/** The lines of a key, one for each value, and what is wrong with others. */
function writeKey(
  section: SectionName,
  key: string,
  values: readonly string[],
): { texts: readonly string[]; problems: readonly { problem: string; index: number }[] } {
  const texts: string[] = [];
  const problems: { problem: string; index: number }[] = [];
  const list = isList(section, key);
  for (const [index, value] of values.entries()) {
    const broken = RULES[`${section}.${key}`]?.(value);
    const written = value === ""
      ? { problem: list ? "an empty value would reset what lychd writes" : "it is empty" }
      : index > 0 && !list
      ? { problem: "the key takes one value, not a list" }
      : broken !== undefined
      ? { problem: broken }
      : writeValue(section, key, value);
    if ("problem" in written) problems.push({ problem: written.problem, index });
    else texts.push(written.text);
  }
  return { texts, problems };
}

function writeValue(section: SectionName, key: string, value: string): Written {
  const known = quadletKey(section, key);
  switch (known?.value) {
    case undefined:
      return writeText(value, {
        command: section === "Service" && SYSTEMD_COMMANDS.has(key),
        quotesStripped: false,
      });
    case "pairs":
      if (!value.includes("=")) return { problem: "it must be NAME=VALUE, or Quadlet drops it" };
      return key === "Environment" ? writeVariable(value) : writeWord(value);
    case "words":
      return writeExecWord(value);
    case "tokens":
      return value.startsWith("-") && key === "AddDevice"
        ? { problem: "with a leading `-` Podman always leaves a CDI device out" }
        : writeToken(value);
    case "boolean":
      return /^(?:true|false)$/.test(value)
        ? { text: value }
        : { problem: "it must be true or false; Quadlet takes anything else for false" };
    case "number":
      return /^\d+$/.test(value) ? { text: value } : { problem: "it must be a whole number" };
    case "text":
      return writeText(value, { command: true, quotesStripped: !known.list });
  }
}
