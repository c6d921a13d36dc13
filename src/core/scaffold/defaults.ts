import { type EngineName, NAME } from "../codex/mod.ts";
import type { Vendor } from "../doctor/mod.ts";

/**
 * Returns the image for a new Soulstone of `engine` on GPUs of `vendor`, or nothing for a generic
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

/**
 * Returns a Soulstone name that is not in `taken`, made from a model, an image or an engine.
 *
 * @example
 * ```ts
 * import { nameFor } from "./defaults.ts";
 * nameFor("Qwen/Qwen3-VL-8B-Instruct", new Set()); // "qwen3-vl-8b-instruct"
 * nameFor("/models/gpt-oss-20b.gguf", new Set(["gpt-oss-20b"])); // "gpt-oss-20b-2"
 * nameFor("ggml-org/Qwen3-1.7B-GGUF:Q4_K_M", new Set()); // "qwen3-1.7b"
 * ```
 */
export function nameFor(source: string, taken: ReadonlySet<string>): string {
  const last = source.replace(/@.*$/, "").replace(/\/+$/, "").replace(/^.*\//s, "");
  const bare = last.toLowerCase().replace(/:.*$/s, "").replace(/[.-]gguf$/, "")
    .replace(/[^a-z0-9._-]+/g, "-").replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "").slice(0, 60);
  const name = NAME.test(bare) ? bare : "engine";
  for (let n = 1;; n++) {
    const candidate = n === 1 ? name : `${name}-${n}`;
    if (!taken.has(candidate)) return candidate;
  }
}
