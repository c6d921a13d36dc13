/** Checks the PromQL expressions with promtool while scrapes fail and engines start and stop. */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { dump } from "js-yaml";
import { growth, PANEL, zeroWhenUp } from "../../tools/dashboards/promql.ts";
import { DASHBOARDS, interpolate, queryingPanels } from "./dashboards.ts";
import { findProgramFolders, versionOf } from "./prometheus.ts";

const ABORTED = 'aborted_total{soulstone="eye"}';
const RUNNING = 'lychd_soulstone_state{soulstone="eye",state="running"}';

/** A point every 15 seconds, starting at 0, in the notation of promtool. */
interface Case {
  readonly claim: string;
  readonly series: Readonly<Record<string, string>>;
  readonly query: string;
  readonly atMinutes: number;
  /** The expected values. */
  readonly is: Readonly<Record<string, number>>;
}

function grown(window: string, model = ".*"): string {
  const scope = { ...PANEL, window };
  return filled(`sum(${growth("aborted_total", scope)})`, { model, range: window });
}

function filled(query: string, { model = ".*", range = "3600s" } = {}): string {
  return interpolate(query, { soulstone: ".+", model, rateInterval: "1m", range });
}

function swaps(range: string): string {
  const panel = queryingPanels(DASHBOARDS.get("lychd-covens.json")!)
    .find(({ title }) => title === "Swaps");
  return filled(panel!.targets![0]!.expr, { range });
}

function ofCovens(title: string): string {
  const panel = queryingPanels(DASHBOARDS.get("lychd-covens.json")!)
    .find((panel) => panel.title === title);
  return filled(panel!.targets![0]!.expr, { model: "m" });
}

const STOPPED_WRITING = {
  'lychd_coven_active{coven="vision"}': "1x100",
  lychd_observed_timestamp_seconds: "0+15x40 600x60",
};

const SERVES = (model: string) => {
  const expression = 'max by (soulstone) (sglang:token_usage{model_name=~"$model"})';
  return filled(zeroWhenUp(expression, "sglang", PANEL), { model });
};
const SGLANG = 'job="soulstone",soulstone="sg",engine_kind="sglang"';

const CASES: readonly Case[] = [
  {
    claim: "one failed scrape adds nothing, wherever it is in the window",
    series: { [ABORTED]: "1000x40 stale 1000x80", [RUNNING]: "1x120" },
    query: `max_over_time((${grown("5m")})[20m:15s])`,
    atMinutes: 25,
    is: { "{}": 0 },
  },
  {
    claim: "after a pause of twenty minutes the Harvester adds nothing that existed before",
    series: { [ABORTED]: "1000x40 _x80 1000x80", [RUNNING]: "1x40 _x80 1x80" },
    query: `max_over_time((${grown("5m")})[19m:15s])`,
    atMinutes: 49,
    is: { "{}": 0 },
  },
  {
    claim: "all runs in the window count, not only the last",
    series: {
      [ABORTED]: "_x20 0 1 2 3 4 5 6 7 8 9 9x20 stale _x60 0 1 2 2x60",
      [RUNNING]: "0x20 1x30 0x61 1x63",
    },
    query: grown("3600s"),
    atMinutes: 43,
    is: { "{}": 11 },
  },
  {
    claim: "the first event of a counter counts in each run",
    series: {
      [ABORTED]: "_x30 1x10 2x10 stale _x60 1x60",
      [RUNNING]: "0x20 1x31 0x60 1x60",
    },
    query: `round(${grown("3600s")})`,
    atMinutes: 43,
    is: { "{}": 3 },
  },
  {
    claim: "a run that started in the window counts fully, even directly after another run",
    series: { [ABORTED]: "1x20 stale _x40 1x40", [RUNNING]: "1x20 0x41 1x40" },
    query: `round(${grown("5m")})`,
    atMinutes: 17,
    is: { "{}": 1 },
  },
  {
    claim: "the growth is 0 after the window has passed",
    series: { [ABORTED]: "1x20 stale _x40 1x80", [RUNNING]: "1x20 0x41 1x80" },
    query: grown("5m"),
    atMinutes: 25,
    is: { "{}": 0 },
  },
  {
    claim: "an engine that answers while it stops adds nothing that existed before",
    series: { [ABORTED]: "1000x44 stale", [RUNNING]: "1x39 0x100" },
    query: `max_over_time((${grown("5m")})[10m:15s])`,
    atMinutes: 16,
    is: { "{}": 0 },
  },
  {
    claim: "a running engine in another Coven adds nothing that existed before",
    series: {
      'aborted_total{soulstone="eye",covens="a"}': "1000x40 stale",
      'aborted_total{soulstone="eye",covens="a,b"}': "_x41 1000x100",
      'lychd_soulstone_state{soulstone="eye",covens="a",state="running"}': "1x40 stale",
      'lychd_soulstone_state{soulstone="eye",covens="a,b",state="running"}': "_x41 1x100",
    },
    query: `max_over_time((${grown("5m")})[19m:15s])`,
    atMinutes: 25,
    is: { "{}": 0 },
  },
  {
    claim: "the first events of a run count, even if the run before had more",
    series: { [ABORTED]: "9x20 stale _x98 2x60", [RUNNING]: "1x20 0x10 1x200" },
    query: `round(${grown("5m")})`,
    atMinutes: 33,
    is: { "{}": 2 },
  },
  {
    claim: "an engine without a series shows 0 while it answers",
    series: { [`up{${SGLANG}}`]: "1x40" },
    query: SERVES(".*"),
    atMinutes: 5,
    is: { '{soulstone="sg"}': 0 },
  },
  {
    claim: "an engine that serves another model than the selected one shows nothing",
    series: {
      [`up{${SGLANG}}`]: "1x40",
      [`sglang:token_usage{${SGLANG},model_name="m"}`]: "0.97x40",
    },
    query: SERVES("other/model"),
    atMinutes: 5,
    is: {},
  },
  {
    claim: "an engine shows its own number when its model is selected",
    series: {
      [`up{${SGLANG}}`]: "1x40",
      [`sglang:token_usage{${SGLANG},model_name="m"}`]: "0.97x40",
    },
    query: SERVES("m"),
    atMinutes: 5,
    is: { '{soulstone="sg"}': 0.97 },
  },
  ...["Coven", "Coven history"].flatMap((title): Case[] => [
    {
      claim: `${title}: current states are shown`,
      series: STOPPED_WRITING,
      query: ofCovens(title),
      atMinutes: 15,
      is: { '{coven="vision"}': 1 },
    },
    {
      claim: `${title}: states that are no longer updated are not shown`,
      series: STOPPED_WRITING,
      query: ofCovens(title),
      atMinutes: 16,
      is: {},
    },
  ]),
  {
    claim: "failures without a model label count for a selected model too",
    series: {
      'soulstone:failures:increase5m{soulstone="sg",kind="answered 5xx"}': "7x40",
      'soulstone:failures:increase5m{soulstone="sg",kind="aborted",model_name="m"}': "1x40",
    },
    query: ofCovens("Failed, last 5 minutes"),
    atMinutes: 5,
    is: { "{}": 8 },
  },
  {
    claim: "the first activation of a Coven that started the Harvester counts",
    series: {
      'lychd_coven_active{coven="vision"}': "1x40 stale _x8 1x60",
      'lychd_coven_activated_timestamp_seconds{coven="vision"}': "60x40 stale _x8 720x60",
    },
    query: swaps("1500s"),
    atMinutes: 25,
    is: { '{coven="vision"}': 2 },
  },
  {
    claim:
      "a Coven that became active before the shown time does not count, nor one that never did",
    series: {
      'lychd_coven_active{coven="vision"}': "1x100",
      'lychd_coven_active{coven="think"}': "0x100",
      'lychd_coven_activated_timestamp_seconds{coven="vision"}': "60x100",
    },
    query: swaps("600s"),
    atMinutes: 25,
    is: { '{coven="vision"}': 0, '{coven="think"}': 0 },
  },
];

for (const folder of findProgramFolders()) {
  for (const { claim, series, query, atMinutes, is } of CASES) {
    Deno.test(`${claim}, by promtool ${versionOf(folder)}`, async () => {
      const file = await Deno.makeTempFile({ suffix: ".yml" });
      try {
        const test = {
          interval: "15s",
          input_series: Object.entries(series).map(([series, values]) => ({ series, values })),
          promql_expr_test: [{
            expr: query,
            eval_time: `${atMinutes}m`,
            exp_samples: Object.entries(is).map(([labels, value]) => ({ labels, value })),
          }],
        };
        await Deno.writeTextFile(file, dump({ evaluation_interval: "15s", tests: [test] }));
        const { success, stdout, stderr } = await new Deno.Command(join(folder, "promtool"), {
          args: ["test", "rules", file],
        }).output();
        const decoder = new TextDecoder();
        assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
      } finally {
        await Deno.remove(file);
      }
    });
  }
}
