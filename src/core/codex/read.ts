import { split as splitLikeAShell } from "shlex";
import { type Finding, finding, type Place, quoted, startOf } from "../report/mod.ts";
import { checkSchema } from "./check_schema.ts";
import type { Codex, Soulstone } from "./codex.ts";
import { FILE_LIMIT_KIB, GROUP_LIMIT, SOULSTONE_LIMIT, VALUE_LIMIT } from "./limits.ts";
import { lawFaults } from "./rules.ts";
import { lychdSchema, NAME, type SoulstoneFields, soulstoneSchema } from "./schema.ts";
import { countValues } from "./size.ts";
import { parseDocument, type TomlDocument, type TomlPath } from "./toml.ts";
import { valueFaults } from "./values.ts";

/** One file of a Codex as the host found it; `path` is relative to the Codex folder. */
export type CodexFile =
  | { readonly path: string; readonly bytes: Uint8Array }
  | {
    readonly path: string;
    /** Why. */
    readonly unreadable: string;
    /** What helps, if that is not a look at its owner and mode. */
    readonly help?: string;
  };

/** A Codex folder as the host found it. */
export interface CodexFolder {
  /** How the operator calls it; for messages only. */
  readonly folder: string;
  /** `lychd.toml` if there is one, and every TOML file below `soulstones/`. */
  readonly files: readonly CodexFile[];
  /** Where the host stopped reading since there was more than a Codex may have, and of what. */
  readonly beyond?: { readonly path: string; readonly limit: string };
}

/** What {@linkcode readCodex} made of a folder. */
export interface ReadCodex {
  /** Only as far as it could be read when a finding is an error. */
  readonly codex: Codex;
  readonly findings: readonly Finding[];
  /** The text of each file that could be read, by path: for the frames of a report. */
  readonly sources: ReadonlyMap<string, string>;
}

/**
 * Reads a Codex from the contents of its files and tells every fault in it.
 *
 * Never throws for what a file holds. The order of `files` does not matter.
 *
 * @example
 * ```ts
 * import { readCodex } from "./read.ts";
 * const bytes = new TextEncoder().encode('[eye]\nimage = "vllm/vllm-openai"\nport = 8780\n');
 * const { codex } = readCodex({ folder: "codex", files: [{ path: "soulstones/eye.toml", bytes }] });
 * codex.soulstones[0]?.port; // 8780
 * ```
 */
export function readCodex({ folder, files, beyond }: CodexFolder): ReadCodex {
  const findings: Finding[] = [];
  const sources = new Map<string, string>();
  const refused = (place: Place, limit: string) => refuse(sources, place, limit);
  if (beyond !== undefined) return refused(startOf(beyond.path), beyond.limit);
  const documents: TomlDocument[] = [];
  let values = 0;
  for (const file of [...files].sort((a, b) => a.path < b.path ? -1 : 1)) {
    const text = textOf(file);
    if (typeof text !== "string") {
      findings.push(text);
      // For the frame: what is no text shows as replacement characters.
      const isSmall = "bytes" in file && file.bytes.length <= FILE_LIMIT_KIB * 1024;
      if (isSmall) sources.set(file.path, new TextDecoder().decode(file.bytes));
      continue;
    }
    sources.set(file.path, text);
    const counted = countValues(text, VALUE_LIMIT - values);
    if (counted.beyond !== undefined) {
      const place = placeAt(file.path, text, counted.beyond);
      return refused(place, `${VALUE_LIMIT} keys and values`);
    }
    values += counted.count;
    const read = parseDocument(file.path, text);
    if ("fault" in read) findings.push(read.fault);
    else documents.push(read.document);
  }

  const settingsDocument = documents.find((d) => d.file === SETTINGS_FILE);
  const brokenSettings = settingsDocument === undefined &&
    files.some((file) => file.path === SETTINGS_FILE);
  const settings = checkSchema(lychdSchema, {
    document: settingsDocument ?? EMPTY_SETTINGS,
    path: [],
    owner: "`lychd.toml`",
    examples: {},
  });
  findings.push(...settings.findings);

  const soulstones: Soulstone[] = [];
  const tables = documents.filter((document) => document !== settingsDocument)
    .flatMap((document) => Object.keys(document.value).map((key) => ({ document, key })));
  const tooMany = tables[SOULSTONE_LIMIT];
  if (tooMany !== undefined) {
    return refused(tooMany.document.spot([tooMany.key]).key, `${SOULSTONE_LIMIT} Soulstones`);
  }
  const groups = new Set<string>();
  for (const { document, key } of tables) {
    const read = readSoulstone(document, key);
    findings.push(...read.findings);
    if (read.soulstone === undefined) continue;
    soulstones.push(read.soulstone);
    for (const group of read.soulstone.groups) groups.add(group);
    if (groups.size > GROUP_LIMIT) {
      return refused(read.soulstone.placeOf(["groups"]), `${GROUP_LIMIT} groups`);
    }
  }
  soulstones.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

  const soulstoneFiles = files.map((f) => f.path).filter((path) => path !== SETTINGS_FILE).sort();
  if (soulstones.length === 0 && !findings.some((f) => f.place.file !== SETTINGS_FILE)) {
    const at = soulstoneFiles[0] ?? "soulstones";
    findings.push(finding("codex-empty", startOf(at), { folder }));
  }
  const codex: Codex = {
    settings: settings.value ?? lychdSchema.parse({}),
    settingsPartial: settings.partial || brokenSettings,
    soulstones,
    settingsPlaceOf: (path) => placeIfSet(settingsDocument, path) ?? startOf(SETTINGS_FILE),
    settingsKeyOf: (path) => (settingsDocument ?? EMPTY_SETTINGS).spot(path).key,
  };
  findings.push(...lawFaults(codex, {
    settingsPlace: (path) => placeIfSet(settingsDocument, path),
    complete: soulstones.length === tables.length && !soulstones.some((s) => s.groupsUnknown) &&
      documents.length === files.length,
  }));
  return { codex, findings, sources };
}

/** A Codex of more than it may have: nothing in it is judged. */
function refuse(sources: ReadonlyMap<string, string>, place: Place, limit: string): ReadCodex {
  const codex: Codex = {
    settings: lychdSchema.parse({}),
    settingsPartial: true,
    soulstones: [],
    settingsPlaceOf: () => startOf(SETTINGS_FILE),
    settingsKeyOf: () => startOf(SETTINGS_FILE),
  };
  return { codex, findings: [finding("codex-too-large", place, { limit })], sources };
}

const SETTINGS_FILE = "lychd.toml";

/** Where a setting stands, or nothing when it has its default. */
function placeIfSet(document: TomlDocument | undefined, path: TomlPath): Place | undefined {
  let at: unknown = document?.value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return document?.spot(path).value;
}

/** Stands in for a `lychd.toml` that is not there: all defaults. */
const EMPTY_SETTINGS: TomlDocument = {
  file: SETTINGS_FILE,
  value: {},
  spot: () => ({ key: startOf(SETTINGS_FILE), value: startOf(SETTINGS_FILE) }),
};

function textOf(file: CodexFile): string | Finding {
  const at = startOf(file.path);
  if ("unreadable" in file) {
    const { unreadable: reason, help } = file;
    return finding("file-unreadable", at, { reason, help });
  }
  // Nobody reads more of a file than shows that it is too large.
  if (file.bytes.length > FILE_LIMIT_KIB * 1024) {
    return finding("file-too-large", at, { limitKib: FILE_LIMIT_KIB });
  }
  const text = decode(file.bytes);
  return text ?? finding("file-not-utf8", firstInvalidUtf8(file.path, file.bytes), {});
}

/** The text of UTF-8 bytes, or nothing when they are none. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** The place of the first byte that is not UTF-8. */
function firstInvalidUtf8(file: string, bytes: Uint8Array): Place {
  // The longest beginning that could still go on as UTF-8, by halves.
  let valid = 0;
  for (let invalid = bytes.length; invalid - valid > 1;) {
    const middle = (valid + invalid) >> 1;
    if (prefixOf(bytes, middle) === undefined) invalid = middle;
    else valid = middle;
  }
  const text = prefixOf(bytes, valid) ?? "";
  return placeAt(file, text, text.length);
}

/** The character of `text` at `offset`. */
function placeAt(file: string, text: string, offset: number): Place {
  const lines = text.slice(0, offset).split("\n");
  const start = { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
  return { file, start, end: { line: start.line, column: start.column + 1 } };
}

/** The first `length` bytes as text, a character that is cut off left out; nothing if they are none. */
function prefixOf(bytes: Uint8Array, length: number): string | undefined {
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    return decoder.decode(bytes.subarray(0, length), { stream: true });
  } catch {
    return undefined;
  }
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
  const checked = checkSchema(
    soulstoneSchema,
    {
      document,
      path: [name],
      owner: `Soulstone ${quoted(name)}`,
      examples: EXAMPLES,
    },
    STAND_INS,
    elementFor,
  );
  findings.push(...checked.findings);
  if (checked.value === undefined) return { findings };

  const fields: SoulstoneFields = checked.value;
  const words = wordsOf(fields.exec, document.spot([name, "exec"]).value);
  if ("fault" in words) findings.push(words.fault);
  const soulstone: Soulstone = {
    ...fields,
    name,
    exec: "fault" in words ? undefined : words.words,
    partial: checked.partial,
    unknown: checked.unknown,
    groupsUnknown: checked.partial &&
      hasMore((table as { groups?: unknown }).groups, fields.groups),
    groups: sortedSet(fields.groups),
    capabilities: sortedSet(fields.capabilities),
    file: document.file,
    placeOf: (path) => document.spot([name, ...path]).value,
    keyOf: (path) => document.spot([name, ...path]).key,
  };
  findings.push(...valueFaults(soulstone, fields));
  return { soulstone, findings };
}

/** What a Soulstone has where a field that it must have is missing or wrong. */
const STAND_INS = { image: "localhost/unknown", port: 65_535 };

/** What takes the place of an element that is wrong, so that the others keep their places. */
function elementFor(field: string, index: number): string | undefined {
  switch (field) {
    case "exec":
      return "--stand-in";
    case "volumes":
      return `stand-in:/stand-in-${index}`;
    case "secrets":
      return `stand-in-${index}`;
    default:
      return undefined;
  }
}

/** Lines that a message offers for a field that is missing. */
const EXAMPLES: Readonly<Record<string, string>> = {
  image: 'image = "docker.io/vllm/vllm-openai:v0.33.0"',
  port: "port = 8780",
};

function wordsOf(
  exec: SoulstoneFields["exec"],
  place: Place,
): { words: readonly string[] | undefined } | { fault: Finding } {
  if (typeof exec !== "string") return { words: exec };
  try {
    return { words: splitLikeAShell(exec) };
  } catch {
    return { fault: finding("exec-unbalanced", place, {}) };
  }
}

/** Whether a list was longer, or was no list, before its faults were left out. */
function hasMore(before: unknown, after: readonly string[]): boolean {
  return before !== undefined && (!Array.isArray(before) || before.length > after.length);
}

function sortedSet(list: readonly string[]): string[] {
  return [...new Set(list)].sort();
}
