/**
 * llama.cpp's server, b6700 to b11151. Its series have no labels. The gauges of speed are left alone:
 * in newer builds each scrape resets them. Source: ggml-org/llama.cpp, tools/server/README.md.
 */
import { graph } from "../panels.ts";
import { aggregate, ofModel, PANEL, rate, ratio } from "../promql.ts";
import type { Scope } from "../promql.ts";
import type { Engine } from "./engine.ts";

function gauge(metric: string, scope: Scope): string {
  return aggregate("sum", scope, ofModel(metric, scope));
}

function perSecond(metric: string, scope: Scope): string {
  return aggregate("sum", scope, rate(ofModel(metric, scope), scope));
}

/** Computed tokens; those of the cache are counted apart, since b10400 or so. */
function promptTokens(scope: Scope): string {
  const computed = perSecond("llamacpp:prompt_tokens_total", scope);
  const cached = perSecond("llamacpp:prompt_tokens_cached_total", scope);
  return `${computed} + (${cached} or 0 * ${computed})`;
}

export const LLAMACPP: Engine = {
  kind: "llamacpp",
  title: "llama.cpp",
  promptTokens,
  generationTokens: (scope) => perSecond("llamacpp:tokens_predicted_total", scope),
  running: (scope) => gauge("llamacpp:requests_processing", scope),
  waiting: (scope) => gauge("llamacpp:requests_deferred", scope),
  timePerOutputToken: (scope) =>
    ratio(
      perSecond("llamacpp:tokens_predicted_seconds_total", scope),
      perSecond("llamacpp:tokens_predicted_total", scope),
    ),
  failures: [],
  untold: {
    words: [
      "llama.cpp exports neither the use of its KV cache, nor the time to the first token, nor",
      "failed requests. What comes closest:",
      "",
      "- *Time to read a prompt* is what a request waits for its first token once it is its turn.",
      "- *Longest sequence* shows how near requests come to the context size.",
      "- *Failures* counts restarts after a crash.",
    ].join("\n"),
    insteadOfFirstToken: graph({
      title: "Time to read a prompt",
      description: "Seconds per 1,000 prompt tokens that were computed. Times the length of a " +
        "prompt, this is what its request waits for the first token.",
      unit: "s",
      width: 8,
      queries: [{
        expression: `1000 * ${perSecond("llamacpp:prompt_seconds_total", PANEL)} / ${
          perSecond("llamacpp:prompt_tokens_total", PANEL)
        } >= 0`,
        legend: "{{soulstone}} per 1,000 tokens",
      }],
    }),
  },
  details: [
    graph({
      title: "Speed of one request",
      description: "Tokens generated per second of a busy slot: what one client sees, however " +
        "many run beside it.",
      unit: "suffix: tokens/s",
      width: 8,
      queries: [{
        expression: ratio(
          perSecond("llamacpp:tokens_predicted_total", PANEL),
          perSecond("llamacpp:tokens_predicted_seconds_total", PANEL),
        ),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "Longest sequence",
      description: "The most tokens that one request has held since the start, prompt and answer.",
      unit: "suffix: tokens",
      width: 8,
      queries: [{
        expression: aggregate(
          "max",
          PANEL,
          `${ofModel("llamacpp:n_tokens_max", PANEL)} or ${ofModel("llamacpp:n_past_max", PANEL)}`,
        ),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "Computed and saved tokens",
      description: "Prompt tokens that were computed and, in newer builds, those reused from the " +
        "cache; generated tokens and, in newer builds, those of them that speculation drafted.",
      unit: "suffix: tokens/s",
      width: 8,
      queries: [
        {
          expression: perSecond("llamacpp:prompt_tokens_total", PANEL),
          legend: "{{soulstone}} prompt, computed",
        },
        {
          expression: perSecond("llamacpp:prompt_tokens_cached_total", PANEL),
          legend: "{{soulstone}} prompt, cached",
        },
        {
          expression: perSecond("llamacpp:tokens_predicted_total", PANEL),
          legend: "{{soulstone}} generated",
        },
        {
          expression: perSecond("llamacpp:spec_decode_num_accepted_tokens_total", PANEL),
          legend: "{{soulstone}} generated, drafted",
        },
      ],
    }),
    graph({
      title: "Busy slots per decode",
      description: "How many requests share one step of the model, on average since the start.",
      unit: "none",
      width: 8,
      queries: [{
        expression: gauge("llamacpp:n_busy_slots_per_decode", PANEL),
        legend: "{{soulstone}}",
      }],
    }),
  ],
};
