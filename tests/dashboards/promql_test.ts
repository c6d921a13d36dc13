/** Checks every expression with the PromQL grammar of Prometheus. */
import assert from "node:assert/strict";
import { parser } from "@prometheus-io/lezer-promql";
import { ALL_RULES, DASHBOARDS, interpolate, queryingPanels } from "./dashboards.ts";

/** Returns the places of syntax errors in `expression`. */
function syntaxFaults(expression: string): string[] {
  const faults: string[] = [];
  parser.parse(expression).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(`${expression.slice(0, from)}⟨${expression.slice(from, to)}⟩`);
    },
  });
  return faults;
}

const VALUES = { soulstone: "eye", model: ".*", rateInterval: "1m", range: "3600s" };

for (const [name, dashboard] of DASHBOARDS) {
  Deno.test(`every query of ${name} is valid PromQL`, () => {
    const queries = queryingPanels(dashboard).flatMap(({ targets }) => targets!);
    assert.ok(queries.length > 10);
    assert.equal(dashboard.annotations.list.length, 1);
    for (const { expr } of [...queries, ...dashboard.annotations.list]) {
      const sent = interpolate(expr, VALUES);
      assert.doesNotMatch(sent, /\$/, "an unknown variable");
      assert.deepEqual(syntaxFaults(sent), [], expr);
    }
  });
}

Deno.test("every expression of rules.yml is valid PromQL", () => {
  assert.ok(ALL_RULES.length > 10);
  for (const { expr } of ALL_RULES) assert.deepEqual(syntaxFaults(expr), [], expr);
});

Deno.test("every queried series of lychd is written by the observer or the front door", () => {
  const door = Deno.readTextFileSync(
    new URL("../../src/door/front/report/metrics.ts", import.meta.url),
  );
  const observer = Deno.readTextFileSync(new URL("../../templates/observe.sh", import.meta.url));
  const queries = [...DASHBOARDS.values()].flatMap(queryingPanels)
    .flatMap(({ targets }) => targets!.map(({ expr }) => expr));
  const asked = [...queries, ...ALL_RULES.map(({ expr }) => expr)].join("\n")
    .match(/\blychd_\w+/g)!;
  assert.ok(asked.length > 10);
  for (const name of new Set(asked)) {
    const [, own] = /^lychd_vessel_(.+?)(?:_bucket|_sum|_count)?$/.exec(name) ?? [];
    if (own === undefined) assert.match(observer, new RegExp(`print_metric\\("${name}"`));
    else assert.ok(door.includes(`"${own}",`), name);
  }
});

Deno.test("every queried recorded series has a rule", () => {
  const recorded = new Set(ALL_RULES.map(({ record }) => record));
  const asked = [...DASHBOARDS.values()].flatMap(queryingPanels)
    .flatMap(({ targets }) =>
      targets!.flatMap(({ expr }) => expr.match(/\b(?:soulstone|vessel):[\w:]+/g) ?? [])
    );
  assert.ok(asked.length > 10);
  assert.deepEqual(asked.filter((name) => !recorded.has(name)), []);
});

Deno.test("a syntax error is detected", () => {
  for (const wrong of ["sum by (a (b)", "rate(x[5m)", "a +", 'up{job=="x"}', ""]) {
    assert.notDeepEqual(syntaxFaults(wrong), [], wrong);
  }
});
