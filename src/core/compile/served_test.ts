import { deepStrictEqual } from "node:assert/strict";
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
  ["generic", 'exec = ["--served-model-name", "x", "--port", "{port}"]', undefined],
];

for (const [engine, fields, served] of ROWS) {
  Deno.test(`${engine} serves ${served ?? "any name"} with ${fields.replace("\n", ", ")}`, async () => {
    const encode = (text: string) => new TextEncoder().encode(text);
    const lines = `[eye]\nimage = "localhost/x"\nport = 8780\ndevices = []\nengine = "${engine}"\n`;
    const { codex } = readCodex({
      folder: "c",
      files: [
        { path: "lychd.toml", bytes: encode("[vessel]\nenabled = true\n") },
        { path: "soulstones/eye.toml", bytes: encode(lines + fields) },
      ],
    });
    deepStrictEqual(readDoor((await compile(codex)).runes)?.engines.get("eye")?.served, served);
  });
}
