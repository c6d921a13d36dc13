/** The profiles of the engines. */
import type { EngineName, Soulstone } from "../../codex/mod.ts";
import { LLAMACPP } from "./llamacpp.ts";
import { type EngineProfile, GENERIC } from "./profile.ts";
import { SGLANG } from "./sglang.ts";
import { TABBYAPI } from "./tabbyapi.ts";
import { VLLM } from "./vllm.ts";

export type { EngineProfile, Flag } from "./profile.ts";

const PROFILES: Readonly<Record<EngineName, EngineProfile>> = {
  vllm: VLLM,
  sglang: SGLANG,
  llamacpp: LLAMACPP,
  tabbyapi: TABBYAPI,
  generic: GENERIC,
};

/**
 * Returns the profile of a Soulstone: the one of its `engine`, otherwise the one of its image.
 *
 * @example
 * ```ts
 * import { profileOf } from "./mod.ts";
 * profileOf({ image: "docker.io/vllm/vllm-openai:v0.33.0" }).name; // "vllm"
 * profileOf({ image: "localhost/ocr" }).name; // "generic"
 * ```
 */
export function profileOf(soulstone: Pick<Soulstone, "image" | "engine">): EngineProfile {
  if (soulstone.engine !== undefined) return PROFILES[soulstone.engine];
  const repository = soulstone.image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return Object.values(PROFILES).find((profile) => profile.matches(repository)) ?? GENERIC;
}
