import type { Engine } from "./engine.ts";
import { LLAMACPP } from "./llamacpp.ts";
import { SGLANG } from "./sglang.ts";
import { VLLM } from "./vllm.ts";

export type { Engine, Failure, Quantile, Query } from "./engine.ts";

/** The engines that export metrics. */
export const ENGINES: readonly Engine[] = [VLLM, SGLANG, LLAMACPP];

/** Returns one query over all engines that support it. No Soulstone belongs to two engines. */
export function ofAll(query: (engine: Engine) => string | undefined): string {
  return ENGINES.map(query).filter((expression) => expression !== undefined).join(" or ");
}
