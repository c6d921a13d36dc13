import { split as splitLikeAShell } from "shlex";
import { type Finding, finding, type Place, quoted, startOf } from "../report/mod.ts";
import { checkSchema } from "./check_schema.ts";
import type { Codex, Portal, Soulstone } from "./codex.ts";
import { codexFindings } from "./codex_rules.ts";
import {
  exceededByGroups,
  FILE_LIMIT_KIB,
  PORTAL_LIMIT,
  SOULSTONE_LIMIT,
  VALUE_LIMIT,
} from "./limits.ts";
import { authoritiesProblem } from "./portal_rules.ts";
import {
  lychdSchema,
  NAME,
  portalSchema,
  type SoulstoneFields,
  soulstoneSchema,
} from "./schema.ts";
import { countValues } from "./size.ts";
import { soulstoneFindings } from "./soulstone_rules.ts";
import { charAt, parseDocument, type TomlDocument, type TomlPath, valueAt } from "./toml.ts";

/** A file of a Codex. `path` is relative to the Codex folder. */
export type CodexFile =
  | { readonly path: string; readonly bytes: Uint8Array }
  | {
    readonly path: string;
    /** The reason why it cannot be read. */
    readonly unreadable: string;
    /** The hint; by default, to check owner and mode. */
    readonly help?: string;
  };

/** The contents of a Codex folder. */
export interface CodexFolder {
  /** The name of the folder in messages. */
  readonly folder: string;
  /**
   * `lychd.toml` if it exists, every TOML file below `soulstones/`, and those of `portals/` with the
   * certificates (`.pem`) beside them.
   */
  readonly files: readonly CodexFile[];
  /** The first path beyond a size limit, and that limit. */
  readonly overLimit?: { readonly path: string; readonly limit: string };
}

/** A Codex and its problems. */
export interface ReadCodex {
  /** Incomplete if a finding is an error. */
  readonly codex: Codex;
  readonly findings: readonly Finding[];
  /** The text of each file, by path, for the excerpts of a report. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads a Codex from the contents of its files and reports all problems.
 *
 * Never throws for invalid files. The order of `files` does not matter.
 *
 * @example
 * ```ts
 * import { readCodex } from "./read.ts";
 * const bytes = new TextEncoder().encode('[eye]\nimage = "vllm/vllm-openai"\nport = 8780\n');
 * const { codex } = readCodex({ folder: "codex", files: [{ path: "soulstones/eye.toml", bytes }] });
 * codex.soulstones[0]?.port; // 8780
 * ```
 */
export function readCodex({ folder, files, overLimit }: CodexFolder): ReadCodex {
  const findings: Finding[] = [];
  const sources = new Map<string, string>();
  const refuse = (place: Place, limit: string): ReadCodex => ({
    codex: { ...settingsOf(NO_SETTINGS), settingsPartial: true, soulstones: [], portals: [] },
    findings: [finding("codex-too-large", place, { limit })],
    sources,
  });
  if (overLimit !== undefined) return refuse(startOf(overLimit.path), overLimit.limit);
  const documents: TomlDocument[] = [];
  let values = 0;
  for (const file of [...files].sort((a, b) => a.path < b.path ? -1 : 1)) {
    const text = textOf(file);
    if (typeof text !== "string") {
      findings.push(text);
      // For the excerpt, in which replacement characters stand for invalid bytes.
      const isSmall = "bytes" in file && file.bytes.length <= FILE_LIMIT_KIB * 1024;
      if (isSmall) sources.set(file.path, new TextDecoder().decode(file.bytes));
      continue;
    }
    sources.set(file.path, text);
    if (file.path.endsWith(".pem")) continue;
    const counted = countValues(text, VALUE_LIMIT - values);
    if (counted.overLimit !== undefined) {
      return refuse(placeAt(file.path, text, counted.overLimit), `${VALUE_LIMIT} keys and values`);
    }
    values += counted.count;
    const read = parseDocument(file.path, text);
    if ("error" in read) findings.push(read.error);
    else documents.push(read.document);
  }

  const document = documents.find((d) => d.file === SETTINGS_FILE) ?? NO_SETTINGS;
  const hasBrokenSettings = document === NO_SETTINGS &&
    files.some((file) => file.path === SETTINGS_FILE);
  const subject = { document, path: [], owner: "`lychd.toml`", examples: {} };
  const settings = checkSchema(lychdSchema, subject);
  findings.push(...settings.findings);

  const ofPortals = documents.filter(({ file }) => file.startsWith(PORTALS));
  const portals: Portal[] = [];
  const tooMuch = ofPortals[PORTAL_LIMIT];
  if (tooMuch !== undefined) return refuse(startOf(tooMuch.file), `${PORTAL_LIMIT} Portals`);
  for (const document of ofPortals) {
    const read = readPortal(document, sources);
    findings.push(...read.findings);
    if (read.portal !== undefined) portals.push(read.portal);
  }
  portals.sort((a, b) => a.name < b.name ? -1 : 1);

  const soulstones: Soulstone[] = [];
  const tables = documents.filter((d) => d !== document && !ofPortals.includes(d))
    .flatMap((document) => Object.keys(document.value).map((key) => ({ document, key })));
  const tooMany = tables[SOULSTONE_LIMIT];
  if (tooMany !== undefined) {
    return refuse(tooMany.document.spot([tooMany.key]).key, `${SOULSTONE_LIMIT} Soulstones`);
  }
  const groups = new Set<string>();
  let memberships = 0;
  for (const { document, key } of tables) {
    const read = readSoulstone(document, key);
    findings.push(...read.findings);
    if (read.soulstone === undefined) continue;
    soulstones.push(read.soulstone);
    for (const group of read.soulstone.groups) groups.add(group);
    memberships += read.soulstone.groups.length;
    const limit = exceededByGroups(groups.size, memberships);
    if (limit !== undefined) return refuse(read.soulstone.placeOf(["groups"]), limit);
  }
  soulstones.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

  if (
    soulstones.length + portals.length === 0 &&
    !findings.some((f) => f.place.file !== SETTINGS_FILE)
  ) {
    const [first = "soulstones"] = files.map((f) => f.path).filter((p) => p !== SETTINGS_FILE)
      .sort();
    findings.push(finding("codex-empty", startOf(first), { folder }));
  }
  const codex: Codex = {
    ...settingsOf(document),
    settings: settings.value ?? lychdSchema.parse({}),
    settingsPartial: settings.partial || hasBrokenSettings,
    soulstones,
    portals,
  };
  const isToml = ({ path }: CodexFile) => !path.endsWith(".pem");
  const isComplete = soulstones.length === tables.length &&
    documents.length === files.filter(isToml).length &&
    !soulstones.some((s) => s.groupsUnknown);
  const settingsPlace = (path: TomlPath) => placeIfSet(document, path);
  findings.push(...codexFindings(codex, { settingsPlace, isComplete }));
  return { codex, findings, sources };
}

const SETTINGS_FILE = "lychd.toml";

/** The folder of the Portals: one for each file, and the certificates that they trust. */
const PORTALS = "portals/";

/** Used if there is no `lychd.toml`. */
const NO_SETTINGS: TomlDocument = {
  file: SETTINGS_FILE,
  value: {},
  spot: () => ({ key: startOf(SETTINGS_FILE), value: startOf(SETTINGS_FILE) }),
};

/** Returns the default settings, and the places in `document`. */
function settingsOf(document: TomlDocument) {
  return {
    settings: lychdSchema.parse({}),
    settingsPlaceOf: (path: TomlPath) => placeIfSet(document, path) ?? startOf(SETTINGS_FILE),
    settingsKeyOf: (path: TomlPath) => document.spot(path).key,
  };
}

/** Returns the place of a setting, or undefined if it has its default. */
function placeIfSet(document: TomlDocument, path: TomlPath): Place | undefined {
  return valueAt(document.value, path) === undefined ? undefined : document.spot(path).value;
}

function textOf(file: CodexFile): string | Finding {
  const place = startOf(file.path);
  if ("unreadable" in file) {
    const { unreadable: reason, help } = file;
    return finding("file-unreadable", place, { reason, help });
  }
  // The host reads only as much of a file as shows that it is too large.
  if (file.bytes.length > FILE_LIMIT_KIB * 1024) {
    return finding("file-too-large", place, { limitKib: FILE_LIMIT_KIB });
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(file.bytes);
  } catch {
    const text = new TextDecoder().decode(file.bytes);
    return finding("file-not-utf8", placeAt(file.path, text, text.indexOf("\ufffd")), {});
  }
}

/** Returns the place of the character of `text` at `offset`. */
function placeAt(file: string, text: string, offset: number): Place {
  const lines = text.slice(0, offset).split("\n");
  return charAt(file, lines.length, (lines.at(-1) ?? "").length + 1);
}

function readSoulstone(
  document: TomlDocument,
  name: string,
): { soulstone?: Soulstone; findings: Finding[] } {
  const head = document.spot([name]).key;
  const table = document.value[name];
  if (
    typeof table !== "object" || table === null || Array.isArray(table) || table instanceof Date
  ) {
    return { findings: [finding("soulstone-not-a-table", head, { key: name })] };
  }
  const findings: Finding[] = [];
  if (!NAME.test(name)) findings.push(finding("name-invalid", head, { value: name }));
  const subject = {
    document,
    path: [name],
    owner: `Soulstone ${quoted(name)}`,
    examples: EXAMPLES,
  };
  const checked = checkSchema(soulstoneSchema, subject, PLACEHOLDERS, ELEMENTS);
  findings.push(...checked.findings);
  if (checked.value === undefined) return { findings };

  const fields: SoulstoneFields = checked.value;
  const exec = wordsOf(fields.exec);
  if (exec === "unbalanced") {
    findings.push(finding("exec-unbalanced", document.spot([name, "exec"]).value, {}));
  }
  const soulstone: Soulstone = {
    ...fields,
    name,
    exec: exec === "unbalanced" ? undefined : exec,
    partial: checked.partial,
    unknown: checked.unknown,
    groupsUnknown: checked.partial &&
      isShorter(fields.groups, (table as { groups?: unknown }).groups),
    groups: sortedSet(fields.groups),
    capabilities: sortedSet(fields.capabilities),
    file: document.file,
    placeOf: (path) => document.spot([name, ...path]).value,
    keyOf: (path) => document.spot([name, ...path]).key,
  };
  findings.push(...soulstoneFindings(soulstone, fields));
  return { soulstone, findings };
}

function readPortal(
  document: TomlDocument,
  sources: ReadCodex["sources"],
): { portal?: Portal; findings: Finding[] } {
  const { file } = document;
  const name = file.slice(PORTALS.length).replace(/\.toml$/, "");
  const examples = { url: 'url = "https://garage.lan/v1"' };
  const subject = { document, path: [], owner: `Portal ${quoted(name)}`, examples };
  const { value, findings } = checkSchema(portalSchema, subject, { url: "http://localhost:9" });
  if (value === undefined) return { findings };
  const placeOf = (path: TomlPath) => placeIfSet(document, path) ?? startOf(file);
  const keyOf = (path: TomlPath) =>
    valueAt(document.value, path) === undefined ? startOf(file) : document.spot(path).key;
  const { ca_file: ca } = value;
  const authorities = ca === undefined ? undefined : sources.get(`${PORTALS}${ca}`);
  const problem = ca === undefined ? undefined : authoritiesProblem(authorities);
  return {
    portal: { ...value, name, file, authorities, placeOf, keyOf },
    findings: ca === undefined || problem === undefined
      ? findings
      : [...findings, finding("portal-ca-invalid", placeOf(["ca_file"]), { value: ca, problem })],
  };
}

/** The values of required fields that are missing or invalid. */
const PLACEHOLDERS = { image: "localhost/unknown", port: 65_535 };

/** The placeholders of invalid list elements, so that the other elements keep their index. */
const ELEMENTS: Readonly<Record<string, (index: number) => string>> = {
  exec: () => "--placeholder",
  volumes: (index) => `placeholder:/placeholder-${index}`,
  secrets: (index) => `placeholder-${index}`,
};

/** Example lines for required fields. */
const EXAMPLES: Readonly<Record<string, string>> = {
  image: 'image = "docker.io/vllm/vllm-openai:v0.33.0"',
  port: "port = 8780",
};

function wordsOf(exec: SoulstoneFields["exec"]): readonly string[] | undefined | "unbalanced" {
  if (typeof exec !== "string") return exec;
  try {
    return splitLikeAShell(exec);
  } catch {
    return "unbalanced";
  }
}

/** Returns true if invalid elements were left out of `list`, or the input was not a list. */
function isShorter(list: readonly string[], input: unknown): boolean {
  return input !== undefined && (!Array.isArray(input) || list.length < input.length);
}

function sortedSet(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}
