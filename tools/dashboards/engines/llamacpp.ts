/**
 * The server of llama.cpp, b6700 to b11151. Its series have no labels. The gauges of speed are not
 * used, because each scrape resets them in newer builds. Source: ggml-org/llama.cpp,
 * tools/server/README.md.
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

/** Computed and cached tokens; the cache has its own counter since about b10400. */
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
  missing: {
    words: [
      "llama.cpp does not export the use of its KV cache, the time to the first token, or failed",
      "requests. The closest replacements:",
      "",
      "- *Time to read a prompt* is the time to the first token of a request that is being processed.",
      "- *Longest sequence* shows how close requests come to the context size.",
      "- *Failures* counts restarts after a crash.",
    ].join("\n"),
    insteadOfFirstToken: graph({
      title: "Time to read a prompt",
      description:
        "Seconds per 1,000 computed prompt tokens. Multiplied by the length of a prompt, " +
        "this is the time to the first token.",
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
      description: "Generated tokens per second of a busy slot: the speed for one client, " +
        "independent of the number of clients.",
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
      description:
        "The maximum number of tokens of one request since the start, prompt and answer.",
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
      description:
        "Computed and generated tokens. Newer builds also export the prompt tokens that " +
        "were reused from the cache, and the generated tokens that speculation drafted.",
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
      description: "The mean number of requests that share one step of the model, since the start.",
      unit: "none",
      width: 8,
      queries: [{
        expression: gauge("llamacpp:n_busy_slots_per_decode", PANEL),
        legend: "{{soulstone}}",
      }],
    }),
  ],
};
