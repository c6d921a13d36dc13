/** Reads YAML with the place of every value; aliases and merge keys are resolved. */
import {
  CORE_SCHEMA,
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from "js-yaml";
import { type Finding, finding, type Place } from "../../report/mod.ts";

/** A value of a YAML file; `size` is the number of values in it, itself included. */
export type YamlNode =
  & { readonly place: Place; readonly size: number }
  & (
    | { readonly kind: "map"; readonly entries: readonly YamlEntry[] }
    | { readonly kind: "list"; readonly items: readonly YamlNode[] }
    | {
      readonly kind: "scalar";
      readonly value: YamlScalar;
      /** The value as the file has it, if macros in it were expanded. */
      readonly written?: YamlScalar;
    }
  );

/** A scalar value. */
export type YamlScalar = string | number | boolean | null;

/** A key of a mapping, and its value. */
export interface YamlEntry {
  readonly key: string;
  /** From the key to the end of its line. */
  readonly place: Place;
  readonly node: YamlNode;
  /** True if the value or a part of it has an anchor. */
  readonly isAnchored: boolean;
}

/** The most values of a file; an alias counts as all values that it refers to. */
const VALUE_LIMIT = 100_000;

/**
 * Reads a YAML file with one document; an empty file is an empty mapping. Refuses duplicate keys, keys
 * that are not scalars, and aliases that would exhaust the memory.
 *
 * @example
 * ```ts
 * import { readYaml } from "./yaml.ts";
 * const read = readYaml("a.yaml", "a: &x {b: 1}\nc: {<<: *x, d: yes}\n");
 * // c has the entries d and b
 * ```
 */
export function readYaml(file: string, text: string): { root: YamlNode } | { error: Finding } {
  const positionAt = positionsOf(text);
  const at = (from: number, to = from + 1): Place => {
    return { file, start: positionAt(from), end: positionAt(Math.max(to, from + 1)) };
  };
  try {
    return { root: readDocument(hideBraces(text), at) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    // The line of the mark would also count lone carriage returns.
    const offset = Math.min(error.mark?.position ?? 0, text.length);
    return { error: finding("yaml-broken", at(offset), { problem: error.reason }) };
  }
}

/** Private characters in place of the braces of `${env.NAME}`. */
const [OPEN, CLOSE] = ["\u{e000}", "\u{e001}"];

/**
 * Hides the braces of `${env.NAME}`, which YAML would read as a mapping inside of brackets: llama-swap
 * puts in the value before it reads the YAML. The length stays the same, so places do too.
 */
function hideBraces(text: string): string {
  return text.replace(/\$\{(env\.[A-Za-z_]\w*)\}/g, `$$${OPEN}$1${CLOSE}`);
}

function showBraces(text: string): string {
  return text.replace(/\$\u{e000}(env\.\w+)\u{e001}/gu, "$${$1}");
}

/** Returns a function from offsets to positions, which is fast for neighboring offsets. */
function positionsOf(text: string): (offset: number) => Place["start"] {
  const starts = [0, ...Array.from(text.matchAll(/\n/g), ({ index }) => index + 1)];
  let line = 0;
  return (offset) => {
    while ((starts[line] ?? 0) > offset) line--;
    while ((starts[line + 1] ?? Infinity) <= offset) line++;
    return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
  };
}

function readDocument(text: string, at: (from: number, to?: number) => Place): YamlNode {
  const events = parseEvents(text, {});
  const anchors = new Map<string, YamlNode>();
  let defined = 0;
  let next = 1;
  const fail = (offset: number, problem: string): never =>
    YAMLException.throwAt(text, offset, problem);

  function read(): YamlNode {
    const event = events[next++];
    const start = offsetOf(event);
    switch (event?.type) {
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd).replace(/^\*/, "");
        return anchors.get(name) ?? fail(start, `there is no anchor \`${name}\` above`);
      }
      case EVENT_ID.SCALAR:
        return anchored(event, {
          kind: "scalar",
          place: at(start, event.valueEnd),
          size: 1,
          value: valueOf(text, event),
        });
      case EVENT_ID.SEQUENCE: {
        const place = at(start);
        const items: YamlNode[] = [];
        while (!isEnd()) items.push(read());
        return anchored(event, { kind: "list", place, size: sizeOf(items, start), items });
      }
      case EVENT_ID.MAPPING: {
        const place = at(start);
        const entries = readEntries();
        const size = sizeOf(entries.map(({ node }) => node), start);
        return anchored(event, { kind: "map", place, size, entries });
      }
      default:
        return fail(text.length, "a value is missing");
    }
  }

  function isEnd(): boolean {
    const isPop = events[next]?.type === EVENT_ID.POP;
    if (isPop) next++;
    return isPop;
  }

  function anchored(event: { anchorStart: number; anchorEnd: number }, node: YamlNode): YamlNode {
    const name = event.anchorStart < 0 ? "" : text.slice(event.anchorStart, event.anchorEnd);
    if (name !== "") {
      anchors.set(name.replace(/^&/, ""), node);
      defined++;
    }
    return node;
  }

  function sizeOf(nodes: readonly YamlNode[], offset: number): number {
    const size = nodes.reduce((total, node) => total + node.size, 1);
    return size > VALUE_LIMIT ? fail(offset, `more than ${VALUE_LIMIT} values`) : size;
  }

  function readEntries(): YamlEntry[] {
    const own = new Map<string, YamlEntry>();
    const merged: YamlEntry[] = [];
    while (!isEnd()) {
      const event = events[next];
      const offset = offsetOf(event);
      const place = at(offset, endOfLine(text, offset));
      const keyNode = read();
      const key = keyNode.kind === "scalar"
        ? String(keyNode.value ?? "")
        : fail(offset, "a key must be a text");
      const before = defined;
      const node = read();
      if (key === "<<" && event?.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN) {
        const sources = node.kind === "list" ? node.items : [node];
        merged.push(...sources.flatMap((source) => source.kind === "map" ? source.entries : []));
        continue;
      }
      if (own.has(key)) fail(offset, `the key \`${key}\` is already defined above`);
      own.set(key, { key, place, node, isAnchored: defined > before });
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return [...own.values()];
  }

  if (events.filter((event) => event.type === EVENT_ID.DOCUMENT).length > 1) {
    fail(0, "the file has more than one document");
  }
  const isEmpty = events[next] === undefined || isEnd();
  return isEmpty ? { kind: "map", place: at(0), size: 1, entries: [] } : read();
}

function offsetOf(event: Event | undefined): number {
  if (event === undefined) return 0;
  if ("valueStart" in event) return Math.max(0, event.valueStart);
  return "start" in event ? event.start : "anchorStart" in event ? event.anchorStart : 0;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  const length = end < 0 ? text.length : end;
  return text[length - 1] === "\r" ? length - 1 : length;
}

/** Returns the value of a scalar in YAML's core schema. */
function valueOf(text: string, event: ScalarEvent) {
  const value = showBraces(getScalarValue(text, event));
  const isText = event.style !== SCALAR_STYLE.PLAIN ||
    event.tagStart >= 0 && /str$/.test(text.slice(event.tagStart, event.tagEnd));
  return isText
    ? value
    : CORE_SCHEMA.resolveImplicitScalarTag(value).value as string | number | boolean | null;
}
