import { type EngineProfile, type Flag, HUGGINGFACE_CACHE } from "./profile.ts";

/**
 * SGLang: its image has no entrypoint for serving, so the whole command is given; it listens on
 * 127.0.0.1:30000 and exports metrics only when told.
 * Source: docs.sglang.ai, get-started/install and server arguments, 0.5.23.
 */
export const SGLANG: EngineProfile = {
  name: "sglang",
  title: "SGLang",
  matches: (repository) => /sglang/i.test(repository),
  head: () => ["python3", "-m", "sglang.launch_server"],
  entrypoint: [],
  flags: (port, model) => [
    ...modelFlag(model),
    { names: ["--host"], values: ["0.0.0.0"] },
    { names: ["--port"], values: [String(port)] },
    { names: ["--enable-metrics"], values: [] },
  ],
  portFlag: "--port",
  needsModel: true,
  needsGpu: () => true,
  healthPath: "/health",
  metricsPath: () => "/metrics",
  metricsNeedKey: () => false,
  caches: () => [HUGGINGFACE_CACHE],
  shmMib: 32_768,
  startTimeoutSeconds: 1800,
};

function modelFlag(model: string | undefined): Flag[] {
  return model === undefined ? [] : [{ names: ["--model-path", "--model"], values: [model] }];
}
