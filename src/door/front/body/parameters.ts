/** A header value with parameters, such as `form-data; name="file"`. */
export interface Parameters {
  /** The text before the first parameter. */
  readonly type: string;
  readonly values: ReadonlyMap<string, string>;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const TYPE = new RegExp(`^${TOKEN}(?:/${TOKEN})?`);
// Readers disagree about a quote behind a backslash, so it is not accepted.
const PARAMETER = new RegExp(
  `[ \\t]*;[ \\t]*(${TOKEN})=(?:(${TOKEN})|"((?:[^"\\\\]|\\\\(?!"))*)")`,
  "y",
);

/**
 * Parses a header value with parameters. Returns undefined if it is not valid, or if two readers could
 * understand it in two ways: with a parameter twice, or with a quote inside of quotes.
 *
 * @example
 * ```ts
 * import { parseParameters } from "./parameters.ts";
 * parseParameters('form-data; name="file"')?.values.get("name"); // "file"
 * ```
 */
export function parseParameters(text: string): Parameters | undefined {
  const [type] = TYPE.exec(text) ?? [];
  if (type === undefined) return undefined;
  const values = new Map<string, string>();
  PARAMETER.lastIndex = type.length;
  while (PARAMETER.lastIndex < text.length) {
    const [, name = "", token, quoted] = PARAMETER.exec(text) ?? [];
    const isTwice = [...values.keys()].some((other) => other.toLowerCase() === name.toLowerCase());
    if (name === "" || isTwice) return undefined;
    values.set(name, token ?? quoted ?? "");
  }
  return { type, values };
}
