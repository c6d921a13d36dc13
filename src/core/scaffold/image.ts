import type { EngineName } from "../codex/mod.ts";
import type { Vendor } from "../doctor/mod.ts";

/**
 * The image that a new Soulstone of `engine` gets where the GPUs are `vendor`'s; nothing for an
 * engine of which lychd knows no image. A fixed version where the project has any.
 *
 * Sources: docs.vllm.ai, docs.sglang.ai, docs/docker.md of llama.cpp, .github/workflows of tabbyAPI.
 */
export function imageFor(engine: EngineName, vendor: Vendor | undefined): string | undefined {
  switch (engine) {
    case "vllm":
      return "docker.io/vllm/vllm-openai:v0.33.0";
    case "sglang":
      return "docker.io/lmsysorg/sglang:v0.5.23";
    case "llamacpp":
      return `ghcr.io/ggml-org/llama.cpp:${LLAMACPP_TAGS[vendor ?? "none"]}`;
    case "tabbyapi":
      return "ghcr.io/theroyallab/tabbyapi:latest";
    case "generic":
      return undefined;
  }
}

/** Whether the image that {@linkcode imageFor} gives is made for NVIDIA's GPUs alone. */
export function isForNvidia(engine: EngineName): boolean {
  return engine === "vllm" || engine === "sglang" || engine === "tabbyapi";
}

const LLAMACPP_TAGS = {
  NVIDIA: "server-cuda",
  AMD: "server-rocm",
  Intel: "server-intel",
  none: "server",
} as const;
