/** Values that TOML can write on one line. */
export type TomlText = string | number | boolean | readonly string[];

/**
 * A value as TOML writes it on one line; the other way round than `toml.ts`.
 *
 * @example
 * ```ts
 * import { tomlValue } from "./toml_text.ts";
 * tomlValue(["a", 'b "c"']); // '["a", "b \\"c\\""]'
 * ```
 */
export function tomlValue(value: TomlText): string {
  if (typeof value === "string") return tomlString(value);
  return typeof value === "object" ? `[${value.map(tomlString).join(", ")}]` : String(value);
}

/** A key, in quotes where it needs them. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

/** A basic string: JSON's, but for what TOML refuses or nobody would see. */
function tomlString(text: string): string {
  return JSON.stringify(text.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
