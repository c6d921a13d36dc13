import type { Scope } from "../promql.ts";
import type { Panel } from "../panels.ts";

/** A query of one engine, in PromQL. */
export type Query = (scope: Scope) => string;

/** A quantile as a query. */
export type Quantile = (q: number, scope: Scope) => string;

/** A kind of failure, and the number of failures in the window of the scope. */
export interface Failure {
  readonly kind: string;
  readonly count: Query;
}

/** The metrics of one engine, in terms that all engines share. */
export interface Engine {
  /** The value of the label `engine_kind`. */
  readonly kind: "vllm" | "sglang" | "llamacpp";
  readonly title: string;
  /** Processed prompt tokens per second, including those found in a cache. */
  readonly promptTokens: Query;
  /** Generated tokens per second, all requests together. */
  readonly generationTokens: Query;
  readonly running: Query;
  readonly waiting: Query;
  /** Used share of the KV cache, 0 to 1. */
  readonly kvCache?: Query;
  /** In seconds. */
  readonly timeToFirstToken?: Quantile;
  /** From the arrival of a request to its last token, in seconds. */
  readonly endToEnd?: Quantile;
  /** Seconds between two tokens of one request. */
  readonly interTokenLatency?: Quantile;
  /** The mean of the same. */
  readonly timePerOutputToken: Query;
  /** Failed requests; empty if the engine does not count them. */
  readonly failures: readonly Failure[];
  /** More panels of its own dashboard. */
  readonly details: readonly Panel[];
  /** The replacements for panels of the first screen that the engine has no metrics for. */
  readonly missing?: { readonly words: string; readonly insteadOfFirstToken: Panel };
}
