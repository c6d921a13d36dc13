import { strictEqual } from "node:assert/strict";
import { downloadsOf, isOffline } from "./downloads.ts";

const VLLM = "docker.io/vllm/vllm-openai:v0.33.0";
const LLAMACPP = "ghcr.io/ggml-org/llama.cpp:server";

Deno.test("a model is found that the host has downloaded to its default folder", () => {
  const cases: readonly (readonly [image: string, words: string, model: string | undefined])[] = [
    [VLLM, "Qwen/Qwen3-8B --tp 2", "Qwen/Qwen3-8B"],
    [VLLM, "/srv/qwen", undefined],
    [VLLM, "./qwen", undefined],
    [VLLM, "Qwen/Qwen3-8B --download-dir=/srv", undefined],
    [LLAMACPP, "-c 8 --hf-repo a/b:Q4", "a/b:Q4"],
    [LLAMACPP, "-m /srv/a.gguf", undefined],
    [LLAMACPP, "-m a.gguf", undefined],
    ["docker.io/ollama/ollama", "serve", "p"],
    ["localhost/ocr", "-m a/b", undefined],
  ];
  for (const [image, words, model] of cases) {
    strictEqual(
      downloadsOf({ program: "p", image, words: words.split(" "), names: ["A"] })?.word,
      model,
      words,
    );
  }
  for (const name of ["HF_HOME", "HF_HUB_CACHE", "LLAMA_CACHE", "XDG_CACHE_HOME"]) {
    strictEqual(
      downloadsOf({ program: "p", image: VLLM, words: ["Qwen/Qwen3-8B"], names: [name] }),
      undefined,
      name,
    );
  }
});

Deno.test("an engine is offline with a flag or a variable that is on", () => {
  for (const text of ["--offline", "HF_HUB_OFFLINE=1", "TRANSFORMERS_OFFLINE=yes"]) {
    strictEqual(isOffline(text), true, text);
  }
  for (const text of ["--offline-x", "HF_HUB_OFFLINE=0", "HF_HUB_OFFLINE=", "OFFLINE=1"]) {
    strictEqual(isOffline(text), false, text);
  }
});
