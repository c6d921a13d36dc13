/** Removes the 0 that a query adds for missing series. */
import { parser } from "@prometheus-io/lezer-promql";

/**
 * Returns a query without its `or on (…) 0 * …`, so that only exported series are left.
 *
 * @example
 * ```ts
 * withoutStandIn("sum(a or on (soulstone) 0 * max by (soulstone) (up == 1))"); // "sum(a)"
 * ```
 */
export function withoutStandIn(expression: string): string {
  // The grammar does not accept variables of Grafana as a duration; this is a duration of equal length.
  const durations = expression.replace(
    /\$__\w+(?=[\]\s),])/g,
    (v) => "1".repeat(v.length - 1) + "s",
  );
  const cuts: [from: number, to: number][] = [];
  parser.parse(durations).iterate({
    enter({ type, node, to }) {
      if (type.name !== "BinaryExpr") return;
      const or = node.getChild("Or");
      const matching = node.getChild("MatchingModifierClause");
      const right = node.lastChild;
      if (or === null || matching === null || right === null) return;
      if (/^0 \* /.test(durations.slice(right.from, to))) cuts.push([or.from, to]);
    },
  });
  return cuts.reverse().reduce(
    (text, [from, to]) => text.slice(0, from).trimEnd() + text.slice(to),
    expression,
  );
}
