/** YAML with the place of every value, aliases and merges resolved. */
import {
  type Event,
  EVENT_ID,
  getScalarValue,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  YAMLException,
} from "js-yaml";
import { type Finding, finding, type Place } from "../../report/mod.ts";

/** A value of a YAML file; `size` counts the values in it, its own included. */
export type YamlNode = YamlMap | YamlList | YamlScalar;

/** A mapping: its keys in their order, those of merges behind. */
export interface YamlMap {
  readonly kind: "map";
  readonly place: Place;
  readonly size: number;
  readonly entries: readonly YamlEntry[];
}

/** A key of a mapping, and its value. */
export interface YamlEntry {
  readonly key: string;
  /** From the key to the end of its line. */
  readonly place: Place;
  readonly node: YamlNode;
  /** Whether other places of the file can refer to the value. */
  readonly isAnchored: boolean;
}

/** A sequence. */
export interface YamlList {
  readonly kind: "list";
  readonly place: Place;
  readonly size: number;
  readonly items: readonly YamlNode[];
}

/** A text, a number, true, false or nothing. */
export interface YamlScalar {
  readonly kind: "scalar";
  readonly place: Place;
  readonly size: 1;
  readonly value: string | number | boolean | null;
}

/** How many values a file may have, aliases counted as often as they are used. */
const VALUE_LIMIT = 100_000;

/** What makes a file unreadable, and where. */
class Broken extends Error {
  constructor(readonly offset: number, message: string) {
    super(message);
  }
}

/**
 * Reads a YAML file of one document. An empty one is an empty mapping.
 *
 * Refuses what YAML refuses, keys that are no text or stand twice, and aliases that would fill the
 * memory.
 *
 * @example
 * ```ts
 * import { readYaml } from "./yaml.ts";
 * const read = readYaml("a.yaml", "a: &x {b: 1}\nc: {<<: *x, d: yes}\n");
 * // c has the entries d and b
 * ```
 */
export function readYaml(file: string, text: string): { root: YamlNode } | { fault: Finding } {
  const starts = lineStarts(text);
  const at = (from: number, to: number): Place => ({
    file,
    start: positionAt(starts, from),
    end: positionAt(starts, Math.max(to, from + 1)),
  });
  try {
    return { root: readEvents(text, parseEvents(text, {}), at) };
  } catch (error) {
    if (error instanceof Broken) {
      const place = at(error.offset, error.offset + 1);
      return { fault: finding("yaml-broken", place, { problem: error.message }) };
    }
    if (!(error instanceof YAMLException)) throw error;
    // Its lines end at a lone carriage return too, which ends none of a report's.
    const offset = Math.min(error.mark?.position ?? 0, text.length);
    return {
      fault: finding("yaml-broken", at(offset, offset + 1), { problem: error.reason }),
    };
  }
}

/** Where each line begins. */
function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map((match) => match.index + 1)];
}

function positionAt(starts: readonly number[], offset: number): { line: number; column: number } {
  let line = 0;
  for (let step = starts.length; step > 0; step >>= 1) {
    while (line + step < starts.length && (starts[line + step] ?? 0) <= offset) line += step;
  }
  return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
}

/** Builds the tree of one document from the parser's events. */
function readEvents(
  text: string,
  events: readonly Event[],
  at: (from: number, to: number) => Place,
): YamlNode {
  const anchors = new Map<string, YamlNode>();
  let next = 0;

  /** The offset at which an event begins. */
  function startOf(event: Event): number {
    switch (event.type) {
      case EVENT_ID.SCALAR:
        return Math.max(0, event.valueStart);
      case EVENT_ID.ALIAS:
        return event.anchorStart;
      case EVENT_ID.MAPPING:
      case EVENT_ID.SEQUENCE:
        return event.start;
      default:
        return 0;
    }
  }

  function read(): YamlNode {
    const event = events[next++];
    if (event === undefined) throw new Broken(text.length, "it ends too early");
    const start = startOf(event);
    switch (event.type) {
      case EVENT_ID.ALIAS: {
        const name = text.slice(event.anchorStart, event.anchorEnd).replace(/^\*/, "");
        const node = anchors.get(name);
        if (node === undefined) throw new Broken(start, `there is no anchor \`${name}\` above it`);
        return node;
      }
      case EVENT_ID.SCALAR:
        return anchored(event, {
          kind: "scalar",
          place: at(start, event.valueEnd),
          size: 1,
          value: valueOf(text, event),
        });
      case EVENT_ID.SEQUENCE: {
        const items: YamlNode[] = [];
        while (events[next]?.type !== EVENT_ID.POP) items.push(read());
        next++;
        const size = sum(items, start);
        return anchored(event, { kind: "list", place: at(start, start + 1), size, items });
      }
      case EVENT_ID.MAPPING: {
        const entries = readEntries();
        const size = sum(entries.map(({ node }) => node), start);
        return anchored(event, { kind: "map", place: at(start, start + 1), size, entries });
      }
      default:
        throw new Broken(start, "a value is missing");
    }
  }

  function anchored(event: { anchorStart: number; anchorEnd: number }, node: YamlNode): YamlNode {
    const name = event.anchorStart < 0 ? "" : text.slice(event.anchorStart, event.anchorEnd);
    if (name !== "") anchors.set(name.replace(/^&/, ""), node);
    return node;
  }

  function sum(nodes: readonly YamlNode[], offset: number): number {
    const size = nodes.reduce((total, node) => total + node.size, 1);
    if (size > VALUE_LIMIT) throw new Broken(offset, `more than ${VALUE_LIMIT} values`);
    return size;
  }

  function readEntries(): YamlEntry[] {
    const own = new Map<string, YamlEntry>();
    const merged: YamlEntry[] = [];
    while (events[next]?.type !== EVENT_ID.POP) {
      const event = events[next];
      const offset = event === undefined ? 0 : startOf(event);
      const keyNode = read();
      if (keyNode.kind !== "scalar") throw new Broken(offset, "a key must be a text");
      const key = String(keyNode.value ?? "");
      const value = events[next];
      const isMerge = key === "<<" && event?.type === EVENT_ID.SCALAR &&
        event.style === SCALAR_STYLE.PLAIN;
      const node = read();
      if (isMerge) {
        const sources = node.kind === "list" ? node.items : [node];
        merged.push(...sources.flatMap((source) => source.kind === "map" ? source.entries : []));
        continue;
      }
      if (own.has(key)) throw new Broken(offset, `the key \`${key}\` is already defined above`);
      const isAnchored = value !== undefined && "anchorStart" in value &&
        value.type !== EVENT_ID.ALIAS && value.anchorStart >= 0;
      own.set(key, { key, place: at(offset, endOfLine(offset)), node, isAnchored });
    }
    next++;
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry);
    return [...own.values()];
  }

  function endOfLine(from: number): number {
    const end = text.indexOf("\n", from);
    const length = end < 0 ? text.length : end;
    return text[length - 1] === "\r" ? length - 1 : length;
  }

  const documents = events.filter((event) => event.type === EVENT_ID.DOCUMENT).length;
  if (documents > 1) throw new Broken(0, "it has more than one document");
  next = 1;
  const isEmpty = documents === 0 || events[next]?.type === EVENT_ID.POP;
  return isEmpty ? { kind: "map", place: at(0, 1), size: 1, entries: [] } : read();
}

/** The value of a scalar by YAML's core schema. */
function valueOf(text: string, event: ScalarEvent): YamlScalar["value"] {
  const value = getScalarValue(text, event);
  const isText = event.style !== SCALAR_STYLE.PLAIN ||
    event.tagStart >= 0 && /str$/.test(text.slice(event.tagStart, event.tagEnd));
  if (isText) return value;
  if (/^(?:~|null|Null|NULL|)$/.test(value)) return null;
  if (/^(?:true|True|TRUE)$/.test(value)) return true;
  if (/^(?:false|False|FALSE)$/.test(value)) return false;
  return /^[-+]?(?:\d+|(?:\.\d+|\d+\.\d*)(?:[eE][-+]?\d+)?|\d+[eE][-+]?\d+)$|^0x[0-9a-fA-F]+$|^0o[0-7]+$/
      .test(value)
    ? Number(value)
    : value;
}
