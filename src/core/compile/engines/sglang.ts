import { type EngineProfile, HUGGINGFACE_CACHE, listenFlags, SERVER } from "./profile.ts";

/**
 * SGLang. Its image has no entrypoint that serves, so the profile has the whole command. By default it
 * listens on 127.0.0.1:30000 and exports no metrics.
 * Source: docs.sglang.ai, get-started/install and server arguments, 0.5.23.
 */
export const SGLANG: EngineProfile = {
  ...SERVER,
  name: "sglang",
  title: "SGLang",
  matches: (repository) => /sglang/i.test(repository),
  head: () => ["python3", "-m", "sglang.launch_server"],
  flags: (port, model) => [
    ...model === undefined
      ? []
      : [{ names: ["--model-path", "--model"], values: [model] } as const],
    ...listenFlags(port),
    { names: ["--enable-metrics"], values: [] },
  ],
  needsModel: true,
  metricsPath: () => "/metrics",
  caches: () => [HUGGINGFACE_CACHE],
  shmMib: 32_768,
  startTimeoutSeconds: 1800,
};
