import { type EngineProfile, HUGGINGFACE_CACHE } from "./profile.ts";

/**
 * vLLM: its image runs `vllm serve`, so the model is the first word; metrics are always on.
 * Source: docs.vllm.ai, deployment/docker and usage/metrics, 0.32 and 0.33.
 */
export const VLLM: EngineProfile = {
  name: "vllm",
  title: "vLLM",
  matches: (repository) => /vllm/i.test(repository),
  head: (model) => model === undefined ? [] : [model],
  entrypoint: ["vllm", "serve"],
  flags: (port) => [
    { names: ["--host"], values: ["0.0.0.0"] },
    { names: ["--port"], values: [String(port)] },
  ],
  portFlag: "--port",
  needsModel: false,
  needsGpu: () => true,
  healthPath: "/health",
  metricsPath: () => "/metrics",
  metricsNeedKey: () => false,
  // The second one holds compiled kernels: without it every start compiles anew.
  caches: () => [HUGGINGFACE_CACHE, { volume: "lychd-vllm", target: "/root/.cache/vllm" }],
  shmMib: 8192,
  startTimeoutSeconds: 1800,
};
