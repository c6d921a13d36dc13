/**
 * SGLang 0.5. Counters with labels appear with their first event, so an engine that has just started
 * exports none: speeds and failures are then 0, and latencies are missing.
 * Source: sgl-project/sglang, python/sglang/srt/observability/metrics_collector.py, and
 * python/sglang/srt/metrics/collector.py before it moved.
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
  zeroWhenUp,
} from "../promql.ts";
import type { Scope } from "../promql.ts";
import type { Engine, Query } from "./engine.ts";

const KIND = "sglang";

/**
 * All schedulers of one data-parallel rank can export the same value (`tp_rank`, `pp_rank`), so this
 * takes their maximum and adds up the ranks.
 */
function overRanks(scope: Scope, expression: string, ...more: string[]): string {
  return aggregate("sum", scope, aggregate("max", scope, expression, "dp_rank", ...more));
}

/** With priority scheduling SGLang exports parts and the total, which is the maximum. */
function gauge(metric: string): Query {
  return (scope) => zeroWhenUp(overRanks(scope, ofModel(metric, scope)), KIND, scope);
}

/** Returns the tokens per second while they are computed. */
function live(modes: string, scope: Scope): string {
  return overRanks(
    scope,
    rate(ofModel("sglang:realtime_tokens_total", scope, `mode=~"${modes}"`), scope),
    "mode",
  );
}

/** Returns the rate of a counter that grows when a request finishes. */
function perSecond(metric: string, scope: Scope): string {
  return aggregate("sum", scope, rate(ofModel(metric, scope), scope));
}

/** Older versions have no live counters: theirs grow when a request finishes, with the same total. */
function tokens(modes: string, older: string): Query {
  return (scope) => zeroWhenUp(`${live(modes, scope)} or ${perSecond(older, scope)}`, KIND, scope);
}

function buckets(metric: string): (q: number, scope: Scope) => string {
  return (q, scope) => quantile(q, rate(ofModel(`${metric}_bucket`, scope), scope), scope);
}

function interToken(part: "bucket" | "sum" | "count", scope: Scope): string {
  const now = rate(ofModel(`sglang:inter_token_latency_seconds_${part}`, scope), scope);
  const before = rate(ofModel(`sglang:time_per_output_token_seconds_${part}`, scope), scope);
  return `${now} or ${before}`;
}

export const SGLANG: Engine = {
  kind: KIND,
  title: "SGLang",
  promptTokens: tokens("prefill_.+", "sglang:prompt_tokens_total"),
  generationTokens: tokens("decode", "sglang:generation_tokens_total"),
  running: gauge("sglang:num_running_reqs"),
  waiting: gauge("sglang:num_queue_reqs"),
  kvCache: (scope) =>
    zeroWhenUp(aggregate("max", scope, ofModel("sglang:token_usage", scope)), KIND, scope),
  timeToFirstToken: buckets("sglang:time_to_first_token_seconds"),
  endToEnd: buckets("sglang:e2e_request_latency_seconds"),
  interTokenLatency: (q, scope) => quantile(q, interToken("bucket", scope), scope),
  timePerOutputToken: (scope) =>
    ratio(
      aggregate("sum", scope, interToken("sum", scope)),
      aggregate("sum", scope, interToken("count", scope)),
    ),
  failures: [
    {
      kind: "answered 5xx",
      // The health check returns 503 while the model loads, which is not a failure.
      count: (scope) =>
        aggregate(
          "sum",
          scope,
          growth(
            ofSoulstone(
              "sglang:http_responses_total",
              scope,
              'status_code=~"5.."',
              'endpoint!~"/health.*"',
            ),
            scope,
          ),
        ),
    },
    {
      kind: "aborted",
      count: (scope) =>
        aggregate("sum", scope, growth(ofModel("sglang:num_aborted_requests_total", scope), scope)),
    },
  ],
  details: [
    graph({
      title: "Requests finished",
      description: "Finished requests per second. SGLang does not export the reason.",
      unit: "reqps",
      width: 8,
      queries: [{
        expression: zeroWhenUp(perSecond("sglang:num_requests_total", PANEL), KIND, PANEL),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "End-to-end latency",
      description: "From the arrival of a request to its last token. The smallest bucket is 0.1 s.",
      unit: "s",
      width: 8,
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expression: buckets("sglang:e2e_request_latency_seconds")(q, PANEL),
        legend: `{{soulstone}} p${q * 100}`,
      })),
    }),
    graph({
      title: "Time in the queue",
      description: "The time that requests waited for a slot in the batch.",
      unit: "s",
      width: 8,
      queries: [0.5, 0.95, 0.99].map((q) => ({
        expression: buckets("sglang:queue_time_seconds")(q, PANEL),
        legend: `{{soulstone}} p${q * 100}`,
      })),
    }),
    graph({
      title: "Tokens saved",
      description:
        "The share of prompt tokens found in the radix cache and, where speculation is " +
        "configured, of drafted tokens that were accepted. The metric `cache_hit_rate` of SGLang " +
        "is not used: it drops to 0 with every decode report.",
      unit: "percentunit",
      width: 8,
      max: 1,
      queries: [
        {
          // A mode appears with its first token. Tokens that were not computed come from the cache.
          expression: `1 - ${ratio(live("prefill_compute", PANEL), live("prefill_.+", PANEL))} or ${
            ratio(
              perSecond("sglang:cached_tokens_total", PANEL),
              perSecond("sglang:prompt_tokens_total", PANEL),
            )
          }`,
          legend: "{{soulstone}} radix cache",
        },
        {
          // Without speculation the value is 0.
          expression: `${aggregate("max", PANEL, ofModel("sglang:spec_accept_rate", PANEL))} > 0`,
          legend: "{{soulstone}} speculation",
        },
      ],
    }),
    graph({
      title: "Retracted requests",
      description:
        "Requests that were removed from the batch because the KV cache was full; they " +
        "are computed again later. If there are many, too many requests run at once.",
      unit: "none",
      width: 8,
      queries: [{
        expression: zeroWhenUp(
          `${
            overRanks(PANEL, growth(ofModel("sglang:num_retracted_requests_total", PANEL), PANEL))
          } or ${aggregate("max", PANEL, ofModel("sglang:num_retracted_reqs", PANEL))}`,
          KIND,
          PANEL,
        ),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "Length of requests",
      description: "Mean number of tokens of the prompts and answers of finished requests.",
      unit: "suffix:tokens",
      width: 8,
      queries: [
        {
          expression: ratio(
            perSecond("sglang:prompt_tokens_total", PANEL),
            perSecond("sglang:num_requests_total", PANEL),
          ),
          legend: "{{soulstone}} prompt",
        },
        {
          expression: ratio(
            perSecond("sglang:generation_tokens_total", PANEL),
            perSecond("sglang:num_requests_total", PANEL),
          ),
          legend: "{{soulstone}} answer",
        },
      ],
    }),
  ],
};
