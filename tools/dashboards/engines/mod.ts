import type { Engine } from "./engine.ts";
import { LLAMACPP } from "./llamacpp.ts";
import { SGLANG } from "./sglang.ts";
import { VLLM } from "./vllm.ts";

export type { Engine, Failure, Quantile, Query } from "./engine.ts";

/** The engines that export metrics. */
export const ENGINES: readonly Engine[] = [VLLM, SGLANG, LLAMACPP];

/** One query over all engines that have an answer; the same Soulstone is never of two engines. */
export function ofAll(query: (engine: Engine) => string | undefined): string {
  return ENGINES.map(query).filter((expression) => expression !== undefined).join(" or ");
}
