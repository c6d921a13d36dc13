/**
 * The few shapes of PromQL that dashboards and rules are made of, so that each trap is dealt with in
 * one place.
 */

/** What a query looks at, which labels it keeps, and over which time it takes its rates. */
export interface Scope {
  /** Matchers for the labels of a target: on every series of an engine, `up` and the unit states. */
  readonly soulstone: readonly string[];
  /** Matchers for the model, which only the engine's own series name. */
  readonly model: readonly string[];
  readonly by: readonly string[];
  readonly window: string;
}

/** One panel: what its variables select, and the window that fits its zoom. */
export const PANEL: Scope = {
  soulstone: ['soulstone=~"$soulstone"'],
  model: ['model_name=~"$model"'],
  by: ["soulstone"],
  window: "$__rate_interval",
};

/** All of the time that a dashboard shows. */
export const RANGE: Scope = { ...PANEL, window: "$__range" };

/** A recording rule: everything, with the labels by which people filter. */
export function ruleScope(window: string): Scope {
  return {
    soulstone: [],
    model: [],
    by: ["soulstone", "covens", "engine_kind", "model_name"],
    window,
  };
}

/** The series of an engine in `scope`, which name their model. */
export function ofModel(metric: string, scope: Scope, ...matchers: string[]): string {
  return select(metric, [...matchers, ...scope.soulstone, ...scope.model]);
}

/** Series in `scope` that do not name a model. */
export function ofSoulstone(metric: string, scope: Scope, ...matchers: string[]): string {
  return select(metric, [...matchers, ...scope.soulstone]);
}

function select(metric: string, matchers: readonly string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(",")}}`;
}

/** `expression` put together by the labels that `scope` keeps, and `more`. */
export function aggregate(
  operator: "sum" | "max",
  scope: Scope,
  expression: string,
  ...more: string[]
): string {
  return `${operator} by (${[...more, ...scope.by].join(", ")}) (${expression})`;
}

/** Growth per second. */
export function rate(selector: string, scope: Scope): string {
  return `rate(${selector}[${scope.window}])`;
}

/** Growth over the window. */
export function increase(selector: string, scope: Scope): string {
  return `increase(${selector}[${scope.window}])`;
}

/**
 * Growth over the window, of counters that may be born in it. A client library shows a labelled
 * counter only after its first event, so `increase` would never see that one: what was not there
 * when the window began has grown by all that it shows.
 */
export function growth(selector: string, scope: Scope): string {
  return `(${selector} unless ${selector} offset ${scope.window}) or ${increase(selector, scope)}`;
}

/**
 * A quantile of a classic histogram, from the rates of its buckets; nothing when nothing was
 * observed, where Prometheus gives NaN.
 */
export function quantile(q: number, bucketRates: string, scope: Scope): string {
  return `histogram_quantile(${q}, ${aggregate("sum", scope, bucketRates, "le")}) >= 0`;
}

/** A quotient, without the NaN of 0/0 when nothing happened. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator} / ${denominator} >= 0`;
}

/** `expression` with a line for each operand of its outermost `or` and `and`. */
export function inLines(expression: string): string {
  let depth = 0;
  return expression.replace(/"[^"]*"|[({[]|[)}\]]| (?=(?:or|and) )/g, (part) => {
    if (/^[({[]$/.test(part)) depth++;
    if (/^[)}\]]$/.test(part)) depth--;
    return part === " " && depth === 0 ? "\n" : part;
  });
}

/** `expression`, and 0 for every Soulstone of `kind` that answers and has no such series yet. */
export function zeroWhenUp(expression: string, kind: string, scope: Scope): string {
  const up = `${ofSoulstone("up", scope, 'job="soulstone"', `engine_kind="${kind}"`)} == 1`;
  return `${expression} or on (soulstone) 0 * ${aggregate("max", scope, up)}`;
}

/** `expression`, and 0 for every Soulstone of `kind`, running or not. */
export function zeroAlways(expression: string, kind: string, scope: Scope): string {
  const states = ofSoulstone("lychd_soulstone_state", scope, `engine_kind="${kind}"`);
  return `${expression} or on (soulstone) 0 * ${aggregate("max", scope, states)}`;
}
