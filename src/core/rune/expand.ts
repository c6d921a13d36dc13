/** What systemd would put in the place of specifiers and variables, as far as it is known. */
export interface Expansions {
  /** By the letter behind the `%`. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** By name. */
  readonly variables: Readonly<Record<string, string>>;
}

/** A text as the process gets it, and the expansions that were filled in. */
export type Expanded =
  | { readonly text: string; readonly filled: readonly string[] }
  | { readonly unknown: string };

/** Every letter that is a specifier in systemd 257 (systemd.unit(5)); others stay as they are. */
const SPECIFIERS = /[aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY]/;

/**
 * Where a text stands: `text`, where only specifiers are replaced; one `word` of a command, such as
 * everything in a `[Container]` becomes; or the `line` of a command, such as `ExecStartPre=`.
 */
export type ExpandedAs = "text" | "word" | "line";

/**
 * Reads a text as systemd does: `%%` is a percent sign, any other specifier is replaced. In commands
 * `$$` is a dollar sign, and `${NAME}`, or `$NAME` where a word begins, a variable.
 *
 * @returns the text, or the first specifier or variable of which `known` does not tell the value.
 *
 * @example
 * ```ts
 * import { expand } from "./expand.ts";
 * const known = { specifiers: { h: "/home/lich" }, variables: {} };
 * expand("%h/50%%", known, "text"); // { text: "/home/lich/50%", filled: ["%h"] }
 * expand("a$b $$5 ${KEY}", known, "word"); // { unknown: "${KEY}" }
 * ```
 */
export function expand(text: string, known: Expansions, as: ExpandedAs): Expanded {
  const filled: string[] = [];
  let unknown: string | undefined;
  function fill(shown: string, table: Readonly<Record<string, string>>, name: string): string {
    const value = Object.hasOwn(table, name) ? table[name] : undefined;
    if (value === undefined) unknown ??= shown;
    else filled.push(shown);
    return value ?? "";
  }
  let result = text.replace(/%([%A-Za-z])/g, (shown, letter: string) => {
    if (letter === "%") return "%";
    return SPECIFIERS.test(letter) ? fill(shown, known.specifiers, letter) : shown;
  });
  if (as !== "text") {
    const variable = as === "word" ? IN_WORD : IN_LINE;
    result = result.replace(variable, (shown, braced?: string, bare?: string) => {
      if (shown === "$$") return "$";
      if (braced !== undefined && !shown.endsWith("}")) return shown;
      // A word that begins with one dollar sign is a variable as a whole.
      return fill(shown, known.variables, braced ?? bare ?? "");
    });
  }
  return unknown === undefined ? { text: result, filled } : { unknown };
}

// A brace that is not closed takes the rest of the text, which stays as it is.
const IN_WORD = /\$\$|\$\{([^}]*)(?:\}|$)|^\$([^{$].*|$)/gs;
const IN_LINE = /\$\$|\$\{([^}]*)(?:\}|$)|(?<![^\s"'])\$([A-Za-z_]\w*)/g;
