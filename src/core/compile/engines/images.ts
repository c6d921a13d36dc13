/** The default images of the engines. */
import type { EngineName } from "../../codex/mod.ts";
import type { Vendor } from "../../gpus.ts";

/**
 * Returns the default image of `engine` on GPUs of `vendor`, or nothing for a generic
 * engine. The image has a fixed version if its project publishes any.
 *
 * Sources: docs.vllm.ai, docs.sglang.ai, docs/docker.md of llama.cpp, .github/workflows of tabbyAPI.
 */
export function imageFor(engine: EngineName, vendor: Vendor | undefined): string | undefined {
  return engine === "llamacpp"
    ? `ghcr.io/ggml-org/llama.cpp:${LLAMACPP_TAGS[vendor ?? "none"]}`
    : IMAGES[engine];
}

const IMAGES: Readonly<Partial<Record<EngineName, string>>> = {
  vllm: "docker.io/vllm/vllm-openai:v0.33.0",
  sglang: "docker.io/lmsysorg/sglang:v0.5.23",
  tabbyapi: "ghcr.io/theroyallab/tabbyapi:latest",
  ollama: "docker.io/ollama/ollama:0.32.15",
};

/** The engines whose default image works only with NVIDIA GPUs. */
export const NVIDIA_ONLY: readonly EngineName[] = ["vllm", "sglang", "tabbyapi"];

const LLAMACPP_TAGS = {
  NVIDIA: "server-cuda",
  AMD: "server-rocm",
  Intel: "server-intel",
  none: "server",
} as const;
