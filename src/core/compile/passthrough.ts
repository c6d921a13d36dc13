import { QUADLET_SECTIONS, type TomlPath } from "../codex/mod.ts";
import { type Finding, finding, hasErrors, type Place } from "../report/mod.ts";
import {
  parseRunOptions,
  QUADLET_KEYS,
  type QuadletKey,
  type Section,
  SYSTEMD_COMMANDS,
  SYSTEMD_KEYS,
  SYSTEMD_LISTS,
  SYSTEMD_VERBATIM,
  type Unit,
  writeExecWord,
  writeText,
  writeToken,
  writeVariable,
  writeWord,
  type Written,
} from "../rune/mod.ts";
import { isShellLine, writeHealthCommand } from "./health.ts";
import { optionFindings } from "./podman_args.ts";
import { type Rules, weaknesses } from "./quadlet_rules.ts";

/** The oldest Podman version that lychd supports. */
export const PODMAN_FLOOR = "5.4";

/** A table of the Codex with a `quadlet` table. */
export interface Passing {
  readonly quadlet: Readonly<Record<string, Readonly<Record<string, Value | readonly Value[]>>>>;
  placeOf(path: TomlPath): Place;
  keyOf(path: TomlPath): Place;
}

type Value = string | number | boolean;

type SectionName = (typeof QUADLET_SECTIONS)[number];

/** Checks of values with which the generator of Podman 5.4 drops the unit or crashes. */
const PROBLEMS: Readonly<Record<string, (value: string) => string | undefined>> = {
  "Container.ExposeHostPort": (value) =>
    /^\d{1,5}(?:-\d{1,5})?(?:\/(?:tcp|udp|sctp))?$/.test(value) ? undefined : "it must be a port",
  "Container.Volume": (value) =>
    /^[^/:]*\.(?:volume|image|build)(?::|$)/.test(value) ? OTHER_UNIT : undefined,
  "Container.EnvironmentFile": (value) =>
    value.startsWith("-")
      ? "Quadlet knows no optional file, and reads the `-` as a part of it"
      : undefined,
  "Container.Mount": mountProblem,
  "Service.Restart": (value) =>
    /^(?:no|always|on-(?:success|failure|abnormal|watchdog|abort))$/.test(value)
      ? undefined
      : "systemd ignores it; it restarts no, always, on-failure, on-abnormal, on-abort, on-watchdog " +
        "or on-success",
};

/** Lists that replace lychd's own: `keep-groups` cannot be combined with other groups. */
const REPLACING = new Set(["Container.GroupAdd"]);

const OTHER_UNIT = "it names a Quadlet unit that lychd does not write";

/** Checks a mount: the generator of 5.4 crashes on a bind, image or volume mount without a source. */
function mountProblem(value: string): string | undefined {
  // Podman reads the value as CSV, in which a quote is almost always a mistake.
  if (value.includes('"')) return "it contains a double quote";
  const options = new Map(
    value.split(",").map((option) => [option.split("=")[0], option.slice(option.indexOf("=") + 1)]),
  );
  const type = options.get("type") ?? "";
  if (!/^(?:artifact|bind|devpts|glob|image|ramfs|tmpfs|volume)$/.test(type)) {
    return "it must start with type=bind, type=tmpfs or another type of `podman run --mount`";
  }
  const source = options.get("source") ?? options.get("src");
  if (source === "") return "its source is empty";
  if (source === undefined) {
    return /^(?:bind|glob|image|volume)$/.test(type) ? `a ${type} mount needs source=` : undefined;
  }
  return /\.(?:volume|image|build)$/.test(source) ? OTHER_UNIT : undefined;
}

/**
 * Adds the keys of `quadlet` to a unit. The lines of a list follow lychd's own lines of the key; any
 * other key replaces them. Keys that lychd does not write are added at the end of their section.
 */
export function mergePassed(
  unit: Unit,
  passing: Passing,
  rules: Rules,
): { unit: Unit; findings: Finding[] } {
  const merged: Record<string, Section> = { ...unit };
  const findings: Finding[] = [];
  // An operator who sets the restart policy sets it for failed starts too.
  const { Service } = unit;
  if (passing.quadlet["Service"]?.["Restart"] !== undefined && Service?.RestartPreventExitStatus) {
    merged["Service"] = { ...Service, RestartPreventExitStatus: [] };
  }
  // Podman combines `keep-groups` with no other group.
  if (addsGroups(passing)) merged["Container"] = { ...unit["Container"], GroupAdd: [] };
  for (const [section, table] of Object.entries(passing.quadlet)) {
    if (!isSection(section)) {
      const known = QUADLET_SECTIONS;
      const place = passing.keyOf(["quadlet", section]);
      findings.push(finding("quadlet-group-unknown", place, { value: section, known }));
      continue;
    }
    const keys: Record<string, Section[string]> = { ...merged[section] };
    for (const [key, value] of Object.entries(table)) {
      const refused = refuse(passing, rules, section, key);
      findings.push(...refused);
      if (hasErrors(refused)) continue;
      const name = `${section}.${key}`;
      findings.push(...valueFindings(passing, rules, section, key));
      const lines = [value].flat().flatMap((element, i) => {
        const path = ["quadlet", section, key, ...Array.isArray(value) ? [i] : []];
        const from = passing.placeOf(path);
        const written = writeElement(section, key, String(element), i);
        if ("text" in written) return [{ text: written.text, from }];
        const { problem } = written;
        findings.push(finding("text-unfit", from, { field: `quadlet.${name}`, problem }));
        return [];
      });
      const adds = isList(section, key) && !REPLACING.has(name) && Object.hasOwn(keys, key);
      keys[key] = adds ? [...keys[key] ?? [], ...lines] : lines;
    }
    if (Object.keys(keys).length > 0) merged[section] = keys;
  }
  return { unit: merged, findings };
}

/** Returns true if an option of `PodmanArgs` adds groups. */
function addsGroups({ quadlet }: Passing): boolean {
  const words = [quadlet["Container"]?.["PodmanArgs"] ?? []].flat().map(String);
  return parseRunOptions(words).options.some(({ name }) => name === "group-add");
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
  rules: Rules,
  section: SectionName,
  key: string,
): Finding[] {
  const place = passing.keyOf(["quadlet", section, key]);
  const rule = rules[`${section}.${key}`];
  if (rule !== undefined && rule.refused === undefined) {
    const { why, instead } = rule;
    return [finding("quadlet-key-reserved", place, { section, key, why, instead })];
  }
  if (
    key === "Group" && section === "Container" &&
    passing.quadlet["Container"]?.["User"] === undefined
  ) {
    const problem = "Quadlet accepts it only together with User";
    return [finding("text-unfit", place, { field: "quadlet.Container.Group", problem })];
  }
  if (section === "Container" || section === "Quadlet") {
    const known = quadletKey(section, key);
    if (known === undefined) {
      const names = Object.keys(QUADLET_KEYS[section]).filter((k) => !(`${section}.${k}` in rules));
      return [finding("quadlet-key-unknown", place, { section, key, known: names })];
    }
    return known.since.localeCompare(PODMAN_FLOOR, "en", { numeric: true }) > 0
      ? [finding("quadlet-key-new", place, { section, key, since: known.since })]
      : [];
  }
  if (!/^[A-Za-z][A-Za-z0-9-]*$/.test(key)) {
    return [
      finding("text-unfit", place, { field: key, problem: "it is not the name of a directive" }),
    ];
  }
  const known = SYSTEMD_KEYS[section];
  return known.has(key) || key.startsWith("X-")
    ? []
    : [finding("directive-unknown", place, { section, key, known: [...known] })];
}

/** Checks the values of a key against the rules, and reports those that weaken the isolation. */
function valueFindings(
  passing: Passing,
  rules: Rules,
  section: SectionName,
  key: string,
): Finding[] {
  const value = passing.quadlet[section]?.[key] ?? [];
  const values = [value].flat().map(String);
  const placeOf = (i: number) =>
    passing.placeOf(["quadlet", section, key, ...Array.isArray(value) ? [i] : []]);
  if (section === "Container" && (key === "PodmanArgs" || key === "GlobalArgs")) {
    return optionFindings(values, { key, rules, placeOf });
  }
  const rule = rules[`${section}.${key}`];
  if (section === "Container" && key === "GroupAdd" && values.includes("keep-groups")) {
    const problem = "Podman combines keep-groups with no other group";
    return values.flatMap((text, i) =>
      text === "keep-groups"
        ? []
        : [finding("text-unfit", placeOf(i), { field: "quadlet.Container.GroupAdd", problem })]
    );
  }
  return values.flatMap((text, i) => {
    const part = rule?.refused?.(text);
    if (rule !== undefined && part !== undefined) {
      return [
        finding("quadlet-value-reserved", placeOf(i), { ...rule, section, key, value: part }),
      ];
    }
    return section === "Container"
      ? weaknesses(key, text).map((why) =>
        finding("isolation-weak", placeOf(i), { setting: key, why })
      )
      : [];
  });
}

/** Escapes one value of a key; `index` is its index in a list. */
function writeElement(section: SectionName, key: string, value: string, index: number): Written {
  const list = isList(section, key);
  if (value === "") {
    return {
      problem: list ? "an empty value would clear the lines that lychd writes" : "it is empty",
    };
  }
  if (index > 0 && !list) return { problem: "the key takes one value, not a list" };
  const problem = PROBLEMS[`${section}.${key}`]?.(value);
  return problem === undefined ? writeValue(section, key, value) : { problem };
}

function writeValue(section: SectionName, key: string, value: string): Written {
  const known = quadletKey(section, key);
  switch (known?.value) {
    case undefined:
      return writeText(value, {
        command: section === "Service" && SYSTEMD_COMMANDS.has(key),
        quotesStripped: false,
        verbatim: section === "Service" && SYSTEMD_VERBATIM.has(key),
      });
    case "pairs":
      if (!value.includes("=")) return { problem: "it must be NAME=VALUE, or Quadlet drops it" };
      return key === "Environment" ? writeVariable(value) : writeWord(value);
    case "words":
      return writeExecWord(value);
    case "tokens":
      return /^-(?!\/)/.test(value) && key === "AddDevice"
        ? { problem: "with a leading `-` Podman always ignores a CDI device" }
        : writeToken(value);
    case "boolean":
      return /^(?:true|false)$/.test(value)
        ? { text: value }
        : { problem: "it must be true or false; Quadlet reads anything else as false" };
    case "number":
      return /^\d+$/.test(value) ? { text: value } : { problem: "it must be a whole number" };
    case "text":
      return /^Health(?:Startup)?Cmd$/.test(key) && isShellLine(value)
        ? writeHealthCommand(value)
        : writeText(value, { command: true, quotesStripped: !known.list });
  }
}
