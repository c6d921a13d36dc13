/** Values of YAML as llama-swap takes them, with a fault where it would not. */
import { type Finding, finding, type Place } from "../../report/mod.ts";
import type { Item, Ledger } from "../ledger.ts";
import type { YamlEntry, YamlNode } from "./yaml.ts";

/** A setting with its value, and the item of the ledger that stands for it. */
export interface Entry {
  readonly key: string;
  readonly node: YamlNode;
  readonly item: Item;
}

/** What collects faults while a configuration is read. */
export interface Reader {
  readonly ledger: Ledger;
  readonly findings: Finding[];
}

/** A finding about something that llama-swap would refuse. */
export function invalid({ findings }: Reader, place: Place, problem: string): void {
  findings.push(finding("llama-swap-invalid", place, { problem }));
}

/** The entries of a mapping; a fault for anything else. Nothing is an empty mapping. */
export function entriesOf(node: YamlNode, what: string, reader: Reader): readonly YamlEntry[] {
  if (node.kind === "map") return node.entries;
  if (node.kind !== "scalar" || node.value !== null) {
    invalid(reader, node.place, `${what} must be a mapping of keys to values`);
  }
  return [];
}

/** A text, number or truth as text; a fault for anything else. */
export function textOf(node: YamlNode, what: string, reader: Reader): string | undefined {
  if (node.kind === "scalar") return node.value === null ? "" : String(node.value);
  invalid(reader, node.place, `${what} must be a text`);
  return undefined;
}

/** A list of texts; a fault for anything else. */
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

/** Truth as Go's YAML reads it where truth is wanted. */
export function truthOf(node: YamlNode, what: string, reader: Reader): boolean | undefined {
  const text = textOf(node, what, reader);
  if (text === undefined) return undefined;
  if (/^(?:true|yes|on|y)$/i.test(text)) return true;
  if (/^(?:false|no|off|n|)$/i.test(text)) return false;
  invalid(reader, node.place, `${what} must be true or false`);
  return undefined;
}

/** Enters a setting in the ledger, with its value when that is short and no secret. */
export function enter({ key, node, place }: YamlEntry, path: string, ledger: Ledger): Entry {
  const n = leavesOf(node);
  const isSecret = /key|secret|token|password/i.test(key);
  const shown = node.kind === "scalar" && !isSecret
    ? `: ${node.value}`
    : ` (${n} value${n === 1 ? "" : "s"})`;
  return { key, node, item: ledger.enter(place, `${path}${key}${shown}`) };
}

/** The texts, numbers and truths in a node: for a word about many at once. */
function leavesOf(node: YamlNode): number {
  switch (node.kind) {
    case "map":
      return node.entries.reduce((sum, entry) => sum + leavesOf(entry.node), 0);
    case "list":
      return node.items.reduce((sum, item) => sum + leavesOf(item), 0);
    case "scalar":
      return 1;
  }
}

/** A whole number from `least` on; a fault for anything else. */
export function numberOf(
  text: string | undefined,
  entry: Entry,
  reader: Reader,
  least = 0,
): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (/^-?\d{1,9}$/.test(text) && Number(text) >= least) return Number(text);
  const rule = `a whole number from ${least} on`;
  invalid(reader, entry.node.place, `\`${entry.key}\` must be ${rule}`);
  return undefined;
}
