/** Checks that Grafana accepts the dashboards and that people can read them. */
import assert from "node:assert/strict";
import { DASHBOARDS, type Panel, panelsOf, queryingPanels } from "./dashboards.ts";
import { dashboardValidator } from "./schema.ts";

const findingsOf = dashboardValidator();

const DATA_SOURCE = { type: "prometheus", uid: "lychd-prometheus" };

Deno.test("each dashboard fits the schema of the SDK's version", () => {
  for (const [name, dashboard] of DASHBOARDS) assert.deepEqual(findingsOf(dashboard), [], name);
});

Deno.test("the schema detects unknown fields", () => {
  const text = JSON.stringify(DASHBOARDS.get("soulstone-vllm.json"));
  const breaks = [
    ['"templating"', '"template"'],
    ['"refresh":"15s"', '"refresh":15'],
    ['"type":"stat"', '"type":"singlestat"'],
    ['"graphMode":"none"', '"graphMode":"bars"'],
    ['"fillOpacity"', '"fillopacity"'],
    ['"lineWidth":1', '"lineWidth":"1"'],
    ['"expr"', '"expression"'],
    ['"unit"', '"units"'],
    ['"gridPos":{"h":4', '"gridPos":{"height":4'],
  ];
  for (const [right, wrong] of breaks) {
    assert.ok(text.includes(right!), `nothing to break: ${right}`);
    assert.notDeepEqual(findingsOf(JSON.parse(text.replace(right!, wrong!))), [], wrong);
  }
});

Deno.test("uids and titles are unique and match the rest of lychd", () => {
  const dashboards = [...DASHBOARDS.values()];
  assert.deepEqual(dashboards.map(({ uid }) => uid).sort(), [
    "lychd-covens",
    "lychd-soulstone-llamacpp",
    "lychd-soulstone-sglang",
    "lychd-soulstone-vllm",
    "lychd-vessel",
  ]);
  assert.equal(new Set(dashboards.map(({ title }) => title)).size, dashboards.length);
});

for (const [name, dashboard] of DASHBOARDS) {
  const panels = panelsOf(dashboard);

  Deno.test(`${name}: ids are unique`, () => {
    const ids = panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
  });

  Deno.test(`${name}: all queries use the data source of lychd`, () => {
    for (const panel of queryingPanels(dashboard)) assert.deepEqual(panel.datasource, DATA_SOURCE);
    for (const { datasource } of dashboard.templating.list) {
      assert.deepEqual(datasource, DATA_SOURCE);
    }
  });

  Deno.test(`${name}: panels are on the grid and do not overlap`, () => {
    for (const { title, gridPos: { x, w, h } } of panels) {
      assert.ok(x >= 0 && x + w <= 24 && w > 0 && h > 0, title);
    }
    for (const [index, one] of panels.entries()) {
      for (const other of panels.slice(index + 1)) {
        assert.ok(!overlap(one, other), `${one.title} and ${other.title}`);
      }
    }
  });

  Deno.test(`${name}: every panel has a description, a unit and a legend`, () => {
    for (const panel of queryingPanels(dashboard)) {
      const texts = [
        panel.description,
        panel.fieldConfig?.defaults.unit,
        panel.fieldConfig?.defaults.noValue,
      ];
      assert.ok(texts.every((text) => text !== undefined && text !== ""), panel.title);
      const hasLegend = panel.type !== "stat" && panel.type !== "table";
      if (hasLegend) assert.equal(panel.options?.legend?.showLegend, true, panel.title);
      const legends = panel.targets!.map(({ legendFormat }) => legendFormat ?? "");
      assert.ok(legends.every((legend) => legend !== ""), panel.title);
      assert.equal(new Set(legends).size, legends.length, panel.title);
      assert.ok(panel.targets!.every(({ instant, range }) => instant !== range), panel.title);
    }
  });

  Deno.test(`${name}: the first screen has the main panels`, () => {
    // A screen of 1080 lines shows 20 rows of the grid.
    const first = panels.filter(({ gridPos }) => gridPos.y + gridPos.h <= 20)
      .map(({ title }) => title).join("\n");
    const answers = name === "lychd-vessel.json"
      ? [/State/, /Under way/, /Waiting/, /Fail/, /swaps/, /Requests/, /queue/, /first token/]
      : [/State|Soulstones/, /Generation/, /Prompts|Tokens per second/, /Waiting/, /Fail/];
    for (const answer of answers) assert.match(first, answer);
    if (name === "lychd-vessel.json") return;
    if (!name.includes("llamacpp")) {
      assert.match(first, /KV cache/);
      assert.match(first, /Time to first token/);
    } else {
      assert.match(first, /Not exported by this engine/);
    }
  });
}

Deno.test("a panel that needs a GPU exporter explains how to enable it", () => {
  const panels = [...DASHBOARDS.values()].flatMap(queryingPanels)
    .filter(({ targets }) => targets!.some(({ expr }) => expr.includes("nvidia_smi")));
  assert.ok(panels.length > 0);
  for (const { title, fieldConfig } of panels) {
    assert.match(fieldConfig!.defaults.noValue!, /\[gpu_exporter\] enabled = true/, title);
  }
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
