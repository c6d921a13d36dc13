/**
 * The expressions of llama-swap's matrix: `&` binds tighter than `|`, `+name` is another set.
 * Source: docs/kb/guides/routing/groups-and-matrix.md and the DSL's grammar, 2026-09.
 */

/** The most combinations of one set, as in llama-swap. */
const COMBINATION_LIMIT = 1000;

/** The most models in the intermediate combinations of all sets of a matrix. */
const MEMBER_LIMIT = 1_000_000;

/** The deepest nesting of parentheses. */
const DEPTH_LIMIT = 100;

const TOO_MANY = "it has too many combinations";

/** Combinations of models, sorted and distinct. */
export type Combinations = readonly (readonly string[])[];

/** Counts the models of intermediate combinations. Returns false above the limit. */
export type Budget = (members: number) => boolean;

/** Returns the budget of one matrix. */
export function newBudget(): Budget {
  let count = 0;
  return (members) => (count += members) <= MEMBER_LIMIT;
}

/**
 * Returns the combinations that an expression allows. `modelOf` resolves words, and `setOf` resolves
 * `+name`.
 *
 * @example
 * ```ts
 * import { combinationsOf, newBudget } from "./matrix.ts";
 * const same = (word: string) => word;
 * combinationsOf("(a | b) & c", { modelOf: same, setOf: () => undefined, budget: newBudget() });
 * // { combinations: [["a", "c"], ["b", "c"]] }
 * ```
 */
export function combinationsOf(
  expression: string,
  names: {
    readonly modelOf: (word: string) => string | undefined;
    readonly setOf: (name: string) => Combinations | undefined;
    readonly budget: Budget;
  },
): { combinations: Combinations } | { problem: string } {
  const tokens = expression.match(/[&|()]|\+?[\p{L}\p{N}_.-]+|\+|[^\s]/gu) ?? [];
  let at = 0;
  let depth = 0;
  let problem: string | undefined;

  function fail(text: string): string[][] {
    problem ??= text;
    return [];
  }
  function alternatives(): string[][] {
    const all = combined();
    while (problem === undefined && tokens[at] === "|") {
      at++;
      all.push(...combined());
      if (all.length > COMBINATION_LIMIT) return fail(TOO_MANY);
    }
    return all;
  }
  function combined(): string[][] {
    let all = operand();
    while (problem === undefined && tokens[at] === "&") {
      at++;
      const right = operand();
      const members = all.length * membersOf(right) + right.length * membersOf(all);
      if (all.length * right.length > COMBINATION_LIMIT || !names.budget(members)) {
        return fail(TOO_MANY);
      }
      all = all.flatMap((left) => right.map((r) => [...left, ...r]));
    }
    return all;
  }
  function operand(): string[][] {
    const token = tokens[at++];
    if (token === undefined) return fail("it ends before a model");
    if (token === "(") {
      if (++depth > DEPTH_LIMIT) return fail(`parentheses are nested deeper than ${DEPTH_LIMIT}`);
      const inner = alternatives();
      depth--;
      return tokens[at++] === ")" ? inner : fail("a parenthesis is not closed");
    }
    if (token.startsWith("+") && token.length > 1) {
      const set = names.setOf(token.slice(1));
      if (set === undefined) return fail(`there is no set \`${token.slice(1)}\``);
      if (!names.budget(membersOf(set))) return fail(TOO_MANY);
      return set.map((c) => [...c]);
    }
    if (!/^[\p{L}\p{N}_.-]+$/u.test(token)) return fail(`\`${token}\` is not expected here`);
    const model = names.modelOf(token);
    return model === undefined ? fail(`there is no model \`${token}\``) : [[model]];
  }

  const all = alternatives();
  if (problem === undefined && at < tokens.length) fail(`\`${tokens[at]}\` is not expected here`);
  if (all.length > COMBINATION_LIMIT) fail(TOO_MANY);
  if (problem !== undefined) return { problem };
  const unique = new Map(all.map((combination) => {
    const members = [...new Set(combination)].sort();
    return [JSON.stringify(members), members] as const;
  }));
  return { combinations: [...unique.values()] };
}

function membersOf(combinations: Combinations): number {
  return combinations.reduce((count, { length }) => count + length, 0);
}
