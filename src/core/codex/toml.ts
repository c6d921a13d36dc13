import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { type Finding, finding, type Place, printableToml, startOf } from "../report/mod.ts";

/** The places of a key and of its value. */
export interface Spot {
  readonly key: Place;
  readonly value: Place;
}

/** A path into a TOML document, such as `["eye", "exec", 2]`. */
export type TomlPath = readonly (string | number)[];

/** A TOML file with the place of every key and element. */
export interface TomlDocument {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Returns the places of `path`, or those of the nearest table around it if it does not exist. */
  spot(path: TomlPath): Spot;
}

/**
 * Parses `text` as TOML 1.1 and keeps positions. Returns the first syntax error as a finding.
 *
 * @example
 * ```ts
 * import { parseDocument } from "./toml.ts";
 * const read = parseDocument("soulstones/eye.toml", "[eye]\nport = 8780\n");
 * "document" in read && read.document.spot(["eye", "port"]).value.start; // { line: 2, column: 8 }
 * ```
 */
export function parseDocument(
  file: string,
  text: string,
): { document: TomlDocument } | { error: Finding } {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: "1.1" });
  } catch (error) {
    if (error instanceof RangeError) return { error: tooLarge(file, text) };
    if (!(error instanceof ParseError)) throw error;
    const open = unclosedBefore(text, error.lineNumber);
    if (open !== undefined) {
      const place = charAt(file, open.line, open.column);
      return { error: broken(place, `this \`${open.bracket}\` is not closed`) };
    }
    const problem = PROBLEMS[error.message] ??
      error.message.charAt(0).toLowerCase() + error.message.slice(1);
    return { error: broken(charAt(file, error.lineNumber, error.column + 1), problem) };
  }
  const { spots, error } = collectSpots(file, program.body[0]);
  if (error !== undefined) return { error };
  const whole = placeOf(file, program.body[0]);
  return {
    document: {
      file,
      value: getStaticTOMLValue(program),
      spot(path) {
        for (let length = path.length; length > 0; length--) {
          const found = spots.get(JSON.stringify(path.slice(0, length)));
          if (found !== undefined) return found;
        }
        return { key: whole, value: whole };
      },
    },
  };
}

/** Returns the value at `path`, or undefined if there is none. */
export function valueAt(value: unknown, path: TomlPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

/** Returns the name of a field in messages, such as `health.path` or `exec[2]`. */
export function fieldName(path: TomlPath): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)
    .join("");
}

/** Returns the place of one character. */
export function charAt(file: string, line: number, column: number): Place {
  return { file, start: { line, column }, end: { line, column: column + 1 } };
}

/** A value that TOML, JSON and YAML can represent. */
export type Plain = string | number | boolean | readonly Plain[] | {
  readonly [key: string]: Plain;
};

/**
 * Writes a value as TOML on one line.
 *
 * @example
 * ```ts
 * import { tomlValue } from "./toml.ts";
 * tomlValue(["a", 'b "c"']); // '["a", "b \\"c\\""]'
 * tomlValue({ a: 1, "b c": true }); // '{ a = 1, "b c" = true }'
 * ```
 */
export function tomlValue(value: Plain): string {
  if (typeof value === "string") return printableToml(value);
  if (typeof value !== "object") return String(value);
  if (isList(value)) return `[${value.map(tomlValue).join(", ")}]`;
  const pairs = Object.entries(value).map(([key, own]) => `${tomlKey(key)} = ${tomlValue(own)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}

function isList(value: Plain): value is readonly Plain[] {
  return Array.isArray(value);
}

/** Writes a key, in quotes if it needs them. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : printableToml(key);
}

/**
 * Returns the last bracket above `line` that nothing closes: the parser notices only on a later line
 * that a table, an inline table or a list is not closed.
 */
function unclosedBefore(
  text: string,
  line: number,
): { line: number; column: number; bracket: string } | undefined {
  const above = text.split("\n", line - 1).join("\n").length;
  const open: { index: number; bracket: string }[] = [];
  for (const { index, 0: token } of text.matchAll(STRING_COMMENT_OR_BRACKET)) {
    if (token === "[" || token === "{") open.push({ index, bracket: token });
    else if (CLOSES[token] !== undefined && open.at(-1)?.bracket === CLOSES[token]) open.pop();
  }
  const found = open.filter(({ index }) => index < above).at(-1);
  if (found === undefined) return undefined;
  const before = text.slice(0, found.index).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return { line: before.length, column, bracket: found.bracket };
}

const CLOSES: Readonly<Record<string, string>> = { "]": "[", "}": "{" };

/** A string that is not closed ends with its line. */
const STRING_COMMENT_OR_BRACKET =
  /"""[^]*?"""|'''[^]*?'''|"(?:\\.|[^"\\\n])*"?|'[^'\n]*'?|#.*|[[\]{}]/g;

/** Better words for some messages of the parser. */
const PROBLEMS: Readonly<Record<string, string>> = {
  "Unspecified values are invalid": "the value after `=` is missing",
  "Defining a key multiple times is invalid": "the key is already defined above",
  "Unterminated string constant": "the string is not closed",
  "Must be a newline": "expected the end of the line",
  "Unexpected character": "unexpected character; a string needs quotes",
};

/** The nesting limit of keys and lists. A Codex needs five. */
const DEPTH_LIMIT = 32;

/** The length limit of a line. Linux limits a word of a command to 128 KiB. */
const LINE_LIMIT = 100_000;

/** A key that JavaScript objects cannot hold. */
const UNUSABLE_KEY = "__proto__";

function broken(place: Place, problem: string): Finding {
  return finding("toml-broken", place, { problem });
}

/** Finds the reason why the parser ran out of stack: a long line, or deep nesting. */
function tooLarge(file: string, text: string): Finding {
  const long = text.split("\n").findIndex((line) => line.length > LINE_LIMIT);
  return long < 0 ? tooDeep(startOf(file)) : broken(
    charAt(file, long + 1, LINE_LIMIT + 1),
    `the line is longer than ${LINE_LIMIT} characters`,
  );
}

function tooDeep(place: Place): Finding {
  return broken(place, `more than ${DEPTH_LIMIT} levels of nesting`);
}

function placeOf(file: string, { loc: { start, end } }: AST.HasLocs): Place {
  return {
    file,
    start: { line: start.line, column: start.column + 1 },
    end: { line: end.line, column: end.column + 1 },
  };
}

/** Collects the place of every key and element, and the first key that is not supported. */
function collectSpots(
  file: string,
  top: AST.TOMLTopLevelTable,
): { spots: ReadonlyMap<string, Spot>; error: Finding | undefined } {
  const spots = new Map<string, Spot>();
  let error: Finding | undefined;

  function add(path: TomlPath, key: AST.HasLocs, value: AST.HasLocs): void {
    const id = JSON.stringify(path);
    // A table starts at the first place that names it.
    if (!spots.has(id)) spots.set(id, { key: placeOf(file, key), value: placeOf(file, value) });
    if (path.at(-1) === UNUSABLE_KEY) {
      error ??= broken(placeOf(file, key), `the key \`${UNUSABLE_KEY}\` is not supported`);
    }
  }

  function isShallow(path: TomlPath, node: AST.HasLocs): boolean {
    if (path.length <= DEPTH_LIMIT) return true;
    error ??= tooDeep(placeOf(file, node));
    return false;
  }

  function enter(base: TomlPath, node: AST.TOMLKeyValue | AST.TOMLTable): void {
    if (node.type === "TOMLTable") {
      if (!isShallow(node.resolvedKey, node)) return;
      // resolvedKey includes the index in an array of tables, which has no key of its own.
      let part = 0;
      node.resolvedKey.forEach((step, i) => {
        const key = node.key.keys[typeof step === "string" ? part++ : Math.max(0, part - 1)] ??
          node.key;
        add([...base, ...node.resolvedKey.slice(0, i + 1)], key, key);
      });
      for (const child of node.body) enter([...base, ...node.resolvedKey], child);
      return;
    }
    const names = node.key.keys.map((k) => k.type === "TOMLBare" ? k.name : k.value);
    const path = [...base, ...names];
    if (!isShallow(path, node)) return;
    node.key.keys.forEach((key, i) => {
      const isLast = i === names.length - 1;
      add([...base, ...names.slice(0, i + 1)], key, isLast ? node.value : key);
    });
    descend(path, node.value);
  }

  function descend(path: TomlPath, node: AST.TOMLContentNode): void {
    if (!isShallow(path, node)) return;
    if (node.type === "TOMLArray") {
      node.elements.forEach((element, i) => {
        add([...path, i], element, element);
        descend([...path, i], element);
      });
    } else if (node.type === "TOMLInlineTable") {
      for (const child of node.body) enter(path, child);
    }
  }

  for (const node of top.body) enter([], node);
  return { spots, error };
}
