import type { ScannedJson } from "./json_scan.ts";
import type { Edit } from "./splice.ts";

/** A value that JSON can represent. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** Changes of the members of an object; `set` wins over `strip`. */
export interface JsonChanges {
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly strip?: readonly string[];
}

const encoder = new TextEncoder();

/**
 * Returns the edits that set and strip members of a scanned object. Everything else keeps its bytes: a
 * replaced value keeps its place, and a new member becomes the last one.
 */
export function jsonEdits(
  { members, close }: ScannedJson,
  { set = {}, strip = [] }: JsonChanges,
): Edit[] {
  const values = new Map(Object.entries(set).map(([name, value]) => [name, JSON.stringify(value)]));
  const stripped = new Set(strip.filter((name) => !values.has(name)));
  const all = [...members].map(([name, place]) => ({ name, ...place }));
  const lastKept = all.findLastIndex(({ name }) => !stripped.has(name));
  const edits = all.slice(0, lastKept + 1).flatMap(
    ({ name, start, valueStart, end }, i): Edit[] => {
      // With the comma and the space before the next member.
      if (stripped.has(name)) {
        return [{ start, end: all[i + 1]?.start ?? end, bytes: encoder.encode() }];
      }
      const value = values.get(name);
      return value === undefined ? [] : [{ start: valueStart, end, bytes: encoder.encode(value) }];
    },
  );
  const added = [...values].filter(([name]) => !members.has(name))
    .map(([name, value]) => `${JSON.stringify(name)}:${value}`);
  if (added.length === 0 && lastKept === all.length - 1) return edits;
  // From behind the last member that stays to behind the last one.
  const start = all[lastKept]?.end ?? all[0]?.start ?? close;
  const comma = added.length > 0 && lastKept >= 0 ? "," : "";
  const bytes = encoder.encode(comma + added.join(","));
  return [...edits, { start, end: all.at(-1)?.end ?? close, bytes }];
}
