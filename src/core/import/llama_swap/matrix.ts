/**
 * The expressions of llama-swap's matrix: `&` binds tighter than `|`, `+name` is another set. An
 * expression stands for sets of models, each of which may run together with all its subsets.
 * Source: docs/kb/guides/routing/groups-and-matrix.md and config.example.yaml, 2026-08.
 */
import { GROUP_LIMIT } from "../../codex/mod.ts";
import type { MayCoexist } from "../groups.ts";

/** The deepest nesting of parentheses. */
const DEPTH_LIMIT = 100;

/** A model, or the models of all or of one of the parts. */
export type Expression =
  | { readonly kind: "model"; readonly model: string }
  | { readonly kind: "all" | "one"; readonly parts: readonly Expression[] };

/** The expression of no models. */
export const NOTHING: Expression = { kind: "one", parts: [] };

/** Combinations of models, sorted and distinct. */
export type Combinations = readonly (readonly string[])[];

/**
 * Reads an expression. `modelOf` resolves words, and `setOf` resolves `+name`.
 *
 * @example
 * ```ts
 * import { combinationsOf, readExpression } from "./matrix.ts";
 * const names = { modelOf: (word: string) => word, setOf: () => undefined };
 * const read = readExpression("(a | b) & c", names);
 * "expression" in read && combinationsOf(read.expression); // [["a", "c"], ["b", "c"]]
 * ```
 */
export function readExpression(
  text: string,
  names: {
    readonly modelOf: (word: string) => string | undefined;
    readonly setOf: (name: string) => Expression | undefined;
  },
): { expression: Expression } | { problem: string } {
  const tokens = text.match(/[&|()]|\+?[\p{L}\p{N}_.-]+|\+|[^\s]/gu) ?? [];
  let at = 0;
  let depth = 0;
  let problem: string | undefined;

  function fail(text: string): Expression {
    problem ??= text;
    return NOTHING;
  }
  function series(operator: "&" | "|", part: () => Expression): Expression {
    const parts = [part()];
    while (problem === undefined && tokens[at] === operator) {
      at++;
      parts.push(part());
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    return { kind: operator === "&" ? "all" : "one", parts };
  }
  function alternatives(): Expression {
    return series("|", () => series("&", operand));
  }
  function operand(): Expression {
    const token = tokens[at++];
    if (token === undefined) return fail("it ends before a model");
    if (token === "(") {
      if (++depth > DEPTH_LIMIT) return fail(`parentheses are nested deeper than ${DEPTH_LIMIT}`);
      const inner = alternatives();
      depth--;
      return tokens[at++] === ")" ? inner : fail("a parenthesis is not closed");
    }
    if (token.startsWith("+") && token.length > 1) {
      return names.setOf(token.slice(1)) ?? fail(`there is no set \`${token.slice(1)}\``);
    }
    if (!/^[\p{L}\p{N}_.-]+$/u.test(token)) return fail(`\`${token}\` is not expected here`);
    const model = names.modelOf(token);
    return model === undefined ? fail(`there is no model \`${token}\``) : { kind: "model", model };
  }

  const expression = alternatives();
  if (problem === undefined && at < tokens.length) fail(`\`${tokens[at]}\` is not expected here`);
  return problem === undefined ? { expression } : { problem };
}

/** Returns the combinations that an expression allows, or nothing if a Codex has too few groups. */
export function combinationsOf(expression: Expression): Combinations | undefined {
  return maximal(expression, () => true, { known: new Map(), isSubsetEnough: false });
}

/** Returns a test for sets of models: true if one of the expressions allows all of them at once. */
export function allowedBy(
  expressions: readonly Expression[],
): (models: readonly string[]) => boolean {
  return (models) => {
    const wanted = new Set(models);
    const search = { known: new Map(), isSubsetEnough: true };
    return expressions.some((expression) =>
      maximal(expression, (model) => wanted.has(model), search)
        ?.some(({ length }) => length === wanted.size)
    );
  };
}

/** A search for combinations; sets that refer to each other share what is known. */
interface Search {
  readonly known: Map<Expression, Combinations | undefined>;
  /** True if combinations that are part of others can be left out. */
  readonly isSubsetEnough: boolean;
}

/** Returns the combinations of those models that `isWanted`, or nothing if there are too many. */
function maximal(
  expression: Expression,
  isWanted: (model: string) => boolean,
  search: Search,
): Combinations | undefined {
  if (expression.kind === "model") return [isWanted(expression.model) ? [expression.model] : []];
  if (search.known.has(expression)) return search.known.get(expression);
  let all: Combinations | undefined = expression.kind === "all" ? [[]] : [];
  for (const part of expression.parts) {
    const own = maximal(part, isWanted, search);
    if (own === undefined || all === undefined) all = undefined;
    else if (expression.kind === "one") all = distinct([...all, ...own], search);
    else if (all.length * own.length > GROUP_LIMIT ** 2) all = undefined;
    else all = distinct(all.flatMap((left) => own.map((right) => [...left, ...right])), search);
    if (all === undefined) break;
  }
  search.known.set(expression, all);
  return all;
}

/** Returns each combination once, or nothing if a Codex cannot have a group for each. */
function distinct(all: Combinations, { isSubsetEnough }: Search): Combinations | undefined {
  const unique = new Map(all.map((combination) => {
    const members = [...new Set(combination)].sort();
    return [JSON.stringify(members), members] as const;
  }));
  const found = [...unique.values()];
  const left = isSubsetEnough
    ? found.filter((members) =>
      !found.some((other) =>
        other.length > members.length && members.every((model) => other.includes(model))
      )
    )
    : found;
  return left.length > GROUP_LIMIT ? undefined : left;
}

/** Returns a fast test for two of `models` that one of the expressions allows at once. */
export function pairsOf(
  models: readonly string[],
  expressions: readonly Expression[],
): MayCoexist {
  const numbers = new Map(models.map((model, i) => [model, i]));
  const width = Math.ceil(models.length / 32);
  const partners = models.map(() => new Uint32Array(width));
  const known = new Map<Expression, Uint32Array>();

  /** Returns the models of an expression as bits, and marks its pairs. */
  function mark(expression: Expression): Uint32Array {
    const before = known.get(expression);
    if (before !== undefined) return before;
    const own = new Uint32Array(width);
    known.set(expression, own);
    if (expression.kind === "model") {
      const number = numbers.get(expression.model);
      if (number !== undefined) set(own, number);
      return own;
    }
    for (const part of expression.parts) {
      const other = mark(part);
      if (expression.kind === "all") {
        for (const [i, row] of partners.entries()) {
          if (has(own, i)) add(row, other);
          if (has(other, i)) add(row, own);
        }
      }
      add(own, other);
    }
    return own;
  }

  for (const expression of expressions) mark(expression);
  return (a, b) => {
    const [left, right] = [numbers.get(a), numbers.get(b)];
    return left !== undefined && right !== undefined && has(partners[left], right);
  };
}

function has(bits: Uint32Array | undefined, i: number): boolean {
  return ((bits?.[i >>> 5] ?? 0) >>> (i & 31) & 1) === 1;
}

function set(bits: Uint32Array, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] ?? 0) | 1 << (i & 31);
}

function add(bits: Uint32Array, others: Uint32Array): void {
  for (let i = 0; i < bits.length; i++) bits[i] = (bits[i] ?? 0) | (others[i] ?? 0);
}
