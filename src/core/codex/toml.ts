import { type AST, getStaticTOMLValue, ParseError, parseTOML } from "toml-eslint-parser";
import { type Finding, finding, type Place, startOf } from "../report/mod.ts";

/** Where a value stands in its file: the place of its key and of the value itself. */
export interface Spot {
  readonly key: Place;
  readonly value: Place;
}

/** A path into a TOML document: `["eye", "exec", 2]`. */
export type TomlPath = readonly (string | number)[];

/** One TOML file with the place of every key and element. */
export interface TomlDocument {
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Where `path` stands; the nearest enclosing key when it stands nowhere itself. */
  spot(path: TomlPath): Spot;
}

/**
 * Reads `text` as TOML 1.1, keeping positions.
 *
 * Refuses what the TOML specification refuses, as one finding at the first fault: a parser cannot
 * know how the text would go on behind it.
 *
 * @example
 * ```ts
 * import { parseDocument } from "./toml.ts";
 * const read = parseDocument("soulstones/eye.toml", "[eye]\nport = 8780\n");
 * if ("document" in read) read.document.spot(["eye", "port"]).value.start; // line 2, column 8
 * ```
 */
export function parseDocument(
  file: string,
  text: string,
): { document: TomlDocument } | { fault: Finding } {
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: "1.1" });
  } catch (error) {
    if (error instanceof RangeError) return { fault: tooMuch(file, text) };
    if (!(error instanceof ParseError)) throw error;
    const start = { line: error.lineNumber, column: error.column + 1 };
    const place = { file, start, end: { line: start.line, column: start.column + 1 } };
    const problem = PROBLEMS[error.message] ?? lowerFirst(error.message);
    return { fault: finding("toml-broken", place, { problem }) };
  }
  const { spots, fault } = collectSpots(file, program.body[0]);
  if (fault !== undefined) return { fault };
  const whole = placeOf(file, program.body[0]);
  return {
    document: {
      file,
      value: getStaticTOMLValue(program),
      spot(path) {
        for (let length = path.length; length > 0; length--) {
          const found = spots.get(pathKey(path.slice(0, length)));
          if (found !== undefined) return found;
        }
        return { key: whole, value: whole };
      },
    },
  };
}

/** The parser's messages that do not say what to do, in words that do. */
const PROBLEMS: Readonly<Record<string, string>> = {
  "Unspecified values are invalid": "a value is missing behind the `=`",
  "Defining a key multiple times is invalid": "the key is already defined above",
  "Unterminated string constant": "the string is not closed",
  "Must be a newline": "the line should end here",
  "Unexpected character": "unexpected character; is a string without quotes?",
};

/** How many keys and lists may stand in each other; nothing in a Codex needs more than five. */
const DEPTH_LIMIT = 32;

/** A key that a parser of this language could not hold as a value of its own. */
const UNUSABLE_KEY = "__proto__";

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function pathKey(path: TomlPath): string {
  return JSON.stringify(path);
}

function placeOf(file: string, node: AST.HasLocs): Place {
  const { start, end } = node.loc;
  return {
    file,
    start: { line: start.line, column: start.column + 1 },
    end: { line: end.line, column: end.column + 1 },
  };
}

/** The most characters that a line may have; a word of a command has at most 128 KiB. */
const LINE_LIMIT = 100_000;

/** What the parser gave up on: a line that is too long, or else too many brackets. */
function tooMuch(file: string, text: string): Finding {
  const lines = text.split("\n");
  const long = lines.findIndex((line) => line.length > LINE_LIMIT);
  if (long < 0) return tooDeep(startOf(file));
  const start = { line: long + 1, column: LINE_LIMIT + 1 };
  const place = { file, start, end: { line: start.line, column: start.column + 1 } };
  return finding("toml-broken", place, {
    problem: `the line has more than ${LINE_LIMIT} characters`,
  });
}

function tooDeep(place: Place): Finding {
  return finding("toml-broken", place, { problem: `more than ${DEPTH_LIMIT} levels deep` });
}

interface Collected {
  readonly spots: ReadonlyMap<string, Spot>;
  /** The first thing that cannot be read although it is TOML. */
  readonly fault: Finding | undefined;
}

function collectSpots(file: string, top: AST.TOMLTopLevelTable): Collected {
  const spots = new Map<string, Spot>();
  let fault: Finding | undefined;

  function note(path: TomlPath, key: AST.HasLocs, value: AST.HasLocs): void {
    const at = pathKey(path);
    // The first place that names a table is where it begins.
    if (!spots.has(at)) spots.set(at, { key: placeOf(file, key), value: placeOf(file, value) });
    if (path.at(-1) === UNUSABLE_KEY) {
      const problem = `\`${UNUSABLE_KEY}\` cannot be a key`;
      fault ??= finding("toml-broken", placeOf(file, key), { problem });
    }
  }

  /** Whether `path` may be entered; a fault where it is too deep. */
  function isShallow(path: TomlPath, node: AST.HasLocs): boolean {
    if (path.length <= DEPTH_LIMIT) return true;
    fault ??= tooDeep(placeOf(file, node));
    return false;
  }

  function enter(base: TomlPath, node: AST.TOMLKeyValue | AST.TOMLTable): void {
    if (node.type === "TOMLTable") {
      if (!isShallow(node.resolvedKey, node)) return;
      // resolvedKey carries the index of an array of tables, which has no key of its own.
      let part = 0;
      node.resolvedKey.forEach((step, i) => {
        const key = node.key.keys[typeof step === "string" ? part++ : Math.max(0, part - 1)];
        note([...base, ...node.resolvedKey.slice(0, i + 1)], key ?? node.key, key ?? node.key);
      });
      for (const child of node.body) enter([...base, ...node.resolvedKey], child);
      return;
    }
    const names = node.key.keys.map((k) => k.type === "TOMLBare" ? k.name : k.value);
    const path = [...base, ...names];
    if (!isShallow(path, node)) return;
    names.forEach((_, i) => {
      const key = node.key.keys[i] ?? node.key;
      const last = i === names.length - 1;
      note([...base, ...names.slice(0, i + 1)], key, last ? node.value : key);
    });
    descend(path, node.value);
  }

  function descend(path: TomlPath, node: AST.TOMLContentNode): void {
    if (!isShallow(path, node)) return;
    if (node.type === "TOMLArray") {
      node.elements.forEach((element, i) => {
        note([...path, i], element, element);
        descend([...path, i], element);
      });
    } else if (node.type === "TOMLInlineTable") {
      for (const child of node.body) enter(path, child);
    }
  }

  for (const node of top.body) enter([], node);
  return { spots, fault };
}
