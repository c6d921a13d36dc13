/**
 * A value as TOML writes it on one line.
 *
 * @example
 * ```ts
 * import { tomlValue } from "./toml_text.ts";
 * tomlValue(["a", 'b "c"']); // '["a", "b \\"c\\""]'
 * ```
 */
export function tomlValue(value: string | number | boolean | readonly string[]): string {
  if (typeof value === "string") return tomlString(value);
  return typeof value === "object" ? `[${value.map(tomlString).join(", ")}]` : String(value);
}

/** A key, in quotes where it needs them. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

/** A basic string: TOML's escapes are those of JSON, and DEL may not stand in it either. */
function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replaceAll("\u007f", "\\u007f");
}
