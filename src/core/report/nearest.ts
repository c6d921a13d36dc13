import { closest, distance } from "fastest-levenshtein";

/**
 * The name of `known` that `name` is most likely a slip of, or nothing when none is near:
 * at most a third of its letters may differ, case aside.
 *
 * @example
 * ```ts
 * import { nearest } from "./nearest.ts";
 * nearest("grups", ["groups", "port"]); // "groups"
 * nearest("zebra", ["groups", "port"]); // undefined
 * ```
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 100) return undefined;
  const lower = name.toLowerCase();
  const best = closest(lower, known.map((k) => k.toLowerCase()));
  const found = known.find((k) => k.toLowerCase() === best);
  const limit = Math.max(1, Math.ceil(Math.max(lower.length, best.length) / 3));
  return distance(lower, best) <= limit ? found : undefined;
}

/** `did you mean …?` for the nearest of `known`, or nothing. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

/** `did you mean …?` for the nearest of `known`, else the whole list. */
export function suggestion(name: string, known: readonly string[], noun: string): string {
  return didYouMean(name, known) ??
    `known ${noun}: ${known.map((k) => `\`${k}\``).join(", ")}`;
}
