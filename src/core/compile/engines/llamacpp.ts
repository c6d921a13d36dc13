import type { Soulstone } from "../../codex/mod.ts";
import type { EngineProfile, Flag } from "./profile.ts";

/**
 * llama.cpp's server: its default port moves from 8080 to 9931, so the port is always given;
 * metrics only when told, and behind the key when there is one. Without a model it is a router over
 * many, and answers for metrics of one only when asked by its name, which Prometheus cannot know.
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
  metricsPath: (soulstone) => isRouter(soulstone) ? undefined : "/metrics",
  metricsNeedKey: hasKey,
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

/** Whether nothing names the one model that it serves. */
function isRouter({ model, exec = [], env }: Soulstone): boolean {
  const flag = /^(?:-m|--model|-mu|--model-url|-hfr?|--hf-repo|-dr|--docker-repo)(?:=|$)|-default$/;
  return model === undefined && !exec.some((word) => flag.test(word)) &&
    !Object.keys(env).some((name) =>
      /^LLAMA_ARG_(?:MODEL|MODEL_URL|HF_REPO|DOCKER_REPO)$/.test(name)
    );
}

function hasKey({ exec = [], env, secrets }: Soulstone): boolean {
  return exec.some((word) => /^--api-key(?:-file)?(?:=|$)/.test(word)) ||
    Object.hasOwn(env, "LLAMA_API_KEY") ||
    secrets.some((secret) => /(?:^|,target=)LLAMA_API_KEY(?:,|$)/.test(secret));
}
