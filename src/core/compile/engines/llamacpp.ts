import type { EngineProfile, Flag } from "./profile.ts";

/**
 * llama.cpp's server: its default port moves from 8080 to 9931, so the port is always given;
 * metrics only when told. Without a model it is a router over many.
 * Source: ggml-org/llama.cpp, tools/server/README.md and docs/docker.md, b10519.
 */
export const LLAMACPP: EngineProfile = {
  name: "llamacpp",
  title: "llama.cpp",
  matches: (repository) => /llama[._-]?cpp|llama-server/i.test(repository),
  head: () => [],
  entrypoint: ["llama-server", "/app/llama-server"],
  flags: (port, model) => [
    ...modelFlag(model),
    { names: ["--host"], values: ["0.0.0.0"] },
    { names: ["--port"], values: [String(port)] },
    { names: ["--metrics"], values: [] },
  ],
  portFlag: "--port",
  needsModel: false,
  needsGpu: (image) => /cuda|rocm|vulkan|musa|intel/i.test(image),
  healthPath: "/health",
  metricsPath: "/metrics",
  caches: (model) =>
    model !== undefined && isPath(model)
      ? []
      : [{ volume: "lychd-llamacpp", target: "/root/.cache/llama.cpp" }],
  shmMib: 0,
  startTimeoutSeconds: 900,
};

function modelFlag(model: string | undefined): Flag[] {
  if (model === undefined) return [];
  return [
    isPath(model)
      ? { names: ["-m", "--model", "-hf", "-hfr", "--hf-repo"], values: [model] }
      : { names: ["-hf", "-hfr", "--hf-repo", "-m", "--model"], values: [model] },
  ];
}

/** True for a file in the container, false for a repository id. */
function isPath(model: string): boolean {
  return model.startsWith("/") || model.startsWith("./") || model.endsWith(".gguf");
}
