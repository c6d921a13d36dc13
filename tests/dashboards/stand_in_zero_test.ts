import assert from "node:assert/strict";
import { zeroAlways, zeroWhenUp } from "../../tools/dashboards/promql.ts";
import { PANEL } from "../../tools/dashboards/promql.ts";
import { DASHBOARDS, queryingPanels } from "./dashboards.ts";
import { withoutStandIn } from "./stand_in_zero.ts";

const OWN = 'max by (soulstone) (a{soulstone=~"$soulstone"}) or rate(b[$__rate_interval])';

Deno.test("only the stand-in 0 is removed", () => {
  for (const zero of [zeroWhenUp, zeroAlways]) {
    assert.equal(withoutStandIn(zero(OWN, "sglang", PANEL)), OWN);
    assert.equal(withoutStandIn(`sum(${zero(OWN, "sglang", PANEL)})`), `sum(${OWN})`);
  }
  assert.equal(withoutStandIn(OWN), OWN);
  assert.equal(withoutStandIn("a + (b or 0 * a)"), "a + (b or 0 * a)");
});

Deno.test("every stand-in 0 of the dashboards is found", () => {
  const queries = [...DASHBOARDS.values()].flatMap(queryingPanels)
    .flatMap(({ targets }) => targets!.map(({ expr }) => expr));
  assert.ok(queries.filter((query) => withoutStandIn(query) !== query).length > 10);
  for (const query of queries) assert.doesNotMatch(withoutStandIn(query), /\bon \(\w+\) 0 \*/);
});
