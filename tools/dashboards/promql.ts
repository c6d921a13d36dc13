/**
 * The PromQL expressions of dashboards and rules. Each pitfall of PromQL is handled here once.
 */

/** The series that a query selects, the labels that it keeps, and the window of its rates. */
export interface Scope {
  /** Matchers for the labels of a target: all series of an engine, `up`, and the unit states. */
  readonly soulstone: readonly string[];
  /** Matchers for the model, which only the engine's own series have as a label. */
  readonly model: readonly string[];
  readonly by: readonly string[];
  readonly window: string;
}

/** One panel: the selection of its variables, and the window that fits its zoom. */
export const PANEL: Scope = {
  soulstone: ['soulstone=~"$soulstone"'],
  model: ['model_name=~"$model"'],
  by: ["soulstone"],
  window: "$__rate_interval",
};

/** The whole time range of a dashboard. */
export const RANGE: Scope = { ...PANEL, window: "$__range" };

/** Returns the scope of a recording rule: all series, with the labels for filters. */
export function ruleScope(window: string): Scope {
  return {
    soulstone: [],
    model: [],
    by: ["soulstone", "covens", "engine_kind", "model_name"],
    window,
  };
}

/** Selects series of an engine that have a model label. */
export function ofModel(metric: string, scope: Scope, ...matchers: string[]): string {
  return select(metric, [...matchers, ...scope.soulstone, ...scope.model]);
}

/** Selects series without a model label. */
export function ofSoulstone(metric: string, scope: Scope, ...matchers: string[]): string {
  return select(metric, [...matchers, ...scope.soulstone]);
}

function select(metric: string, matchers: readonly string[]): string {
  return matchers.length === 0 ? metric : `${metric}{${matchers.join(",")}}`;
}

/** Aggregates by the labels of `scope` and `more`. */
export function aggregate(
  operator: "sum" | "max",
  scope: Scope,
  expression: string,
  ...more: string[]
): string {
  return `${operator} by (${[...more, ...scope.by].join(", ")}) (${expression})`;
}

/** Drops unit states that are older than five minutes; the observer writes them every few seconds. */
export const FRESH = "on () (time() - max(lychd_observed_timestamp_seconds) <= 300)";

/** Returns the growth per second. */
export function rate(selector: string, scope: Scope): string {
  return `rate(${selector}[${scope.window}])`;
}

/** Returns the growth over the window. */
export function increase(selector: string, scope: Scope): string {
  return `increase(${selector}[${scope.window}])`;
}

/**
 * The times before the window in which a counter that is missing at the start of the window may still
 * be found. They count only if the engine was running all that time.
 */
const MEMORIES = ["5m", "1h"];

/**
 * Returns the growth over the window of counters that may start in it. A client library exports a
 * labelled counter only after its first event, which `increase` never counts. So the first value of a
 * counter that starts in the window is added.
 *
 * A counter starts in the window if it did not exist before, or only in an earlier run. A failed scrape
 * is not a start, nor is a pause of the Harvester of less than an hour, nor a new list of Covens, which
 * renames all series of a running engine. Runs within the window are added up, as with `increase`. If
 * a run starts with exactly the last value of the run before, the restart cannot be detected.
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
 * Returns the growth over the window of counters of the front door, of which those with labels begin with
 * their first event. That one counts if the series did not exist before the window.
 */
export function born(selector: string, scope: Scope): string {
  const seen = increase(selector, scope);
  const first =
    `(min_over_time(${selector}[${scope.window}]) unless ${selector} offset ${scope.window})`;
  return `${seen} + ${first} or ${first} or ${seen}`;
}

/**
 * Returns a quantile of a classic histogram from the rates of its buckets; nothing if there were no
 * observations, for which Prometheus returns NaN.
 */
export function quantile(q: number, bucketRates: string, scope: Scope): string {
  return `histogram_quantile(${q}, ${aggregate("sum", scope, bucketRates, "le")}) >= 0`;
}

/** Returns a quotient; nothing for a denominator of 0, for which Prometheus returns NaN or infinity. */
export function ratio(numerator: string, denominator: string): string {
  return `${numerator} / (${denominator} > 0)`;
}

/** Puts each operand of the outermost `or` and `and` on its own line. */
export function inLines(expression: string): string {
  let depth = 0;
  return expression.replace(/"[^"]*"|[({[]|[)}\]]| (?=(?:or|and) )/g, (part) => {
    if (/^[({[]$/.test(part)) depth++;
    if (/^[)}\]]$/.test(part)) depth--;
    return part === " " && depth === 0 ? "\n" : part;
  });
}

/**
 * Adds 0 for every Soulstone of `kind` that answers but has no such series yet, except those that serve
 * another model than the selected one.
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

/** Adds 0 for every Soulstone of `kind`, running or not. */
export function zeroAlways(expression: string, kind: string, scope: Scope): string {
  const states = ofSoulstone("lychd_soulstone_state", scope, `engine_kind="${kind}"`);
  return `${expression} or on (soulstone) 0 * ${aggregate("max", scope, states)}`;
}
