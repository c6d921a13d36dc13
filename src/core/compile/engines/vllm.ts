import { type EngineProfile, HUGGINGFACE_CACHE, SERVER } from "./profile.ts";

/**
 * vLLM. Its image runs `vllm serve`, so the model is the first word. It always exports metrics.
 * Source: docs.vllm.ai, deployment/docker and usage/metrics, 0.32 and 0.33.
 */
export const VLLM: EngineProfile = {
  ...SERVER,
  name: "vllm",
  title: "vLLM",
  matches: (repository) => /vllm/i.test(repository),
  head: (model) => model === undefined ? [] : [model],
  entrypoint: ["vllm", "serve"],
  metricsPath: () => "/metrics",
  // The second volume holds compiled kernels, which every start would otherwise compile again.
  caches: () => [HUGGINGFACE_CACHE, { volume: "lychd-vllm", target: "/root/.cache/vllm" }],
  shmMib: 8192,
  startTimeoutSeconds: 1800,
};
