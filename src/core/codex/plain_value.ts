import type { TomlPath } from "./toml.ts";

/**
 * Returns the first value or key that TOML can represent but JSON cannot, with its path below `path`.
 * `problemOf` finds other problems of texts.
 */
export function unfitValue(
  value: unknown,
  problemOf: (text: string) => string | undefined = () => undefined,
  path: TomlPath = [],
): { path: TomlPath; problem: string } | undefined {
  const problem = problemOfScalar(value) ??
    (typeof value === "string" ? problemOf(value) : undefined);
  if (problem !== undefined) return { path, problem };
  if (typeof value !== "object" || value === null) return undefined;
  for (const [key, below] of Object.entries(value)) {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    const wrong = problemOf(key);
    const found = wrong === undefined
      ? unfitValue(below, problemOf, at)
      : { path: at, problem: wrong };
    if (found !== undefined) return found;
  }
  return undefined;
}

function problemOfScalar(value: unknown): string | undefined {
  if (value instanceof Date) return "a date must be a string";
  if (typeof value === "bigint") return "the number is too large";
  return typeof value === "number" && !Number.isFinite(value)
    ? "the number must be finite"
    : undefined;
}
