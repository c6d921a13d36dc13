import { closest, distance } from "fastest-levenshtein";

/**
 * Returns the name that `name` is most likely a typo of, or undefined if more than a third of the
 * letters differ. Case is ignored.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 100) return undefined;
  const lower = name.toLowerCase();
  const best = closest(lower, known.map((k) => k.toLowerCase()));
  const found = known.find((k) => k.toLowerCase() === best);
  const limit = Math.max(1, Math.ceil(Math.max(lower.length, best.length) / 3));
  return distance(lower, best) <= limit ? found : undefined;
}

/** Returns `did you mean …?` with the nearest name, or undefined if none is near. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known);
  return near === undefined ? undefined : `did you mean \`${near}\`?`;
}

/** Returns `did you mean …?` with the nearest name, or the list of all names if none is near. */
export function suggestion(name: string, known: readonly string[], noun: string): string {
  return didYouMean(name, known) ??
    `known ${noun}: ${known.map((k) => `\`${k}\``).join(", ") || "none"}`;
}
