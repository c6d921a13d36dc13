import { strictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { readDoor } from "../orchestrator/door.ts";
import { compile } from "./mod.ts";

const ROWS: readonly (readonly [engine: string, fields: string, served: string | undefined])[] = [
  ["vllm", 'model = "Qwen/Qwen3-8B"', "Qwen/Qwen3-8B"],
  ["vllm", 'model = "gpt2"', "gpt2"],
  ["vllm", 'exec = ["Qwen/Qwen3-8B", "--seed", "1"]', "Qwen/Qwen3-8B"],
  ["vllm", 'exec = ["/models/x", "--port", "{port}"]', "/models/x"],
  ["vllm", 'exec = ["--model", "a/b", "--served-model-name=x", "y"]', "x"],
  ["vllm", 'model = "a/b"\nexec = ["--served-model-name", "x", "--served-model-name", "z"]', "z"],
  ["vllm", 'exec = ["/bin/bash", "-c", "vllm serve a/b --port {port}"]', undefined],
  ["vllm", 'exec = ["bash", "-c", "vllm serve a/b --port {port}"]', undefined],
  ["vllm", 'exec = ["--config", "/c.yaml"]', undefined],
  ["sglang", 'model = "a/b"', "a/b"],
  ["sglang", 'model = "a/b"\nexec = ["--served-model-name", "x"]', "x"],
  ["llamacpp", 'model = "a/b"', undefined],
  ["llamacpp", 'model = "a/b"\nexec = ["--alias", "x,y"]', "x"],
  ["tabbyapi", 'model = "/models/qwen"', "qwen"],
  ["ollama", 'model = "qwen3:8b"', "qwen3:8b"],
  ["ollama", "", undefined],
  ["generic", 'exec = ["--served-model-name", "x", "--port", "{port}"]', undefined],
];

/** Compiles a Soulstone, and returns what the front door knows about it. */
async function doorEngineOf(engine: string, fields: string) {
  const encode = (text: string) => new TextEncoder().encode(text);
  const lines = `[eye]\nimage = "localhost/x"\nport = 8780\ndevices = []\nengine = "${engine}"\n`;
  const { codex } = readCodex({
    folder: "c",
    files: [
      { path: "lychd.toml", bytes: encode("[vessel]\nenabled = true\n") },
      { path: "soulstones/eye.toml", bytes: encode(lines + fields) },
    ],
  });
  return readDoor((await compile(codex)).runes)?.engines.get("eye");
}

for (const [engine, fields, served] of ROWS) {
  Deno.test(`${engine} serves ${served ?? "any name"} with ${fields.replace("\n", ", ")}`, async () => {
    strictEqual((await doorEngineOf(engine, fields))?.served, served);
  });
}

const CONTEXTS: readonly (readonly [engine: string, exec: string, tokens: number | undefined])[] = [
  ["vllm", '"a/b", "--max-model-len", "32768"', 32_768],
  ["vllm", '"a/b", "--max-model-len=auto"', undefined],
  ["vllm", '"a/b"', undefined],
  ["sglang", '"--model-path", "a/b", "--context-length", "8192"', 8192],
  ["llamacpp", '"-hf", "a/b", "--ctx-size", "16384", "-c", "4096"', 4096],
  ["llamacpp", '"-hf", "a/b", "-c", "0"', undefined],
  ["llamacpp", '"-hf", "a/b", "-c", "16384", "--parallel", "4"', undefined],
  ["tabbyapi", '"--max-seq-len", "4096"', 4096],
  ["generic", '"-c", "4096", "--port", "{port}"', undefined],
];

for (const [engine, exec, tokens] of CONTEXTS) {
  Deno.test(`${engine} has a context of ${tokens ?? "unknown"} tokens with ${exec}`, async () => {
    strictEqual((await doorEngineOf(engine, `exec = [${exec}]`))?.contextTokens, tokens);
  });
}
