import type { Soulstone } from "../../codex/mod.ts";
import { type EngineProfile, type Flag, listenFlags, SERVER } from "./profile.ts";

/**
 * The server of llama.cpp. Its default port changes from 8080 to 9931, so the port is always set. It
 * exports metrics only with a flag, and requires its API key for them. Without a model it is a router
 * for many models and exports the metrics of one only under its name, which Prometheus cannot know.
 * Source: ggml-org/llama.cpp, tools/server/README.md and docs/docker.md, b10519.
 */
export const LLAMACPP: EngineProfile = {
  ...SERVER,
  name: "llamacpp",
  title: "llama.cpp",
  matches: (repository) => /llama[._-]?cpp|llama-server/i.test(repository),
  entrypoint: ["llama-server", "/app/llama-server"],
  flags: (port, model) => [
    ...modelFlag(model),
    ...listenFlags(port),
    { names: ["--metrics"], values: [] },
  ],
  needsGpu: (image) => /cuda|rocm|vulkan|musa|intel/i.test(image),
  metricsPath: (soulstone) => isRouter(soulstone) ? undefined : "/metrics",
  metricsNeedKey: hasKey,
  caches: (model) =>
    model !== undefined && isPath(model)
      ? []
      : [{ volume: "lychd-llamacpp", target: "/root/.cache/llama.cpp" }],
};

function modelFlag(model: string | undefined): Flag[] {
  if (model === undefined) return [];
  return [
    isPath(model)
      ? { names: ["-m", "--model", "-hf", "-hfr", "--hf-repo"], values: [model] }
      : { names: ["-hf", "-hfr", "--hf-repo", "-m", "--model"], values: [model] },
  ];
}

/** Returns true for a file in the container, false for a repository id. */
function isPath(model: string): boolean {
  return model.startsWith("/") || model.startsWith("./") || model.endsWith(".gguf");
}

/** Returns true if no setting names a single model. */
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
