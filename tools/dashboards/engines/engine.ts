import type { Scope } from "../promql.ts";
import type { Panel } from "../panels.ts";

/** A query of one engine, in PromQL. */
export type Query = (scope: Scope) => string;

/** A quantile as a query. */
export type Quantile = (q: number, scope: Scope) => string;

/** A kind of failure, and how many there were in the scope's window. */
export interface Failure {
  readonly kind: string;
  readonly count: Query;
}

/** What one engine tells of itself, in terms that hold for all of them. */
export interface Engine {
  /** The value of the label `engine_kind`. */
  readonly kind: "vllm" | "sglang" | "llamacpp";
  readonly title: string;
  /** Tokens of prompts taken in per second, those from a cache included. */
  readonly promptTokens: Query;
  /** Tokens generated per second, by all requests together. */
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
  /** Failed requests; none when the engine does not count them. */
  readonly failures: readonly Failure[];
  /** What else its own dashboard shows. */
  readonly details: readonly Panel[];
  /** What stands on the first screen where it has no answer. */
  readonly untold?: { readonly words: string; readonly insteadOfFirstToken: Panel };
}
