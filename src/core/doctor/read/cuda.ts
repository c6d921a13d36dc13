/** Reads which CUDA an image contains, from its name. */
import { isOlder, readVersion } from "./version.ts";

/** The day on which the tables of this file were compared with their sources. */
export const CUDA_TABLE_DATE = "2026-11-30";

/**
 * The oldest driver for each major version of CUDA. Source: NVIDIA, "CUDA Compatibility", Minor Version
 * Compatibility, table 1.
 */
export const OLDEST_DRIVERS: ReadonlyMap<number, number> = new Map([[11, 450], [12, 525], [
  13,
  580,
]]);

/**
 * The CUDA of images whose tag does not name it: since each version of the image, newest first. Sources:
 * vllm-project/vllm#42738 and sgl-project/sglang's release 0.5.11 (CUDA 13 became the default); llama.cpp,
 * docs/docker.md; tabbyAPI, its packages.
 */
const DEFAULTS: Readonly<Record<string, readonly (readonly [since: string, major: number])[]>> = {
  "vllm/vllm-openai": [["0.20", 13], ["0.0", 12]],
  "lmsysorg/sglang": [["0.5.11", 13], ["0.0", 12]],
  "ggml-org/llama.cpp": [["0.0", 12]],
  "theroyallab/tabbyapi": [["0.0", 12]],
};

/**
 * Returns the major version of the CUDA in an image, or undefined if its name does not tell.
 *
 * @example
 * ```ts
 * import { cudaOf } from "./cuda.ts";
 * cudaOf("docker.io/vllm/vllm-openai:v0.22.0-cu129"); // 12
 * cudaOf("docker.io/vllm/vllm-openai:v0.22.0"); // 13
 * ```
 */
export function cudaOf(image: string): number | undefined {
  const [, repository = "", tag = "latest"] =
    /^(?:[^/]+[.:][^/]*\/)?([^:@]+)(?::([^@]+))?/.exec(image) ?? [];
  if (/rocm|xpu|cpu|vulkan|intel|musa|npu/.test(tag)) return undefined;
  const [, named] = /(?:^|[^a-z])cu(?:da)?-?(1\d)(?!\d\d)/.exec(tag) ??
    (repository === "nvidia/cuda" ? /^(\d+)\./.exec(tag) : null) ?? [];
  if (named !== undefined) return Number(named);
  // The images of llama.cpp without `cuda` in their tag contain none.
  if (repository === "ggml-org/llama.cpp" && !tag.includes("cuda")) return undefined;
  // A digest says nothing about the version.
  if (image.includes("@") && !image.includes(`:${tag}`)) return undefined;
  const version = readVersion(tag);
  return DEFAULTS[repository]?.find(([since]) => !isOlder(version, since))?.[1];
}
