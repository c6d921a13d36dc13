/** The dashboard of one engine: the same first screen for all, then what only this engine tells. */
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

/** The dashboard `lychd-soulstone-KIND`. */
export function soulstoneBoard(engine: Engine): Dashboard {
  const ofKind = `engine_kind="${engine.kind}"`;
  return dashboard({
    uid: `lychd-soulstone-${engine.kind}`,
    title: `Soulstones: ${engine.title}`,
    description: `Soulstones that run ${engine.title}: whether they run, how fast they are, who ` +
      "waits, and what fails.",
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
          title: "When it ran",
          description: "When each Soulstone ran, and when it was stopped or had failed. A point " +
            "is what held at that moment; shorter states may fall between two of them.",
          unit: "none",
          width: 24,
          queries: [{ expression: stateOf(engine), legend: "{{soulstone}}" }],
        })],
      },
      { title: `What ${engine.title} tells besides`, collapsed: false, panels: engine.details },
    ],
  });
}

function stateOf(engine: Engine): string {
  const states = ofSoulstone(RECORDED.state, PANEL, `engine_kind="${engine.kind}"`);
  return aggregate("max", PANEL, states);
}

/** Failures of requests as the engine counts them, and restarts after a crash as systemd does. */
function failures(engine: Engine, scope: Scope): { kind: string; count: string }[] {
  const restarts = ofSoulstone("lychd_soulstone_restarts", scope, `engine_kind="${engine.kind}"`);
  return [
    ...engine.failures.map(({ kind, count }) => ({ kind, count: count(scope) })),
    { kind: "engine restarts", count: aggregate("sum", scope, increase(restarts, scope)) },
  ].map(({ kind, count }) => ({ kind, count: zeroAlways(count, engine.kind, scope) }));
}

/** The answers in one line. */
function headline(engine: Engine): Panel[] {
  const legend = "{{soulstone}}";
  const { kvCache } = engine;
  const state = stateStat({
    title: "State",
    description: "What systemd says, in words. *not answering*: it should run, and its metrics " +
      "could not be read for two minutes.",
    unit: "none",
    width: 6,
    queries: [{ expression: stateOf(engine), legend }],
  });
  const generation = stat({
    title: "Generation",
    description: "Tokens written per second, by all requests together.",
    unit: "suffix: tokens/s",
    decimals: 1,
    width: 4,
    queries: [{ expression: engine.generationTokens(PANEL), legend }],
  });
  const prompt = stat({
    title: "Prompts",
    description: "Prompt tokens taken in per second, those found in a cache included.",
    unit: "suffix: tokens/s",
    decimals: 1,
    width: 4,
    queries: [{ expression: engine.promptTokens(PANEL), legend }],
  });
  const waiting = stat({
    title: "Waiting",
    description: "Requests that wait for a place in the batch.",
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
        "wait or are thrown out of the batch.",
      unit: "percentunit",
      width: 3,
      queries: [{ expression: kvCache(PANEL), legend }],
    });
  const failed = stat({
    title: "Failed",
    description:
      "Failures in all of the shown time and all runs in it, of the chosen Soulstones together. " +
      "*aborted*: the client hung up. A request may count twice: as an engine error and as its " +
      "answer 5xx. Estimated between scrapes: what came after the last scrape of a run is not " +
      "known, and a run that has as many failures at its first scrape as the one before had at " +
      "its last seems to have none yet.",
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

/** The same over time. */
function curves(engine: Engine): Panel[] {
  const { kvCache, timeToFirstToken, interTokenLatency, untold } = engine;
  const speed = graph({
    title: "Tokens per second",
    description: "Tokens written, and prompt tokens taken in (those found in a cache included).",
    unit: "suffix: tokens/s",
    width: 8,
    queries: [
      { expression: engine.generationTokens(PANEL), legend: "{{soulstone}} generation" },
      { expression: engine.promptTokens(PANEL), legend: "{{soulstone}} prompts" },
    ],
  });
  const firstToken = timeToFirstToken === undefined ? untold?.insteadOfFirstToken : graph({
    title: "Time to first token",
    description: "From the arrival of a request to its first token; half, 95 % and 99 % of the " +
      "requests had it sooner. Estimated from the engine's buckets.",
    unit: "s",
    width: 8,
    queries: QUANTILES.map((q) => ({
      expression: timeToFirstToken(q, PANEL),
      legend: `{{soulstone}} p${q * 100}`,
    })),
  });
  const requests = graph({
    title: "Requests",
    description: "Requests in the batch, and requests that wait for a place in it.",
    unit: "none",
    width: 8,
    queries: [
      { expression: engine.running(PANEL), legend: "{{soulstone}} running" },
      { expression: engine.waiting(PANEL), legend: "{{soulstone}} waiting" },
    ],
  });
  const cache = kvCache === undefined ? text("What is not shown", untold?.words ?? "", 8) : graph({
    title: "KV cache",
    description: "The used share of the memory for running requests.",
    unit: "percentunit",
    max: 1,
    width: 8,
    queries: [{ expression: kvCache(PANEL), legend: "{{soulstone}}" }],
  });
  const failed = graph({
    title: "Failures",
    description: "Failures in the window of a point, by kind. One request may count twice: as an " +
      "engine error and as its answer 5xx.",
    unit: "none",
    width: 8,
    queries: failures(engine, PANEL).map(({ kind, count }) => ({
      expression: count,
      legend: `{{soulstone}} ${kind}`,
    })),
  });
  const perToken = graph({
    title: "Time per output token",
    description: "Between two tokens of one request: how smoothly an answer streams.",
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
