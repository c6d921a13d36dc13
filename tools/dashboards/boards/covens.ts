/** The main dashboard: the Covens over time, and all Soulstones side by side. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, type Row } from "../board.ts";
import {
  activeTimeline,
  ANY_IS_BAD,
  graph,
  nameStat,
  stat,
  stateStat,
  stateTimeline,
  table,
} from "../panels.ts";
import { aggregate, born, FRESH, ofSoulstone, PANEL, quantile, RANGE } from "../promql.ts";
import { RECORDED } from "../rules/recorded.ts";

/** Aggregates a recorded series for each Soulstone, without the labels of the rule. */
function each(record: string, operator: "sum" | "max" = "sum", ...matchers: string[]): string {
  const selector = `${record}{${[...matchers, ...PANEL.soulstone, ...PANEL.model].join(",")}}`;
  return aggregate(operator, PANEL, selector);
}

const STATE = aggregate("max", PANEL, `${RECORDED.state}{${PANEL.soulstone.join(",")}}`);
// Not by model: 5xx responses and restarts have no model label.
const FAILURES = `${RECORDED.failures}{${PANEL.soulstone.join(",")}}`;
const SEEN_BY_DOOR = aggregate(
  "sum",
  PANEL,
  born(`lychd_vessel_upstream_errors_total{${PANEL.soulstone.join(",")}}`, {
    ...PANEL,
    window: "5m",
  }),
  "kind",
);
const ACTIVE = "max by (coven) (lychd_coven_active)";
const ACTIVATED = "lychd_coven_activated_timestamp_seconds";
// Each activation has its own timestamp. The first one counts if it is in the range: a Coven that
// starts the Harvester, as at boot, is already active at the first scrape.
const SWAPS = `sum by (coven) (changes(${ACTIVATED}[$__range]) + ` +
  `(min_over_time(${ACTIVATED}[$__range]) >= bool (time() - $__range_s))) ` +
  "or on (coven) 0 * max by (coven) (lychd_coven_active)";

/** Returns the sum over the shown time of a recorded series per second. */
function total(record: string): string {
  const sum = `sum_over_time(${ofSoulstone(record, PANEL)}[$__range:$__interval])`;
  return `${aggregate("sum", PANEL, sum)} * $__interval_ms / 1000`;
}

/** Returns the events over the shown time of a counter of the front door. */
function atDoor(name: string): string {
  return aggregate("sum", RANGE, born(ofSoulstone(`lychd_vessel_${name}`, RANGE), RANGE));
}

/** Returns the 95th percentile over the shown time of a histogram of the front door. */
function p95AtDoor(name: string): string {
  const buckets = ofSoulstone(`lychd_vessel_${name}_bucket`, RANGE);
  return quantile(0.95, `increase(${buckets}[$__range])`, RANGE);
}

export function covensBoard(): Dashboard {
  return dashboard({
    uid: "lychd-covens",
    title: "Covens",
    description: "The Covens over time, and all Soulstones side by side.",
    since: "now-6h",
    variables: [
      {
        name: "soulstone",
        label: "Soulstone",
        values: "label_values(lychd_soulstone_state, soulstone)",
        all: ".+",
      },
      {
        name: "model",
        label: "Model",
        values: 'label_values({job="soulstone",soulstone=~"$soulstone"}, model_name)',
        all: ".*",
      },
    ],
    panels: [
      nameStat({
        title: "Coven",
        description: "The Coven whose target is active. Soulstones can also run without one.",
        unit: "none",
        width: 4,
        noValue: "none is active, or the observer does not write the unit states",
        queries: [{ expression: `${ACTIVE} == 1 and ${FRESH}`, legend: "{{coven}}" }],
      }),
      stateStat({
        title: "Soulstones",
        description: "The state of each service in systemd. A Soulstone is stopped while " +
          "another Coven runs. *not answering*: the service runs, but its metrics could not be " +
          "read for two minutes.",
        unit: "none",
        width: 10,
        queries: [{ expression: STATE, legend: "{{soulstone}}" }],
      }),
      stat({
        title: "Generation",
        description: "Generated tokens per second, all Soulstones together.",
        unit: "suffix:tokens/s",
        decimals: 1,
        width: 4,
        queries: [{ expression: `sum(${each(RECORDED.generationTokens)})`, legend: "all" }],
      }),
      stat({
        title: "Waiting",
        description: "Requests that wait for a slot in a batch.",
        unit: "none",
        width: 2,
        thresholds: ANY_IS_BAD,
        queries: [{ expression: `sum(${each(RECORDED.waiting)})`, legend: "requests" }],
      }),
      stat({
        title: "Failed, last 5 minutes",
        description: "Failed requests and engine restarts, all Soulstones together, and requests " +
          "that the front door got no whole answer for: llama.cpp does not count its failures. The " +
          "dashboards of the engines show them by kind, for any time range.",
        unit: "none",
        decimals: 0,
        width: 4,
        noValue: "unknown",
        thresholds: ANY_IS_BAD,
        queries: [
          { expression: `sum(${FAILURES})`, legend: "all kinds" },
          { expression: `sum(${SEEN_BY_DOOR})`, legend: "seen by the front door" },
        ],
      }),
      activeTimeline({
        title: "Coven history",
        description:
          "The times at which the target of each Coven was active. A Coven that was active " +
          "for less than the time between two points may be missing here; Swaps counts it.",
        unit: "none",
        width: 10,
        queries: [{ expression: `${ACTIVE} and ${FRESH}`, legend: "{{coven}}" }],
      }),
      stateTimeline({
        title: "Soulstone history",
        description: "The state of each Soulstone over time.",
        unit: "none",
        width: 10,
        queries: [{ expression: STATE, legend: "{{soulstone}}" }],
      }),
      stat({
        title: "Swaps",
        description:
          "How often each Coven became active in the selected time range, including the first " +
          "time after a boot. Activations between two runs of the observer are not counted.",
        unit: "none",
        decimals: 0,
        width: 4,
        height: 6,
        noValue: "unknown",
        queries: [{ expression: SWAPS, legend: "{{coven}}" }],
      }),
      graph({
        title: "Tokens per second",
        description: "Generated tokens and processed prompt tokens, averaged over two minutes.",
        unit: "suffix:tokens/s",
        width: 6,
        queries: [
          { expression: each(RECORDED.generationTokens), legend: "{{soulstone}} generation" },
          { expression: each(RECORDED.promptTokens), legend: "{{soulstone}} prompts" },
        ],
      }),
      graph({
        title: "Time to first token (not of llama.cpp)",
        description: "Median, 95th and 99th percentile of the requests of the last five minutes. " +
          "llama.cpp does not export it; the dashboard of the front door has it for all engines.",
        unit: "s",
        width: 6,
        queries: ["0.5", "0.95", "0.99"].map((q) => ({
          expression: each(RECORDED.timeToFirstToken, "max", `quantile="${q}"`),
          legend: `{{soulstone}} p${Number(q) * 100}`,
        })),
      }),
      graph({
        title: "Requests",
        description: "Requests in the batch, and requests that wait for a slot in it.",
        unit: "none",
        width: 6,
        queries: [
          { expression: each(RECORDED.running), legend: "{{soulstone}} running" },
          { expression: each(RECORDED.waiting), legend: "{{soulstone}} waiting" },
        ],
      }),
      graph({
        title: "KV cache (not of llama.cpp)",
        description: "The used share of the memory for running requests. llama.cpp does not " +
          "export it.",
        unit: "percentunit",
        max: 1,
        width: 6,
        queries: [{ expression: each(RECORDED.kvCache, "max"), legend: "{{soulstone}}" }],
      }),
      graph({
        title: "Time per output token",
        description: "Mean time between two tokens of one request, over five minutes.",
        unit: "s",
        width: 8,
        queries: [{
          expression: each(RECORDED.timePerOutputToken, "max"),
          legend: "{{soulstone}}",
        }],
      }),
      graph({
        title: "End-to-end latency (not of llama.cpp)",
        description:
          "Median and 95th percentile of the requests of the last five minutes. llama.cpp " +
          "does not export it.",
        unit: "s",
        width: 8,
        queries: ["0.5", "0.95"].map((q) => ({
          expression: each(RECORDED.endToEnd, "max", `quantile="${q}"`),
          legend: `{{soulstone}} p${Number(q) * 100}`,
        })),
      }),
      graph({
        title: "Failures",
        description: "Failed requests and engine restarts in the five minutes before each " +
          "point. One request may count twice: as an engine error, as a 5xx response, and at the " +
          "front door. Only that one counts failed requests of llama.cpp.",
        unit: "none",
        width: 8,
        queries: [
          {
            expression: aggregate("sum", PANEL, FAILURES, "kind"),
            legend: "{{soulstone}} {{kind}}",
          },
          { expression: SEEN_BY_DOOR, legend: "{{soulstone}} front door: {{kind}}" },
        ],
      }),
      table({
        title: "By Soulstone",
        description:
          "The selected time range. The engines count tokens; the front door counts requests, times " +
          "(with the queue) and errors.",
        label: "soulstone",
        width: 24,
        columns: [
          { title: "tokens in", unit: "short", expression: total(RECORDED.promptTokens) },
          { title: "tokens out", unit: "short", expression: total(RECORDED.generationTokens) },
          { title: "requests", unit: "short", decimals: 0, expression: atDoor("requests_total") },
          {
            title: "first token, p95",
            unit: "s",
            expression: p95AtDoor("time_to_first_token_seconds"),
          },
          {
            title: "whole answer, p95",
            unit: "s",
            expression: p95AtDoor("request_duration_seconds"),
          },
          {
            title: "errors",
            unit: "short",
            decimals: 0,
            expression: atDoor("upstream_errors_total"),
          },
          {
            title: "KV cache, peak",
            unit: "percentunit",
            decimals: 0,
            expression: aggregate(
              "max",
              PANEL,
              `max_over_time(${ofSoulstone(RECORDED.kvCache, PANEL)}[$__range])`,
            ),
          },
        ],
      }),
    ],
    rows: [GPU],
  });
}

const NO_EXPORTER = "no GPU exporter: set [gpu_exporter] enabled = true in lychd.toml";

/** Collapsed, because the panels are empty without a GPU exporter. */
const GPU: Row = {
  title: "GPU (needs [gpu_exporter])",
  collapsed: true,
  panels: [
    graph({
      title: "GPU memory",
      description: "Used and total memory of each GPU.",
      unit: "bytes",
      width: 12,
      noValue: NO_EXPORTER,
      queries: [
        { expression: ofGpu("nvidia_smi_memory_used_bytes"), legend: "{{index}} {{name}} used" },
        { expression: ofGpu("nvidia_smi_memory_total_bytes"), legend: "{{index}} {{name}} total" },
      ],
    }),
    graph({
      title: "GPU power",
      description: "Power draw of each GPU, and its enforced limit.",
      unit: "watt",
      width: 12,
      noValue: NO_EXPORTER,
      queries: [
        { expression: ofGpu("nvidia_smi_power_draw_watts"), legend: "{{index}} {{name}}" },
        {
          expression: ofGpu("nvidia_smi_enforced_power_limit_watts"),
          legend: "{{index}} {{name}} limit",
        },
      ],
    }),
    graph({
      title: "GPU utilization",
      description:
        "The share of time in which a kernel ran. It does not depend on the used memory.",
      unit: "percentunit",
      max: 1,
      width: 12,
      noValue: NO_EXPORTER,
      queries: [
        { expression: ofGpu("nvidia_smi_utilization_gpu_ratio"), legend: "{{index}} {{name}}" },
      ],
    }),
    graph({
      title: "GPU temperature",
      description: "The core temperature of each GPU.",
      unit: "celsius",
      width: 12,
      noValue: NO_EXPORTER,
      queries: [
        { expression: ofGpu("nvidia_smi_temperature_gpu"), legend: "{{index}} {{name}}" },
      ],
    }),
  ],
};

/** A series of nvidia_gpu_exporter with the GPU's name, which is in another series. */
function ofGpu(metric: string): string {
  return `${metric} * on (instance, uuid) group_left (index, name) nvidia_smi_gpu_info`;
}
