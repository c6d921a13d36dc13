/**
 * YAML that every reader takes for the same: strings are always quoted, so that none is a number, a
 * truth or a time to one of them, as `yes`, `1:30` and `012` are in YAML 1.1.
 */
import { isDeepStrictEqual } from "node:util";
import { CORE_SCHEMA, dump, load, YAML11_SCHEMA, YAMLException } from "js-yaml";

/** A value as YAML has it: what JSON has too. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

/**
 * Writes `value` so that it can stand behind `key: ` or `- `, on one line unless it has keys or
 * elements. Its further lines are indented by `indentation` spaces.
 *
 * @example
 * ```ts
 * import { writeYaml } from "./yaml.ts";
 * writeYaml("yes", 0); // "'yes'"
 * writeYaml({ a: 1, b: ["x"] }, 2); // "a: 1\n  b:\n    - 'x'"
 * ```
 */
export function writeYaml(value: YamlValue, indentation: number): string {
  const text = dump(value, { lineWidth: -1, forceQuotes: true, noRefs: true });
  return text.trimEnd().replaceAll("\n", `\n${" ".repeat(indentation)}`);
}

/**
 * Compares a rendered file with the value it was to say, read as YAML 1.1 and 1.2: Prometheus and
 * Grafana read the older, and not all of it.
 *
 * @returns nothing when it says that, else the first line, or top-level key, where it does not.
 */
export function verifyYaml(text: string, meant: YamlValue): { wrong: string } | undefined {
  for (const schema of [CORE_SCHEMA, YAML11_SCHEMA]) {
    try {
      const read = load(text, { schema });
      if (!isDeepStrictEqual(read, meant)) return { wrong: firstDifference(read, meant) };
    } catch (error) {
      if (error instanceof YAMLException) return { wrong: error.message.split("\n")[0] ?? "" };
      throw error;
    }
  }
  return undefined;
}

function firstDifference(read: unknown, meant: YamlValue): string {
  const keysOf = (value: unknown) => typeof value === "object" && value !== null ? value : {};
  const [a, b] = [keysOf(read), keysOf(meant)] as Record<string, unknown>[];
  const key = Object.keys({ ...a, ...b }).find((k) => !isDeepStrictEqual(a?.[k], b?.[k]));
  return key === undefined ? JSON.stringify(read) ?? "" : `${key}: ${JSON.stringify(a?.[key])}`;
}
