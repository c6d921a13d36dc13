/** The dashboard of all: which Coven ran when, and every Soulstone side by side. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard, type Row } from "../board.ts";
import {
  ANY_IS_BAD,
  covenTimeline,
  graph,
  nameStat,
  stat,
  stateStat,
  stateTimeline,
} from "../panels.ts";
import { aggregate, FRESH, PANEL } from "../promql.ts";
import { RECORDED } from "../rules/recorded.ts";

/** The sum or maximum of a recorded series for each Soulstone, without the labels of the rule. */
function each(record: string, operator: "sum" | "max" = "sum", ...matchers: string[]): string {
  const selector = `${record}{${[...matchers, ...PANEL.soulstone, ...PANEL.model].join(",")}}`;
  return aggregate(operator, PANEL, selector);
}

const STATE = aggregate("max", PANEL, `${RECORDED.state}{${PANEL.soulstone.join(",")}}`);
// Not by model: answers 5xx and restarts name none.
const FAILURES = `${RECORDED.failures}{${PANEL.soulstone.join(",")}}`;
const ACTIVE = "max by (coven) (lychd_coven_active)";
const ACTIVATED = "lychd_coven_activated_timestamp_seconds";
// Each activation has a time of its own. The first that was seen counts if it lies in the range: a
// Coven that brings the Harvester up, as after a boot, is active when the Harvester first looks.
const SWAPS = `sum by (coven) (changes(${ACTIVATED}[$__range]) + ` +
  `(min_over_time(${ACTIVATED}[$__range]) >= bool (time() - $__range_s))) ` +
  "or on (coven) 0 * max by (coven) (lychd_coven_active)";

export function covensBoard(): Dashboard {
  return dashboard({
    uid: "lychd-covens",
    title: "Covens",
    description: "Which Coven ran when, and all Soulstones side by side.",
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
        noValue: "none is active, or the unit states are not being written",
        queries: [{ expression: `${ACTIVE} == 1 and ${FRESH}`, legend: "{{coven}}" }],
      }),
      stateStat({
        title: "Soulstones",
        description: "What systemd says of each, in words. A stopped one is stopped because " +
          "another Coven runs. *not answering*: it should run, and its metrics could not be read " +
          "for two minutes.",
        unit: "none",
        width: 10,
        queries: [{ expression: STATE, legend: "{{soulstone}}" }],
      }),
      stat({
        title: "Generation",
        description: "Tokens written per second, by all Soulstones together.",
        unit: "suffix: tokens/s",
        decimals: 1,
        width: 4,
        queries: [{ expression: `sum(${each(RECORDED.generationTokens)})`, legend: "all" }],
      }),
      stat({
        title: "Waiting",
        description: "Requests that wait for a place in a batch.",
        unit: "none",
        width: 2,
        thresholds: ANY_IS_BAD,
        queries: [{ expression: `sum(${each(RECORDED.waiting)})`, legend: "requests" }],
      }),
      stat({
        title: "Failed, last 5 minutes",
        description: "Failed requests and restarts of engines, of all Soulstones together. The " +
          "dashboards of the engines show them by kind, for any time.",
        unit: "none",
        decimals: 0,
        width: 4,
        noValue: "unknown",
        thresholds: ANY_IS_BAD,
        queries: [{ expression: `sum(${FAILURES})`, legend: "all kinds" }],
      }),
      covenTimeline({
        title: "Coven history",
        description:
          "Which Coven was active when, as systemd says of its target. A point is what " +
          "held at that moment; a Coven that ran shorter than the time between two points may " +
          "be missing here, and is still counted under Swaps.",
        unit: "none",
        width: 10,
        queries: [{ expression: `${ACTIVE} and ${FRESH}`, legend: "{{coven}}" }],
      }),
      stateTimeline({
        title: "Soulstone history",
        description: "When each Soulstone ran, and when it was stopped or had failed.",
        unit: "none",
        width: 10,
        queries: [{ expression: STATE, legend: "{{soulstone}}" }],
      }),
      stat({
        title: "Swaps",
        description:
          "How often each Coven became active in the shown time, the first time after a " +
          "boot included. What came and went between two looks of the observer is not seen.",
        unit: "none",
        decimals: 0,
        width: 4,
        height: 6,
        noValue: "unknown",
        queries: [{ expression: SWAPS, legend: "{{coven}}" }],
      }),
      graph({
        title: "Tokens per second",
        description: "Tokens written and prompt tokens taken in, means of two minutes.",
        unit: "suffix: tokens/s",
        width: 6,
        queries: [
          { expression: each(RECORDED.generationTokens), legend: "{{soulstone}} generation" },
          { expression: each(RECORDED.promptTokens), legend: "{{soulstone}} prompts" },
        ],
      }),
      graph({
        title: "Time to first token",
        description: "Half, 95 % and 99 % of the requests of five minutes had their first token " +
          "sooner. llama.cpp does not export it.",
        unit: "s",
        width: 6,
        queries: ["0.5", "0.95", "0.99"].map((q) => ({
          expression: each(RECORDED.timeToFirstToken, "max", `quantile="${q}"`),
          legend: `{{soulstone}} p${Number(q) * 100}`,
        })),
      }),
      graph({
        title: "Requests",
        description: "Requests in the batch, and requests that wait for a place in it.",
        unit: "none",
        width: 6,
        queries: [
          { expression: each(RECORDED.running), legend: "{{soulstone}} running" },
          { expression: each(RECORDED.waiting), legend: "{{soulstone}} waiting" },
        ],
      }),
      graph({
        title: "KV cache",
        description: "The used share of the memory for running requests. llama.cpp does not " +
          "export it.",
        unit: "percentunit",
        max: 1,
        width: 6,
        queries: [{ expression: each(RECORDED.kvCache, "max"), legend: "{{soulstone}}" }],
      }),
      graph({
        title: "Time per output token",
        description: "Mean time between two tokens of one request, of five minutes.",
        unit: "s",
        width: 8,
        queries: [{
          expression: each(RECORDED.timePerOutputToken, "max"),
          legend: "{{soulstone}}",
        }],
      }),
      graph({
        title: "End-to-end latency",
        description: "Half and 95 % of the requests of five minutes were done sooner. llama.cpp " +
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
        description: "Failed requests and restarts of engines, in the five minutes before each " +
          "point. One request may count twice: as an engine error and as its answer 5xx.",
        unit: "none",
        width: 8,
        queries: [{
          expression: aggregate(
            "sum",
            PANEL,
            FAILURES,
            "kind",
          ),
          legend: "{{soulstone}} {{kind}}",
        }],
      }),
    ],
    rows: [GPU],
  });
}

const NO_EXPORTER = "no GPU exporter: set [gpu_exporter] enabled = true in lychd.toml";

/** Folded, as it says something only where a GPU exporter runs; and then each panel says so. */
const GPU: Row = {
  title: "GPU (needs [gpu_exporter])",
  collapsed: true,
  panels: [
    graph({
      title: "GPU memory",
      description: "Used memory of each GPU, and how much it has.",
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
      description: "Drawn power of each GPU, and the limit that holds for it.",
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
      title: "GPU utilisation",
      description: "The share of time in which a kernel ran. A full GPU is not yet a busy one.",
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
      description: "Of the core of each GPU.",
      unit: "celsius",
      width: 12,
      noValue: NO_EXPORTER,
      queries: [
        { expression: ofGpu("nvidia_smi_temperature_gpu"), legend: "{{index}} {{name}}" },
      ],
    }),
  ],
};

/** A series of nvidia_gpu_exporter with the GPU's name, which stands in a series of its own. */
function ofGpu(metric: string): string {
  return `${metric} * on (instance, uuid) group_left (index, name) nvidia_smi_gpu_info`;
}
