/**
 * vLLM 0.9 to 0.33. Two metrics were renamed; the old name is used if the new one is missing. Source:
 * vllm-project/vllm, vllm/v1/metrics/loggers.py and docs/usage/metrics.md.
 */
import { graph } from "../panels.ts";
import {
  aggregate,
  growth,
  ofModel,
  ofSoulstone,
  PANEL,
  quantile,
  rate,
  ratio,
} from "../promql.ts";
import type { Scope } from "../promql.ts";
import type { Engine, Query } from "./engine.ts";

const KIND = "vllm";

/** Adds up a gauge over the data-parallel ranks of the engine. */
function gauge(metric: string): Query {
  return (scope) => aggregate("sum", scope, ofModel(metric, scope));
}

function perSecond(metric: string, ...matchers: string[]): Query {
  return (scope) => aggregate("sum", scope, rate(ofModel(metric, scope, ...matchers), scope));
}

function finished(reason: string): Query {
  const matcher = `finished_reason="${reason}"`;
  return (scope) =>
    aggregate("sum", scope, growth(ofModel("vllm:request_success_total", scope, matcher), scope));
}

/** Returns the rate of a renamed series. */
function renamed(now: string, before: string, scope: Scope): string {
  return `${rate(ofModel(now, scope), scope)} or ${rate(ofModel(before, scope), scope)}`;
}

function interToken(part: "bucket" | "sum" | "count", scope: Scope): string {
  return renamed(
    `vllm:inter_token_latency_seconds_${part}`,
    `vllm:time_per_output_token_seconds_${part}`,
    scope,
  );
}

function buckets(metric: string): (q: number, scope: Scope) => string {
  return (q, scope) => quantile(q, rate(ofModel(`${metric}_bucket`, scope), scope), scope);
}

/** Returns the mean seconds of one phase per finished request. */
function phase(name: string): string {
  const metric = `vllm:request_${name}_time_seconds`;
  return ratio(perSecond(`${metric}_sum`)(PANEL), perSecond(`${metric}_count`)(PANEL));
}

export const VLLM: Engine = {
  kind: KIND,
  title: "vLLM",
  promptTokens: perSecond("vllm:prompt_tokens_total"),
  generationTokens: perSecond("vllm:generation_tokens_total"),
  running: gauge("vllm:num_requests_running"),
  waiting: gauge("vllm:num_requests_waiting"),
  // Renamed in 0.9; the older name was removed after 0.11.
  kvCache: (scope) =>
    aggregate(
      "max",
      scope,
      `${ofModel("vllm:kv_cache_usage_perc", scope)} or ${
        ofModel("vllm:gpu_cache_usage_perc", scope)
      }`,
    ),
  timeToFirstToken: buckets("vllm:time_to_first_token_seconds"),
  endToEnd: buckets("vllm:e2e_request_latency_seconds"),
  // Renamed in 0.11; the older name was removed in 0.13.
  interTokenLatency: (q, scope) => quantile(q, interToken("bucket", scope), scope),
  // With speculation, the time between two outputs is not that between two tokens.
  timePerOutputToken: (scope) => {
    const perRequest = "vllm:request_time_per_output_token_seconds";
    const between = ratio(
      aggregate("sum", scope, interToken("sum", scope)),
      aggregate("sum", scope, interToken("count", scope)),
    );
    return `${
      ratio(perSecond(`${perRequest}_sum`)(scope), perSecond(`${perRequest}_count`)(scope))
    } or ${between}`;
  },
  failures: [
    {
      kind: "answered 5xx",
      // By default the label is the group "5xx"; an operator can set it to the exact status.
      count: (scope) =>
        aggregate(
          "sum",
          scope,
          growth(
            ofSoulstone(
              "http_requests_total",
              scope,
              'job="soulstone"',
              `engine_kind="${KIND}"`,
              'status=~"5.."',
            ),
            scope,
          ),
        ),
    },
    { kind: "engine error", count: finished("error") },
    // Always 0 in current versions (vllm-project/vllm, issues 31503 and 55634); the front door counts those.
    { kind: "aborted", count: finished("abort") },
  ],
  details: [
    graph({
      title: "Requests finished",
      description: "Finished requests per second, by reason: `stop` is the end of the answer, " +
        "`length` the token limit, `abort` a client that disconnected. Newer versions do not count " +
        "that; the dashboard of the front door does.",
      unit: "reqps",
      width: 8,
      queries: [{
        expression: aggregate(
          "sum",
          PANEL,
          rate(ofModel("vllm:request_success_total", PANEL), PANEL),
          "finished_reason",
        ),
        legend: "{{soulstone}} {{finished_reason}}",
      }],
    }),
    graph({
      title: "End-to-end latency",
      description: "From the arrival of a request to its last token. The smallest bucket is 0.3 s.",
      unit: "s",
      width: 8,
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expression: buckets("vllm:e2e_request_latency_seconds")(q, PANEL),
        legend: `{{soulstone}} p${q * 100}`,
      })),
    }),
    graph({
      title: "Time per phase",
      description:
        "Mean seconds per finished request: waiting for a slot in the batch, processing " +
        "the prompt, generating the answer.",
      unit: "s",
      width: 8,
      queries: [
        { expression: phase("queue"), legend: "{{soulstone}} queue" },
        { expression: phase("prefill"), legend: "{{soulstone}} prefill" },
        { expression: phase("decode"), legend: "{{soulstone}} decode" },
      ],
    }),
    graph({
      title: "Tokens saved",
      description:
        "The share of prompt tokens found in the prefix cache and, where speculation is " +
        "configured, of drafted tokens that were accepted.",
      unit: "percentunit",
      width: 8,
      max: 1,
      queries: [
        {
          expression: ratio(
            aggregate(
              "sum",
              PANEL,
              renamed("vllm:prefix_cache_hits_total", "vllm:gpu_prefix_cache_hits_total", PANEL),
            ),
            aggregate(
              "sum",
              PANEL,
              renamed(
                "vllm:prefix_cache_queries_total",
                "vllm:gpu_prefix_cache_queries_total",
                PANEL,
              ),
            ),
          ),
          legend: "{{soulstone}} prefix cache",
        },
        {
          expression: ratio(
            perSecond("vllm:spec_decode_num_accepted_tokens_total")(PANEL),
            perSecond("vllm:spec_decode_num_draft_tokens_total")(PANEL),
          ),
          legend: "{{soulstone}} speculation",
        },
      ],
    }),
    graph({
      title: "Preemptions",
      description:
        "Requests per second that were removed from the batch because the KV cache was " +
        "full; they are computed again later. If there are many, too many requests run at once.",
      unit: "reqps",
      width: 8,
      queries: [{
        expression: perSecond("vllm:num_preemptions_total")(PANEL),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "Length of requests",
      description: "Median number of tokens of the prompts and answers of finished requests.",
      unit: "suffix:tokens",
      width: 8,
      queries: [
        {
          expression: buckets("vllm:request_prompt_tokens")(0.5, PANEL),
          legend: "{{soulstone}} prompt",
        },
        {
          expression: buckets("vllm:request_generation_tokens")(0.5, PANEL),
          legend: "{{soulstone}} answer",
        },
      ],
    }),
  ],
};
