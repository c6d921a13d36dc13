/** Reads YAML values as llama-swap does. A value that it would refuse is an error. */
import { type Finding, finding, type Place } from "../../report/mod.ts";
import type { ImportReport, Item } from "../report.ts";
import { isSecretKey } from "./secrets.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** A setting with its value, and its item in the import report. */
export interface Entry {
  readonly key: string;
  readonly node: YamlNode;
  readonly item: Item;
}

/** Collects the report and the errors while a configuration is read. */
export interface Reader {
  readonly report: ImportReport;
  readonly findings: Finding[];
}

/** Adds an error about a value that llama-swap would refuse, once if it is read several times. */
export function invalid({ findings }: Reader, place: Place, problem: string): void {
  const error = finding("llama-swap-invalid", place, { problem });
  const isKnown = findings.some((other) =>
    other.place === place && other.message === error.message
  );
  if (!isKnown) findings.push(error);
}

/** Returns the entries of a mapping; null is an empty mapping. */
export function entriesOf(
  node: YamlNode | undefined,
  what: string,
  reader: Reader,
): readonly YamlEntry[] {
  if (node?.kind === "map") return node.entries;
  if (node !== undefined && (node.kind !== "scalar" || node.value !== null)) {
    invalid(reader, node.place, `${what} must be a mapping`);
  }
  return [];
}

/** Returns the entry of a key. */
export function find(entries: readonly YamlEntry[], key: string): YamlEntry | undefined {
  return entries.find((entry) => entry.key === key);
}

/** Returns a text, number or boolean as text. */
export function textOf(node: YamlNode, what: string, reader: Reader): string | undefined {
  if (node.kind === "scalar") return node.value === null ? "" : String(node.value);
  invalid(reader, node.place, `${what} must be a text`);
  return undefined;
}

/** Returns a list of texts; null is an empty list. */
export function textsOf(
  node: YamlNode,
  what: string,
  reader: Reader,
): readonly { readonly text: string; readonly place: Place }[] {
  if (node.kind === "scalar" && node.value === null) return [];
  if (node.kind !== "list") {
    invalid(reader, node.place, `${what} must be a list`);
    return [];
  }
  return node.items.flatMap((item) => {
    const text = textOf(item, `an element of ${what}`, reader);
    return text === undefined ? [] : [{ text, place: item.place }];
  });
}

/** Returns a boolean as Go's YAML reads it. */
export function truthOf(node: YamlNode, what: string, reader: Reader): boolean | undefined {
  const text = textOf(node, what, reader);
  if (text === undefined) return undefined;
  if (/^(?:true|yes|on|y)$/i.test(text)) return true;
  if (/^(?:false|no|off|n|)$/i.test(text)) return false;
  invalid(reader, node.place, `${what} must be true or false`);
  return undefined;
}

/** Returns the whole number in `text`, which is at least `least`. */
export function numberOf(
  text: string | undefined,
  { key, node }: Entry,
  reader: Reader,
  least = 0,
): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^-?\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  invalid(reader, node.place, `\`${key}\` must be a whole number of at least ${least}`);
  return undefined;
}

/**
 * Adds a setting to the report, with its value if that is a scalar and not a secret: one of an unknown setting
 * may be. `setting` is its name if several models may have it.
 */
export function enter(
  { key, node, place }: YamlEntry,
  path: string,
  { report }: Reader,
  { setting, isKnown = true }: { readonly setting?: string; readonly isKnown?: boolean } = {},
): Entry {
  const n = leavesOf(node);
  const shown = node.kind === "scalar" && isKnown && !isSecretKey(key)
    ? `: ${node.written ?? node.value}`
    : ` (${n} value${n === 1 ? "" : "s"})`;
  return { key, node, item: report.add(place, `${path}${key}${shown}`, setting) };
}

/** Adds the entries to the report whose keys are not read. */
export function enterOthers(
  entries: readonly YamlEntry[],
  read: readonly string[],
  path: string,
  reader: Reader,
): Entry[] {
  return entries.filter(({ key }) => !read.includes(key)).map((e) =>
    enter(e, path, reader, { isKnown: false })
  );
}

/** Returns the number of scalars in a node. */
function leavesOf(node: YamlNode): number {
  if (node.kind === "scalar") return 1;
  const below = node.kind === "map" ? node.entries.map((entry) => entry.node) : node.items;
  return below.reduce((sum, item) => sum + leavesOf(item), 0);
}
