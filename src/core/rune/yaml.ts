/**
 * Writes YAML that every reader understands in the same way. Strings are always quoted, because YAML
 * 1.1 reads values such as `yes`, `1:30` and `012` as a boolean, a time and a number.
 *
 * @module
 */
import { isDeepStrictEqual } from "node:util";
import { CORE_SCHEMA, dump, load, loadAll, YAML11_SCHEMA, YAMLException } from "js-yaml";

/** A value of YAML or JSON. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue };

/**
 * Writes `value` as YAML without a final newline.
 *
 * @example
 * ```ts
 * import { writeYaml } from "./yaml.ts";
 * writeYaml({ a: "yes", b: [1] }); // "a: 'yes'\nb:\n  - 1"
 * ```
 */
export function writeYaml(value: YamlValue): string {
  return dump(value, { lineWidth: -1, forceQuotes: true, noRefs: true }).trimEnd();
}

/**
 * Compares a rendered file with the expected value. It is read as YAML 1.1 and 1.2: Prometheus and
 * Grafana read a subset of 1.1.
 *
 * @returns nothing if they are equal; otherwise the first error, or the top-level key that differs.
 */
export function verifyYaml(text: string, expected: YamlValue): { wrong: string } | undefined {
  return verifyDocuments(text, [expected]);
}

/** Compares a rendered file with the expected documents, as {@linkcode verifyYaml} does with one. */
export function verifyDocuments(
  text: string,
  expected: readonly YamlValue[],
): { wrong: string } | undefined {
  for (const schema of [CORE_SCHEMA, YAML11_SCHEMA]) {
    try {
      const read: readonly unknown[] = loadAll(text, { schema });
      const i = expected.findIndex((each, i) => !isDeepStrictEqual(read[i], each));
      if (i >= 0) return { wrong: firstDifference(read[i], expected[i] ?? "") };
      if (read.length > expected.length) return { wrong: `${read.length} documents` };
    } catch (error) {
      if (error instanceof YAMLException) return { wrong: error.message.split("\n")[0] ?? "" };
      throw error;
    }
  }
  return undefined;
}

/** Reads YAML that lychd itself has written. */
export function readYaml(text: string): unknown {
  return load(text, { schema: CORE_SCHEMA });
}

function firstDifference(read: unknown, expected: YamlValue): string {
  const keysOf = (value: unknown) => typeof value === "object" && value !== null ? value : {};
  const [a, b] = [keysOf(read), keysOf(expected)] as Record<string, unknown>[];
  const key = Object.keys({ ...a, ...b }).find((k) => !isDeepStrictEqual(a?.[k], b?.[k]));
  return key === undefined ? JSON.stringify(read) ?? "" : `${key}: ${JSON.stringify(a?.[key])}`;
}
