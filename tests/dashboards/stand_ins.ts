/**
 * The metrics of engines under a steady load: names, types, labels and buckets from their sources, of
 * the newest version and of an older one.
 *
 * - vLLM: vllm/v1/metrics/{loggers,buckets}.py; older is 0.8, between 0.10 with both names, newest 0.33
 * - SGLang: python/sglang/srt/observability/metrics_collector.py (newest, 0.5.23), and
 *   python/sglang/srt/metrics/collector.py (older); HTTP counters of srt/utils
 * - llama.cpp: tools/server/README.md at b10519 and b6700
 * - nvidia_gpu_exporter 1.14: docs/metrics
 */
import type { Family, Labels, Negotiation, Observed, Sample } from "./exposition.ts";

/** The load of every busy stand-in. */
export const LOAD = {
  // Many small requests, so that quantiles over a few seconds are meaningful.
  requestsPerSecond: 200,
  promptTokensPerSecond: 1200,
  /** Prompt tokens found in a cache. */
  cachedTokensPerSecond: 300,
  generationTokensPerSecond: 400,
  running: 6,
  waiting: 3,
  kvCache: 0.4,
  timeToFirstTokenSeconds: 0.3,
  timePerOutputTokenSeconds: 0.02,
  endToEndSeconds: 4,
  abortedPerSecond: 0.5,
  answered5xxPerSecond: 0.25,
};

export type Version = "newest" | "between" | "older";

/** A simulated engine. */
export interface StandIn {
  readonly negotiation: Negotiation;
  /** Returns the metrics after a number of seconds. */
  readonly families: (seconds: number) => Family[];
}

const counter = (name: string, help: string, ...samples: Sample[]): Family => {
  return { name, help, type: "counter", samples };
};
const gauge = (name: string, help: string, ...samples: Sample[]): Family => {
  return { name, help, type: "gauge", samples };
};
const histogram = (
  name: string,
  help: string,
  buckets: readonly number[],
  ...observed: Observed[]
): Family => ({ name, help, type: "histogram", buckets, observed });

const VLLM_LATENCY = [
  ...[0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680],
];
const VLLM_FIRST_TOKEN = [
  ...[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40],
  ...[80, 160, 640, 2560],
];
const VLLM_INTER_TOKEN = [
  ...[
    0.01,
    0.025,
    0.05,
    0.075,
    0.1,
    0.15,
    0.2,
    0.3,
    0.4,
    0.5,
    0.75,
    1,
    2.5,
    5,
    7.5,
    10,
    20,
    40,
    80,
  ],
];
const VLLM_TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000];

/** vLLM. Counters exist from the start; those of HTTP appear with their first event. */
export function vllm(version: Version, model: string, busy = true): StandIn {
  const own = { model_name: model, engine: 0 };
  const reasons = [
    "stop",
    "length",
    "abort",
    ...version === "newest" ? ["error", "repetition"] : [],
  ];
  return {
    // The newest version negotiates the format; older versions do not.
    negotiation: version === "newest" ? "prometheus_client" : "text",
    families(seconds) {
      const t = busy ? seconds : 0;
      const requests = LOAD.requestsPerSecond * t;
      const tokens = LOAD.generationTokensPerSecond * t;
      const total = (name: string, value: number, labels: Labels = {}): Family =>
        counter(`vllm:${name}_total`, name, { labels: { ...own, ...labels }, value });
      const now = (name: string, value: number): Family =>
        gauge(`vllm:${name}`, name, { labels: own, value: busy ? value : 0 });
      const spread = (name: string, buckets: readonly number[], count: number, mean: number) =>
        histogram(`vllm:${name}`, name, buckets, { labels: own, count, mean });
      const kv = [
        ...version === "older" ? [] : ["kv_cache_usage_perc"],
        ...version === "newest" ? [] : ["gpu_cache_usage_perc"],
      ];
      const prefix = [
        ...version === "older" ? [] : ["prefix_cache"],
        ...version === "newest" ? [] : ["gpu_prefix_cache"],
      ];
      const interToken = [
        ...version === "older" ? [] : ["inter_token_latency_seconds"],
        ...version === "newest" ? [] : ["time_per_output_token_seconds"],
      ];
      return [
        now("num_requests_running", LOAD.running),
        now("num_requests_waiting", LOAD.waiting),
        ...kv.map((name) => now(name, LOAD.kvCache)),
        total("num_preemptions", t / 10),
        total("prompt_tokens", LOAD.promptTokensPerSecond * t),
        total("generation_tokens", tokens),
        ...prefix.flatMap((name) => [
          total(`${name}_queries`, LOAD.promptTokensPerSecond * t),
          total(`${name}_hits`, LOAD.cachedTokensPerSecond * t),
        ]),
        counter(
          "vllm:request_success_total",
          "Count of successfully processed requests.",
          ...reasons.map((reason) => ({
            labels: { ...own, finished_reason: reason },
            value: reason === "stop"
              ? requests
              : reason === "abort"
              ? LOAD.abortedPerSecond * t
              : 0,
          })),
        ),
        spread("request_prompt_tokens", VLLM_TOKENS, requests, 6),
        spread("request_generation_tokens", VLLM_TOKENS, requests, 2),
        spread("iteration_tokens_total", [1, 8, 16, 32, 64, 128, 256], t * 50, 8),
        spread(
          "time_to_first_token_seconds",
          VLLM_FIRST_TOKEN,
          requests,
          LOAD.timeToFirstTokenSeconds,
        ),
        // With speculation, an output has several tokens.
        ...version === "newest"
          ? [
            spread(
              "request_time_per_output_token_seconds",
              VLLM_INTER_TOKEN,
              requests,
              LOAD.timePerOutputTokenSeconds,
            ),
          ]
          : [],
        ...interToken.map((name) =>
          spread(
            name,
            VLLM_INTER_TOKEN,
            version === "newest" ? tokens / 3 : tokens,
            LOAD.timePerOutputTokenSeconds * (version === "newest" ? 3 : 1),
          )
        ),
        spread("e2e_request_latency_seconds", VLLM_LATENCY, requests, LOAD.endToEndSeconds),
        spread("request_queue_time_seconds", VLLM_LATENCY, requests, 0.1),
        spread("request_prefill_time_seconds", VLLM_LATENCY, requests, 0.2),
        spread("request_decode_time_seconds", VLLM_LATENCY, requests, 3.7),
        counter(
          "http_requests_total",
          "Total number of requests by method, status and handler.",
          ...busy
            ? [
              {
                labels: { handler: "/v1/chat/completions", method: "POST", status: "2xx" },
                value: requests,
              },
              {
                labels: { handler: "/v1/chat/completions", method: "POST", status: "5xx" },
                value: LOAD.answered5xxPerSecond * t,
              },
            ]
            : [],
        ),
      ];
    },
  };
}

const SGLANG_FIRST_TOKEN = [
  ...[0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60, 80, 100, 200, 400],
];
const SGLANG_END_TO_END = [...SGLANG_FIRST_TOKEN, 600, 1200, 1800, 2400];
const SGLANG_INTER_TOKEN = [
  ...[0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.06, 0.08, 0.1],
  ...[0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8],
];
const SGLANG_QUEUE = [0, 0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 5, 10, 30, 100, 1000];

/**
 * SGLang. Series with labels appear with their first event. The newest version runs with priorities and
 * two data-parallel ranks of two tensor-parallel schedulers each, which all export metrics.
 */
export function sglang(version: Version, model: string, busy = true): StandIn {
  const own = { model_name: model, engine_type: "unified" };
  const rank = { ...own, tp_rank: 0, pp_rank: 0, moe_ep_rank: 0 };
  const ranks: Labels[] = version === "newest"
    ? [0, 1].flatMap((dp_rank) =>
      [0, 1].map((tp_rank) => ({ ...rank, tp_rank, dp_rank, priority: "" }))
    )
    : [rank];
  const share = version === "newest" ? 1 / 2 : 1;
  const streaming: Labels = version === "newest" ? { is_streaming: "true" } : {};
  return {
    negotiation: "prometheus_client",
    families(seconds) {
      const t = busy ? seconds : 0;
      const requests = LOAD.requestsPerSecond * t;
      const tokens = LOAD.generationTokensPerSecond * t;
      const atEnd = (name: string, value: number, labels: Labels = {}): Family =>
        counter(`sglang:${name}`, name, ...busy ? [{ labels: { ...own, ...labels }, value }] : []);
      const now = (name: string, value: number): Family =>
        gauge(
          `sglang:${name}`,
          name,
          ...busy ? ranks.map((labels) => ({ labels, value: value * share })) : [],
        );
      const spread = (
        name: string,
        buckets: readonly number[],
        count: number,
        mean: number,
        labels: Labels = {},
      ) =>
        histogram(
          `sglang:${name}`,
          name,
          buckets,
          ...busy ? [{ labels: { ...own, ...labels }, count, mean }] : [],
        );
      const modes = {
        prefill_compute: LOAD.promptTokensPerSecond - LOAD.cachedTokensPerSecond,
        prefill_cache: LOAD.cachedTokensPerSecond,
        decode: LOAD.generationTokensPerSecond,
      };
      const newest = version !== "newest" ? [] : [
        counter(
          "sglang:realtime_tokens_total",
          "Total number of tokens processed.",
          ...busy
            ? ranks.flatMap((labels) =>
              Object.entries(modes).map(([mode, perSecond]) => ({
                labels: { ...labels, mode },
                value: perSecond * t * share,
              }))
            )
            : [],
        ),
        counter(
          "sglang:num_retracted_requests_total",
          "Total number of retracted requests.",
          ...busy ? ranks.map((labels) => ({ labels, value: Math.floor(t / 10) })) : [],
        ),
        // One priority's part of the totals above.
        gauge(
          "sglang:num_running_reqs",
          "num_running_reqs",
          ...busy
            ? ranks.flatMap((labels) => [
              { labels, value: LOAD.running * share },
              { labels: { ...labels, priority: "7" }, value: 1 },
            ])
            : [],
        ),
      ];
      const interToken = version === "older"
        ? "time_per_output_token_seconds"
        : "inter_token_latency_seconds";
      const source: Labels = version === "newest" ? { cache_source: "device" } : {};
      return [
        ...newest,
        ...version === "newest" ? [] : [now("num_running_reqs", LOAD.running)],
        now("num_queue_reqs", LOAD.waiting),
        gauge(
          "sglang:token_usage",
          "The token usage.",
          ...busy ? ranks.map((labels) => ({ labels, value: LOAD.kvCache })) : [],
        ),
        now("gen_throughput", LOAD.generationTokensPerSecond),
        now("cache_hit_rate", 0),
        now("num_retracted_reqs", 0),
        now("spec_accept_rate", 0),
        atEnd("prompt_tokens_total", LOAD.promptTokensPerSecond * t, streaming),
        atEnd("generation_tokens_total", tokens, streaming),
        atEnd("cached_tokens_total", LOAD.cachedTokensPerSecond * t, source),
        atEnd("num_requests_total", requests, streaming),
        atEnd("num_aborted_requests_total", LOAD.abortedPerSecond * t),
        spread(
          "time_to_first_token_seconds",
          SGLANG_FIRST_TOKEN,
          requests,
          LOAD.timeToFirstTokenSeconds,
          streaming,
        ),
        spread(interToken, SGLANG_INTER_TOKEN, tokens, LOAD.timePerOutputTokenSeconds),
        spread(
          "e2e_request_latency_seconds",
          SGLANG_END_TO_END,
          requests,
          LOAD.endToEndSeconds,
          streaming,
        ),
        histogram(
          "sglang:queue_time_seconds",
          "Histogram of queueing time in seconds.",
          SGLANG_QUEUE,
          ...busy ? [{ labels: rank, count: requests, mean: 0.1 }] : [],
        ),
        counter(
          "sglang:http_responses_total",
          "Total number of HTTP responses by endpoint and status code",
          {
            labels: { endpoint: "/health", status_code: "503", method: "GET" },
            value: 40 + seconds,
          },
          ...busy
            ? [
              {
                labels: { endpoint: "/v1/chat/completions", status_code: "200", method: "POST" },
                value: requests,
              },
              {
                labels: { endpoint: "/v1/chat/completions", status_code: "500", method: "POST" },
                value: LOAD.answered5xxPerSecond * t,
              },
            ]
            : [],
        ),
      ];
    },
  };
}

/** llama.cpp. It has no labels, and all series exist from the start. */
export function llamacpp(version: Version, busy = true): StandIn {
  return {
    negotiation: "text",
    families(seconds) {
      const t = busy ? seconds : 0;
      const total = (name: string, value: number): Family =>
        counter(`llamacpp:${name}`, name, { labels: {}, value });
      const now = (name: string, value: number): Family =>
        gauge(`llamacpp:${name}`, name, { labels: {}, value: busy ? value : 0 });
      const generated = LOAD.generationTokensPerSecond * t;
      // It counts tokens when a request ends: here one each ten seconds.
      const counted = LOAD.generationTokensPerSecond * 10 * Math.floor(t / 10);
      const prompt = LOAD.promptTokensPerSecond * t;
      const cached = LOAD.cachedTokensPerSecond * t;
      const newest = version === "older" ? [] : [
        total("prompt_tokens_cached_total", cached),
        total("spec_decode_num_draft_tokens_total", 0),
        total("spec_decode_num_accepted_tokens_total", 0),
        total("spec_decode_num_drafts_total", 0),
      ];
      return [
        ...newest,
        // Only computed tokens count; older versions do not export cached tokens.
        total("prompt_tokens_total", version === "older" ? prompt : prompt - cached),
        total("prompt_seconds_total", t / 2),
        total("tokens_predicted_total", counted),
        total("tokens_predicted_seconds_total", counted * LOAD.timePerOutputTokenSeconds),
        total("n_decode_total", generated / 4),
        total(version === "older" ? "n_past_max" : "n_tokens_max", busy ? 8192 : 0),
        version === "older"
          ? total("n_busy_slots_per_decode", busy ? 4 : 0)
          : now("n_busy_slots_per_decode", 4),
        now("prompt_tokens_seconds", 2400),
        now("predicted_tokens_seconds", 50),
        now("requests_processing", LOAD.running),
        now("requests_deferred", LOAD.waiting),
      ];
    },
  };
}

/** Two GPUs as nvidia_gpu_exporter exports them. */
export const GPUS: StandIn = {
  negotiation: "text",
  families(seconds) {
    const uuids = [0, 1].map((index) => `GPU-0000000${index}-0000-0000-0000-000000000000`);
    const each = (name: string, value: number): Family =>
      gauge(
        `nvidia_smi_${name}`,
        name,
        ...uuids.map((uuid) => ({ labels: { uuid }, value: value + Math.sin(seconds) })),
      );
    return [
      gauge(
        "nvidia_smi_gpu_info",
        "A metric with a constant '1' value labeled by gpu uuid, name, index and versions.",
        ...uuids.map((uuid, index) => ({
          labels: { uuid, index, name: "NVIDIA GeForce RTX 5090", driver_version: "590.48" },
          value: 1,
        })),
      ),
      each("memory_used_bytes", 20e9),
      each("memory_total_bytes", 32e9),
      each("power_draw_watts", 410),
      each("enforced_power_limit_watts", 575),
      each("utilization_gpu_ratio", 0.9),
      each("temperature_gpu", 65),
    ];
  },
};
