/** The profiles of the engines. */
import type { EngineName, Soulstone } from "../../codex/mod.ts";
import { trimEnd } from "../../report/mod.ts";
import {
  type Cache,
  type EngineProfile,
  type Flag,
  GENERIC,
  listenFlags,
  numberOfFlag,
  SERVER,
  valueOfFlag,
} from "./profile.ts";

export {
  type Cache,
  type EngineProfile,
  type Flag,
  numberOfFlag,
  portOfListen,
  valueOfFlag,
} from "./profile.ts";

/** The folder in which Hugging Face's library keeps models, for root. */
const HUGGINGFACE_CACHE: Cache = {
  volume: "lychd-huggingface",
  target: "/root/.cache/huggingface",
};

/**
 * vLLM. Its image runs `vllm serve`, so the model is the first word. It always exports metrics.
 * Source: docs.vllm.ai, deployment/docker and usage/metrics, 0.32 and 0.33.
 */
const VLLM: EngineProfile = {
  ...SERVER,
  name: "vllm",
  keyVariable: "VLLM_API_KEY",
  title: "vLLM",
  defaultPort: 8000,
  matches: (repository) => /vllm/i.test(repository),
  head: (model) => model === undefined ? [] : [model],
  entrypoint: ["vllm", "serve"],
  isOfficial: (image) => /(?:^|\/)vllm\/vllm-openai(?:-\w+)?(?:[:@]|$)/.test(image),
  served: (words, model) =>
    valueOfFlag(words, "--served-model-name") ?? valueOfFlag(words, "--model") ??
      words.slice(0, 1).find((word) => word === model || isModel(word)),
  contextTokens: (words) => numberOfFlag(words, "--max-model-len"),
  metricsPath: () => "/metrics",
  // The second volume holds compiled kernels, which every start would otherwise compile again.
  caches: () => [HUGGINGFACE_CACHE, { volume: "lychd-vllm", target: "/root/.cache/vllm" }],
  // Each GPU has its own part, except of the offloaded cache (CacheConfig and OffloadConfig).
  hostMemoryMib: (words) => {
    const gib = (flag: string) => numberOfFlag(words, flag) ?? 0;
    const gpus = numberOfFlag(words, "--tensor-parallel-size", "-tp") ?? 1;
    const offloaded = gib("--cpu-offload-gb") + gib("--swap-space");
    return 1024 * (gpus * offloaded + gib("--kv-offloading-size"));
  },
  shmMib: 8192,
  startTimeoutSeconds: 1800,
};

/** Returns true for a repository id or a path that is not a program, as the first word of a command. */
function isModel(word: string): boolean {
  return /^(?!.*\/bin\/)[^-].*\//.test(word);
}

/**
 * SGLang. Its image has no entrypoint that serves, so the profile has the whole command. By default it
 * listens on 127.0.0.1:30000 and exports no metrics. It reads `BASE:NAME` as an adapter of a model.
 * Source: docs.sglang.ai, get-started/install and server arguments, 0.5.23.
 */
const SGLANG: EngineProfile = {
  ...SERVER,
  name: "sglang",
  title: "SGLang",
  defaultPort: 30_000,
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
  served: (words) => valueOfFlag(words, "--served-model-name", "--model-path", "--model"),
  contextTokens: (words) => numberOfFlag(words, "--context-length"),
  metricsPath: () => "/metrics",
  caches: () => [HUGGINGFACE_CACHE],
  // The cache of each GPU, in GB (sglang#29263).
  hostMemoryMib: (words) => {
    const gpus = numberOfFlag(words, "--tp-size", "--tensor-parallel-size", "--tp") ?? 1;
    const cache = words.includes("--enable-hierarchical-cache")
      ? numberOfFlag(words, "--hicache-size") ?? 0
      : 0;
    return Math.floor(gpus * cache * 1e9 / 2 ** 20);
  },
  shmMib: 32_768,
  startTimeoutSeconds: 1800,
};

/**
 * The server of llama.cpp. Its default port changes from 8080 to 9931, so the port is always set. It
 * exports metrics only with a flag, and requires its API key for them. Without a model it is a router
 * for many models and exports the metrics of one only under its name, which Prometheus cannot know.
 * Source: ggml-org/llama.cpp, tools/server/README.md and docs/docker.md, b10519.
 */
const LLAMACPP: EngineProfile = {
  ...SERVER,
  name: "llamacpp",
  listenVariables: ["LLAMA_ARG_PORT", "LLAMA_ARG_HOST"],
  keyVariable: "LLAMA_API_KEY",
  title: "llama.cpp",
  defaultPort: 8080,
  matches: (repository) => /llama[._-]?cpp|llama-server/i.test(repository),
  entrypoint: ["llama-server", "/app/llama-server"],
  isOfficial: (image) => /(?:^|\/)ggml-org\/llama\.cpp:server(?:-|@|$)/.test(image),
  flags: (port, model) => [
    ...modelFlag(model),
    ...listenFlags(port),
    { names: ["--metrics"], values: [] },
  ],
  needsGpu: (image) => /cuda|rocm|vulkan|musa|intel/i.test(image),
  metricsPath: (soulstone) => isRouter(soulstone) ? undefined : "/metrics",
  metricsNeedKey: hasKey,
  served: (words) => valueOfFlag(words, "-a", "--alias")?.split(",")[0],
  // Requests at once may share the context.
  contextTokens: (words) =>
    valueOfFlag(words, "-np", "--parallel") === undefined
      ? numberOfFlag(words, "-c", "--ctx-size")
      : undefined,
  // Since March 2026 (pull request 21009) it keeps models where Hugging Face's library does.
  caches: (model) =>
    model !== undefined && isPath(model)
      ? []
      : [HUGGINGFACE_CACHE, { volume: "lychd-llamacpp", target: "/root/.cache/llama.cpp" }],
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

/**
 * TabbyAPI. Its image runs `python3`, so a command starts with `main.py`; it exports no metrics. It
 * runs ExLlamaV3. Images from before 2026-07-14 also run ExLlamaV2, which was removed then.
 * Source: theroyallab/tabbyAPI, docker/Dockerfile, config_sample.yml and main.py, e632af4.
 */
const TABBYAPI: EngineProfile = {
  ...SERVER,
  name: "tabbyapi",
  title: "TabbyAPI",
  defaultPort: 5000,
  matches: (repository) => /tabby-?api/i.test(repository),
  head: () => ["main.py"],
  entrypoint: ["python3", "python"],
  isOfficial: (image) => /(?:^|\/)theroyallab\/tabbyapi(?:[:@]|$)/.test(image),
  flags: (port, model) => [...folderFlags(model), ...listenFlags(port)],
  served: (words) => valueOfFlag(words, "--model-name"),
  contextTokens: (words) => numberOfFlag(words, "--max-seq-len"),
  shmMib: 8192,
};

/** Splits a path: TabbyAPI expects a model as a folder in the model folder. */
function folderFlags(model: string | undefined): Flag[] {
  if (model === undefined) return [];
  const path = trimEnd(model, /\//);
  const cut = path.startsWith("/") ? path.lastIndexOf("/") : -1;
  const name: Flag = { names: ["--model-name"], values: [path.slice(cut + 1)] };
  return cut < 0 ? [name] : [{ names: ["--model-dir"], values: [path.slice(0, cut) || "/"] }, name];
}

/**
 * Ollama. Its image runs `ollama serve`, which has no flags: a variable sets its address, and a request
 * names a model, which it loads. It exports no metrics (pull request 18508 is open). Its image has no
 * program for a request but its own client, which reads the same variable.
 * Source: ollama/ollama, Dockerfile, envconfig/config.go and server/routes.go, 0.32.
 */
const OLLAMA: EngineProfile = {
  ...SERVER,
  name: "ollama",
  title: "Ollama",
  defaultPort: 11_434,
  matches: (repository) => /(?:^|\/)ollama$/i.test(repository),
  entrypoint: ["ollama", "/bin/ollama"],
  isOfficial: (image) => /(?:^|\/)ollama\/ollama(?:[:@]|$)/.test(image),
  flags: () => [],
  portFlag: undefined,
  listenVariables: ["OLLAMA_HOST"],
  healthPath: "/api/version",
  healthCommand: "ollama list >/dev/null",
  served: (_, model) => model,
  caches: () => [{ volume: "lychd-ollama", target: "/root/.ollama" }],
};

const PROFILES: Readonly<Record<EngineName, EngineProfile>> = {
  vllm: VLLM,
  sglang: SGLANG,
  llamacpp: LLAMACPP,
  tabbyapi: TABBYAPI,
  ollama: OLLAMA,
  generic: GENERIC,
};

/**
 * Returns the profile of a Soulstone: the one of its `engine`, otherwise the one of its image.
 *
 * @example
 * ```ts
 * import { profileOf } from "./mod.ts";
 * profileOf({ image: "docker.io/vllm/vllm-openai:v0.33.0" }).name; // "vllm"
 * profileOf({ image: "localhost/ocr" }).name; // "generic"
 * ```
 */
export function profileOf(soulstone: Pick<Soulstone, "image" | "engine">): EngineProfile {
  if (soulstone.engine !== undefined) return PROFILES[soulstone.engine];
  const repository = soulstone.image.replace(/@.*$/, "").replace(/:[^:/]*$/, "");
  return Object.values(PROFILES).find((profile) => profile.matches(repository)) ?? GENERIC;
}
