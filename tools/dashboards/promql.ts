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

/** The unit states are written every few seconds; older ones say nothing of now. */
export const FRESH = "on () (time() - max(lychd_observed_timestamp_seconds) <= 300)";

/** Growth per second. */
export function rate(selector: string, scope: Scope): string {
  return `rate(${selector}[${scope.window}])`;
}

/** Growth over the window. */
export function increase(selector: string, scope: Scope): string {
  return `increase(${selector}[${scope.window}])`;
}

/**
 * How long before the window a counter is looked for that was not there when the window began, to
 * tell one that was missed from a new one: as far back as its engine ran all the time.
 */
const MEMORIES = ["5m", "1h"];

/**
 * Growth over the window, of counters that may be born in it. A client library shows a labelled
 * counter only after its first event, and `increase` never sees that one: where a counter begins in
 * the window, what it shows first has grown in it too.
 *
 * It begins in the window when it was not there before, or only that of an earlier run. A scrape that
 * failed, or a Harvester that was away for less than an hour, is no beginning; nor is another list of
 * Covens, which makes all series of a running engine new. To one without any past, all is new. Runs
 * within the window are added up, as `increase` does; where a run goes on from the very number at
 * which the one before ended, nobody can see that it began at 0.
 */
export function growth(selector: string, scope: Scope): string {
  const running = ofSoulstone("lychd_soulstone_state", scope, 'state="running"');
  const missed = MEMORIES.map((memory) =>
    `last_over_time(${selector}[${memory}] offset ${scope.window}) unless on (soulstone) ` +
    `min_over_time(${running}[${memory}] offset ${scope.window}) == 0`
  );
  const before = [`${selector} offset ${scope.window}`, ...missed].join(" or ");
  const first = `min_over_time(${selector}[${scope.window}])`;
  const renamed = `count without (covens) (${first}) > 1`;
  const born = `(${first} unless ignoring (covens) (${before}) ` +
    `unless ignoring (covens) (${renamed}))`;
  const seen = increase(selector, scope);
  return `${seen} + ${born} or ${born} or ${seen}`;
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

/**
 * `expression`, and 0 for every Soulstone of `kind` that answers and has no such series yet; not for
 * one that is known to serve another model than the chosen one.
 */
export function zeroWhenUp(expression: string, kind: string, scope: Scope): string {
  const ofKind = ['job="soulstone"', `engine_kind="${kind}"`];
  const up = `${ofSoulstone("up", scope, ...ofKind)} == 1`;
  const zero = `${expression} or on (soulstone) 0 * ${aggregate("max", scope, up)}`;
  if (scope.model.length === 0) return zero;
  const others = scope.model.map((matcher) => matcher.replace("=~", "!~"));
  const serving = ofSoulstone("", scope, ...ofKind, 'model_name!=""', ...others);
  return `${zero} unless on (soulstone) ${serving}`;
}

/** `expression`, and 0 for every Soulstone of `kind`, running or not. */
export function zeroAlways(expression: string, kind: string, scope: Scope): string {
  const states = ofSoulstone("lychd_soulstone_state", scope, `engine_kind="${kind}"`);
  return `${expression} or on (soulstone) 0 * ${aggregate("max", scope, states)}`;
}
