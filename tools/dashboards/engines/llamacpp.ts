/**
 * The server of llama.cpp, b6700 to b11669. Its series have no labels. The gauges of speed are not
 * used, because each scrape resets them in newer builds. Source: ggml-org/llama.cpp,
 * tools/server/README.md.
 */
import { graph } from "../panels.ts";
import { aggregate, ofModel, PANEL, rate, ratio } from "../promql.ts";
import type { Scope } from "../promql.ts";
import { RECORDED } from "../rules/recorded.ts";
import type { Engine } from "./engine.ts";

function gauge(metric: string, scope: Scope): string {
  return aggregate("sum", scope, ofModel(metric, scope));
}

function perSecond(metric: string, scope: Scope): string {
  return aggregate("sum", scope, rate(ofModel(metric, scope), scope));
}

/**
 * Returns the slots that were busy in all steps of the model since the start, added up: one generated token
 * each. As a recorded series it needs no subquery.
 */
export function busySlots(scope: Scope): string {
  const perDecode = ofModel("llamacpp:n_busy_slots_per_decode", scope);
  return aggregate("sum", scope, `${perDecode} * ${ofModel("llamacpp:n_decode_total", scope)}`);
}

/**
 * Returns the busy slots of all steps per second. Both factors have six significant digits, so their product
 * can fall a little, which `rate` would take for a restart. Nothing for a window with a restart.
 */
function busySlotsPerSecond(scope: Scope): string {
  const growth = `deriv(${ofModel(RECORDED.busySlots, scope)}[${scope.window}])`;
  const restarts = `resets(${ofModel("llamacpp:n_decode_total", scope)}[${scope.window}])`;
  return aggregate("sum", scope, `${growth} unless on (soulstone) ${restarts} > 0`);
}

/**
 * Returns the generated tokens per second. The counter of tokens grows only when a request ends
 * (ggml-org/llama.cpp, pull request 27760), so it is used only where the busy slots are unknown.
 */
function generationTokens(scope: Scope): string {
  const ended = perSecond("llamacpp:tokens_predicted_total", scope);
  return `${busySlotsPerSecond(scope)} or ${ended}`;
}

/** Lengthens the window of a panel for quotients: beyond 100 million tokens, a counter grows in steps of 1,000. */
function long(scope: Scope): Scope {
  return scope.window === PANEL.window ? { ...scope, window: "10m" } : scope;
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
  generationTokens,
  running: (scope) => gauge("llamacpp:requests_processing", scope),
  waiting: (scope) => gauge("llamacpp:requests_deferred", scope),
  timePerOutputToken: (scope) =>
    ratio(
      perSecond("llamacpp:tokens_predicted_seconds_total", long(scope)),
      perSecond("llamacpp:tokens_predicted_total", long(scope)),
    ),
  failures: [],
  missing: {
    words: [
      "llama.cpp does not export the use of its KV cache, the time to the first token, or failed",
      "requests; the dashboard of the front door counts those. The closest replacements:",
      "",
      "- *Time to read a prompt* is the time to the first token of a request that is being processed.",
      "- *Longest sequence* shows how close requests come to the context size.",
      "- *Failures* counts restarts after a crash.",
      "",
      "*Generation* counts one token for each busy slot of a step, as they are generated: a batch of a",
      "prompt counts as one step, and tokens of speculation are left out.",
    ].join("\n"),
    insteadOfFirstToken: graph({
      title: "Time to read a prompt",
      description:
        "Seconds per 1,000 computed prompt tokens. Multiplied by the length of a prompt, " +
        "this is the time to the first token.",
      unit: "s",
      width: 8,
      queries: [{
        expression: ratio(
          `1000 * ${perSecond("llamacpp:prompt_seconds_total", PANEL)}`,
          perSecond("llamacpp:prompt_tokens_total", PANEL),
        ),
        legend: "{{soulstone}} per 1,000 tokens",
      }],
    }),
  },
  details: [
    graph({
      title: "Speed of one request",
      description:
        "Generated tokens per second of a busy slot, of the requests that ended in the " +
        "last ten minutes: the speed for one client, independent of the number of clients. The first " +
        "token counts, but not the time before it.",
      unit: "suffix:tokens/s",
      width: 8,
      queries: [{
        expression: ratio(
          perSecond("llamacpp:tokens_predicted_total", long(PANEL)),
          perSecond("llamacpp:tokens_predicted_seconds_total", long(PANEL)),
        ),
        legend: "{{soulstone}}",
      }],
    }),
    graph({
      title: "Longest sequence",
      description:
        "The maximum number of tokens of one request since the start, prompt and answer.",
      unit: "suffix:tokens",
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
      unit: "suffix:tokens/s",
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
      title: "Busy slots",
      description: "The mean number of requests that share one step of the model.",
      unit: "none",
      width: 8,
      queries: [{
        expression: ratio(
          busySlotsPerSecond(PANEL),
          perSecond("llamacpp:n_decode_total", PANEL),
        ),
        legend: "{{soulstone}}",
      }],
    }),
  ],
};
