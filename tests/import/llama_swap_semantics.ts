/**
 * Judges which models llama-swap runs together, as its documentation has it. It shares no code with the
 * import. Source: config.example.yaml and docs/configuration.md, 2026-08.
 */

/** A group of a configuration. */
export interface GroupSetting {
  readonly swap?: unknown;
  readonly exclusive?: unknown;
  readonly persistent?: unknown;
  readonly members?: readonly string[];
}

/** The parts of a configuration that decide which models run together. */
export interface SwapSetting {
  readonly macros?: Readonly<Record<string, unknown>>;
  readonly models: Readonly<Record<string, unknown>>;
  readonly groups?: Readonly<Record<string, GroupSetting>>;
  readonly matrix?: {
    readonly vars?: Readonly<Record<string, string>>;
    readonly evict_costs?: Readonly<Record<string, number>>;
    readonly sets: Readonly<Record<string, string>>;
  };
}

/** Two models: both can run, none beside the other, or it depends on which one starts last. */
export type Judgement = "together" | "apart" | "one-sided";

/** Returns what llama-swap does with two models, by starting one after the other in both orders. */
export function judge(config: SwapSetting, a: string, b: string): Judgement {
  const evicts = config.matrix === undefined ? byGroups(config) : byMatrix(config);
  const [first, second] = [evicts(b, a), evicts(a, b)];
  return first !== second ? "one-sided" : first ? "apart" : "together";
}

/** Returns true if a start of `target` unloads `running`. */
type Evicts = (target: string, running: string) => boolean;

function byGroups({ macros = {}, groups = {} }: SwapSetting): Evicts {
  const value = (given: unknown) => {
    const name = typeof given === "string" ? /^\$\{(.*)\}$/.exec(given)?.[1] : undefined;
    return name === undefined ? given : macros[name];
  };
  const truth = (given: unknown, fallback: boolean) =>
    given === undefined ? fallback : value(given) === true;
  const groupOf = (model: string) =>
    Object.entries(groups).find(([, { members = [] }]) =>
      members.some((member) => value(member) === model)
    ) ?? ["(default)", {}] as const;
  return (target, running) => {
    const [[name, own], [other, its]] = [groupOf(target), groupOf(running)];
    return name === other
      ? truth(own.swap, true)
      : truth(own.exclusive, true) && !truth(its.persistent, false);
  };
}

function byMatrix({ models, matrix }: SwapSetting): Evicts {
  const { vars = {}, evict_costs: costs = {}, sets = {} } = matrix ?? {};
  const modelOf = (word: string) => vars[word] ?? (word in models ? word : "");
  const combinations = Object.values(sets).flatMap((text) => expand(text, sets))
    .map((words) => new Set(words.map(modelOf)));
  const costOf = (model: string) =>
    Object.entries(costs).find(([word]) => modelOf(word) === model)?.[1] ?? 1;
  return (target, running) => {
    const [best] = combinations.filter((set) => set.has(target))
      .map((set) => ({ set, cost: set.has(running) ? 0 : costOf(running) }))
      .sort((a, b) => a.cost - b.cost);
    return best === undefined || !best.set.has(running);
  };
}

/** Returns the combinations of words of an expression: `|` splits it, `&` joins, `+name` is a set. */
function expand(text: string, sets: Readonly<Record<string, string>>): string[][] {
  const parts = splitOutside(text, "|");
  if (parts.length > 1) return parts.flatMap((part) => expand(part, sets));
  const factors = splitOutside(text, "&");
  if (factors.length > 1) {
    return factors.map((factor) => expand(factor, sets))
      .reduce((all, own) => all.flatMap((left) => own.map((right) => [...left, ...right])), [[]]);
  }
  const word = text.trim();
  if (word.startsWith("(")) return expand(word.slice(1, -1), sets);
  return word.startsWith("+") ? expand(sets[word.slice(1)] ?? "", sets) : [[word]];
}

/** Splits a text at an operator that is outside of parentheses. */
function splitOutside(text: string, operator: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const char of text) {
    if (char === "(") depth++;
    if (char === ")") depth--;
    if (char === operator && depth === 0) parts.push("");
    else parts.push(parts.pop() + char);
  }
  return parts;
}
