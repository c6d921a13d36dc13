/**
 * The expressions of llama-swap's matrix: `&` binds tighter than `|`, `+name` stands for another set.
 * Source: docs/kb/guides/routing/groups-and-matrix.md and the DSL's grammar, 2026-09.
 */

/** How many combinations one set may have, as in llama-swap. */
const COMBINATION_LIMIT = 1000;

/** How many models all sets of a matrix may put together on the way to their combinations. */
const MEMBER_LIMIT = 1_000_000;

/** How many parentheses may stand in each other. */
const DEPTH_LIMIT = 100;

/** Combinations of models, each sorted and each once. */
export type Combinations = readonly (readonly string[])[];

/** Counts what the sets of one matrix put together; false once it is too much. */
export type Tally = (members: number) => boolean;

/** A tally that nothing is counted in yet. */
export function newTally(): Tally {
  let count = 0;
  return (members) => (count += members) <= MEMBER_LIMIT;
}

/**
 * The combinations that an expression allows. `modelOf` tells which model a word stands for,
 * `setOf` what `+name` stands for; `tally` is that of the matrix.
 *
 * @example
 * ```ts
 * import { combinationsOf, newTally } from "./matrix.ts";
 * const same = (word: string) => word;
 * combinationsOf("(a | b) & c", { modelOf: same, setOf: () => undefined, tally: newTally() });
 * // { combinations: [["a", "c"], ["b", "c"]] }
 * ```
 */
export function combinationsOf(
  expression: string,
  names: {
    readonly modelOf: (word: string) => string | undefined;
    readonly setOf: (name: string) => Combinations | undefined;
    readonly tally: Tally;
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
      const members = all.length * membersOf(right) + right.length * membersOf(all);
      if (all.length * right.length > COMBINATION_LIMIT || !names.tally(members)) {
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
      if (set === undefined) return fail(`there is no set \`${token.slice(1)}\``);
      if (!names.tally(membersOf(set))) return fail("it has too many combinations");
      return set.map((c) => [...c]);
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

function membersOf(combinations: Combinations): number {
  return combinations.reduce((count, { length }) => count + length, 0);
}
