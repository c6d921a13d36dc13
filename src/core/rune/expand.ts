/** The values of specifiers and variables, as far as they are known. */
export interface Expansions {
  /** By the letter after the `%`. */
  readonly specifiers: Readonly<Record<string, string>>;
  /** By name. */
  readonly variables: Readonly<Record<string, string>>;
}

/** The expanded text with the names of the replaced expansions, or the first unknown one. */
export type Expanded =
  | { readonly text: string; readonly filled: readonly string[] }
  | { readonly unknown: string };

/** The letters that are specifiers in systemd 257 (systemd.unit(5)); others are left as they are. */
const SPECIFIERS = /[aAbBCdDEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY]/;

/**
 * The syntax of a text: `text`, in which only specifiers are replaced; one `word` of a command, as all
 * values of `[Container]` become; or the `line` of a command, such as `ExecStartPre=`.
 */
export type ExpandedAs = "text" | "word" | "line";

/**
 * Expands a text as systemd does: `%%` is a percent sign, any other specifier is replaced. In commands
 * `$$` is a dollar sign, and `${NAME}`, or `$NAME` at the start of a word, is a variable.
 *
 * @returns the text, or the first specifier or variable that is not in `known`.
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
      return fill(shown, known.variables, braced ?? bare ?? "");
    });
  }
  return unknown === undefined ? { text: result, filled } : { unknown };
}

// A brace that is not closed matches the rest of the text, which is left as it is. A word that starts
// with one dollar sign is a variable as a whole.
const IN_WORD = /\$\$|\$\{([^}]*)(?:\}|$)|^\$([^{$].*|$)/gs;
const IN_LINE = /\$\$|\$\{([^}]*)(?:\}|$)|(?<![^\s"'])\$([A-Za-z_]\w*)/g;
