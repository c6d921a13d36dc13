/** The dashboard of one engine: the same first screen for all engines, then its own metrics. */
import type { Dashboard } from "@grafana/grafana-foundation-sdk/dashboard";
import { dashboard } from "../board.ts";
import type { Engine } from "../engines/engine.ts";
import {
  ANY_IS_BAD,
  fillStat,
  graph,
  type Panel,
  stat,
  stateStat,
  stateTimeline,
  text,
} from "../panels.ts";
import {
  aggregate,
  increase,
  ofSoulstone,
  PANEL,
  RANGE,
  type Scope,
  zeroAlways,
} from "../promql.ts";
import { RECORDED } from "../rules/recorded.ts";

const QUANTILES = [0.5, 0.95, 0.99];

/** Returns the dashboard `lychd-soulstone-KIND`. */
export function soulstoneBoard(engine: Engine): Dashboard {
  const ofKind = `engine_kind="${engine.kind}"`;
  return dashboard({
    uid: `lychd-soulstone-${engine.kind}`,
    title: `Soulstones: ${engine.title}`,
    description:
      `Soulstones that run ${engine.title}: state, speed, waiting requests and failures.`,
    since: "now-1h",
    variables: [
      {
        name: "soulstone",
        label: "Soulstone",
        values: `label_values(lychd_soulstone_state{${ofKind}}, soulstone)`,
        all: ".+",
      },
      {
        name: "model",
        label: "Model",
        values: `label_values({job="soulstone",${ofKind},soulstone=~"$soulstone"}, model_name)`,
        all: ".*",
      },
    ],
    panels: [...headline(engine), ...curves(engine)],
    rows: [
      {
        title: "History",
        collapsed: false,
        panels: [stateTimeline({
          title: "State history",
          description:
            "The state of each Soulstone over time. States that are shorter than the time " +
            "between two points may be missing.",
          unit: "none",
          width: 24,
          queries: [{ expression: stateOf(engine), legend: "{{soulstone}}" }],
        })],
      },
      { title: `More metrics of ${engine.title}`, collapsed: false, panels: engine.details },
    ],
  });
}

function stateOf(engine: Engine): string {
  const states = ofSoulstone(RECORDED.state, PANEL, `engine_kind="${engine.kind}"`);
  return aggregate("max", PANEL, states);
}

/** Returns failed requests as the engine counts them, and restarts after a crash as systemd counts them. */
function failures(engine: Engine, scope: Scope): { kind: string; count: string }[] {
  const restarts = ofSoulstone("lychd_soulstone_restarts", scope, `engine_kind="${engine.kind}"`);
  return [
    ...engine.failures.map(({ kind, count }) => ({ kind, count: count(scope) })),
    { kind: "engine restarts", count: aggregate("sum", scope, increase(restarts, scope)) },
  ].map(({ kind, count }) => ({ kind, count: zeroAlways(count, engine.kind, scope) }));
}

/** Returns the first line of panels. */
function headline(engine: Engine): Panel[] {
  const legend = "{{soulstone}}";
  const { kvCache } = engine;
  const state = stateStat({
    title: "State",
    description:
      "The state of the service in systemd. *not answering*: the service runs, but its " +
      "metrics could not be read for two minutes.",
    unit: "none",
    width: 6,
    queries: [{ expression: stateOf(engine), legend }],
  });
  const generation = stat({
    title: "Generation",
    description: "Generated tokens per second, all requests together.",
    unit: "suffix:tokens/s",
    decimals: 1,
    width: 4,
    queries: [{ expression: engine.generationTokens(PANEL), legend }],
  });
  const prompt = stat({
    title: "Prompts",
    description: "Processed prompt tokens per second, including those found in a cache.",
    unit: "suffix:tokens/s",
    decimals: 1,
    width: 4,
    queries: [{ expression: engine.promptTokens(PANEL), legend }],
  });
  const waiting = stat({
    title: "Waiting",
    description: "Requests that wait for a slot in the batch.",
    unit: "none",
    width: 3,
    thresholds: ANY_IS_BAD,
    queries: [{ expression: engine.waiting(PANEL), legend }],
  });
  const cache = kvCache === undefined
    ? stat({
      title: "Per token",
      description: "Mean time between two tokens of one request.",
      unit: "s",
      width: 3,
      noValue: "no requests",
      queries: [{ expression: engine.timePerOutputToken(PANEL), legend }],
    })
    : fillStat({
      title: "KV cache",
      description: "The used share of the memory for running requests. When it is full, requests " +
        "wait or are removed from the batch.",
      unit: "percentunit",
      width: 3,
      queries: [{ expression: kvCache(PANEL), legend }],
    });
  const failed = stat({
    title: "Failed",
    description:
      "Failures in the whole selected time range, all selected Soulstones together. *aborted*: " +
      "the client disconnected. A request may count twice: as an engine error and as a 5xx " +
      "response. The values are estimates: failures after the last scrape of a run are unknown, " +
      "and a run whose first value equals the last value of the run before seems to have none.",
    unit: "none",
    decimals: 0,
    width: 4,
    noValue: "unknown",
    thresholds: ANY_IS_BAD,
    queries: failures(engine, RANGE).map(({ kind, count }) => ({
      expression: `sum(${count})`,
      legend: kind,
    })),
  });
  return [state, generation, prompt, waiting, cache, failed];
}

/** Returns the panels with the same values over time. */
function curves(engine: Engine): Panel[] {
  const { kvCache, timeToFirstToken, interTokenLatency, missing } = engine;
  const speed = graph({
    title: "Tokens per second",
    description:
      "Generated tokens, and processed prompt tokens (including those found in a cache).",
    unit: "suffix:tokens/s",
    width: 8,
    queries: [
      { expression: engine.generationTokens(PANEL), legend: "{{soulstone}} generation" },
      { expression: engine.promptTokens(PANEL), legend: "{{soulstone}} prompts" },
    ],
  });
  const firstToken = timeToFirstToken === undefined ? missing?.insteadOfFirstToken : graph({
    title: "Time to first token",
    description: "From the arrival of a request to its first token: median, 95th and 99th " +
      "percentile, estimated from the buckets of the engine.",
    unit: "s",
    width: 8,
    queries: QUANTILES.map((q) => ({
      expression: timeToFirstToken(q, PANEL),
      legend: `{{soulstone}} p${q * 100}`,
    })),
  });
  const requests = graph({
    title: "Requests",
    description: "Requests in the batch, and requests that wait for a slot in it.",
    unit: "none",
    width: 8,
    queries: [
      { expression: engine.running(PANEL), legend: "{{soulstone}} running" },
      { expression: engine.waiting(PANEL), legend: "{{soulstone}} waiting" },
    ],
  });
  const cache = kvCache === undefined
    ? text("Not exported by this engine", missing?.words ?? "", 8)
    : graph({
      title: "KV cache",
      description: "The used share of the memory for running requests.",
      unit: "percentunit",
      max: 1,
      width: 8,
      queries: [{ expression: kvCache(PANEL), legend: "{{soulstone}}" }],
    });
  const failed = graph({
    title: "Failures",
    description: "Failures around each point, by kind. One request may count twice: as an " +
      "engine error and as a 5xx response.",
    unit: "none",
    width: 8,
    queries: failures(engine, PANEL).map(({ kind, count }) => ({
      expression: count,
      legend: `{{soulstone}} ${kind}`,
    })),
  });
  const perToken = graph({
    title: "Time per output token",
    description: "The time between two tokens of one request.",
    unit: "s",
    width: 8,
    queries: [
      { expression: engine.timePerOutputToken(PANEL), legend: "{{soulstone}} mean" },
      ...interTokenLatency === undefined ? [] : QUANTILES.map((q) => ({
        expression: interTokenLatency(q, PANEL),
        legend: `{{soulstone}} p${q * 100}`,
      })),
    ],
  });
  return [speed, firstToken, requests, cache, failed, perToken].filter((panel) =>
    panel !== undefined
  );
}
