/**
 * The expressions of llama-swap's matrix: `&` binds tighter than `|`, `+name` stands for another set.
 * Source: docs/kb/guides/routing/groups-and-matrix.md and the DSL's grammar, 2026-09.
 */

/** How many combinations all sets together may have; llama-swap allows as many for one. */
const COMBINATION_LIMIT = 1000;

/** How many parentheses may stand in each other. */
const DEPTH_LIMIT = 100;

/** Combinations of models, each sorted and each once. */
export type Combinations = readonly (readonly string[])[];

/**
 * The combinations that an expression allows. `modelOf` tells which model a word stands for,
 * `setOf` what `+name` stands for.
 *
 * @example
 * ```ts
 * import { combinationsOf } from "./matrix.ts";
 * const same = (word: string) => word;
 * combinationsOf("(a | b) & c", { modelOf: same, setOf: () => undefined });
 * // { combinations: [["a", "c"], ["b", "c"]] }
 * ```
 */
export function combinationsOf(
  expression: string,
  names: {
    readonly modelOf: (word: string) => string | undefined;
    readonly setOf: (name: string) => Combinations | undefined;
  },
): { combinations: Combinations } | { problem: string } {
  const tokens = expression.match(/[&|()]|\+?[\p{L}\p{N}_.-]+|\+|[^\s]/gu) ?? [];
  let at = 0;
  let depth = 0;
  let problem: string | undefined;

  function fail(words: string): string[][] {
    problem ??= words;
    return [];
  }
  function either(): string[][] {
    const all = both();
    while (problem === undefined && tokens[at] === "|") {
      at++;
      all.push(...both());
      if (all.length > COMBINATION_LIMIT) return fail("it has too many combinations");
    }
    return all;
  }
  function both(): string[][] {
    let all = one();
    while (problem === undefined && tokens[at] === "&") {
      at++;
      const right = one();
      if (all.length * right.length > COMBINATION_LIMIT) {
        return fail("it has too many combinations");
      }
      all = all.flatMap((left) => right.map((r) => [...left, ...r]));
    }
    return all;
  }
  function one(): string[][] {
    const token = tokens[at++];
    if (token === undefined) return fail("it ends where a model should stand");
    if (token === "(") {
      if (++depth > DEPTH_LIMIT) return fail(`it is more than ${DEPTH_LIMIT} parentheses deep`);
      const inner = either();
      depth--;
      return tokens[at++] === ")" ? inner : fail("a parenthesis is not closed");
    }
    if (token.startsWith("+") && token.length > 1) {
      const set = names.setOf(token.slice(1));
      return set?.map((c) => [...c]) ?? fail(`there is no set \`${token.slice(1)}\``);
    }
    if (!/^[\p{L}\p{N}_.-]+$/u.test(token)) return fail(`\`${token}\` cannot stand here`);
    const model = names.modelOf(token);
    return model === undefined ? fail(`there is no model \`${token}\``) : [[model]];
  }

  const all = either();
  if (problem === undefined && at < tokens.length) fail(`\`${tokens[at]}\` cannot stand here`);
  if (all.length > COMBINATION_LIMIT) fail("it has too many combinations");
  if (problem !== undefined) return { problem };
  const unique = new Map(all.map((combination) => {
    const members = [...new Set(combination)].sort();
    return [JSON.stringify(members), members] as const;
  }));
  return { combinations: [...unique.values()] };
}
