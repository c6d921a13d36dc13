import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { commandOf } from "./command.ts";
import { profileOf } from "./engines/mod.ts";

const IMAGES = {
  vllm: "docker.io/vllm/vllm-openai:v0.33.0",
  sglang: "docker.io/lmsysorg/sglang:v0.5.23",
  llamacpp: "ghcr.io/ggml-org/llama.cpp:server-cuda13",
  tabbyapi: "ghcr.io/theroyallab/tabbyapi:cu13",
  ollama: "docker.io/ollama/ollama:0.32.15",
  generic: "localhost/engine:1",
} as const;

interface Row {
  readonly engine: keyof typeof IMAGES;
  readonly model?: string;
  readonly exec?: readonly string[] | string;
  readonly words: string;
  readonly codes?: readonly string[];
}

const ROWS: readonly Row[] = [
  // Without `exec`, the words of the profile.
  { engine: "vllm", model: "m", words: "m --host 0.0.0.0 --port 8780" },
  { engine: "vllm", words: "--host 0.0.0.0 --port 8780" },
  {
    engine: "sglang",
    model: "m",
    words:
      "python3 -m sglang.launch_server --model-path m --host 0.0.0.0 --port 8780 --enable-metrics",
  },
  {
    engine: "sglang",
    words: "python3 -m sglang.launch_server --host 0.0.0.0 --port 8780 --enable-metrics",
    codes: ["model-none"],
  },
  {
    engine: "llamacpp",
    model: "/models/x.gguf",
    words: "-m /models/x.gguf --host 0.0.0.0 --port 8780 --metrics",
  },
  { engine: "llamacpp", model: "u/r:Q4", words: "-hf u/r:Q4 --host 0.0.0.0 --port 8780 --metrics" },
  { engine: "llamacpp", words: "--host 0.0.0.0 --port 8780 --metrics" },
  {
    engine: "tabbyapi",
    model: "/app/models/x",
    words: "main.py --model-dir /app/models --model-name x --host 0.0.0.0 --port 8780",
  },
  {
    engine: "tabbyapi",
    model: "x",
    words: "main.py --model-name x --host 0.0.0.0 --port 8780",
  },
  { engine: "ollama", words: "" },
  { engine: "ollama", model: "qwen3:8b", exec: ["serve"], words: "serve" },
  { engine: "generic", words: "", codes: ["port-not-told"] },

  // Flags follow the command; flags in `exec` are not added again.
  { engine: "vllm", model: "m", exec: ["--tp", "2"], words: "m --host 0.0.0.0 --port 8780 --tp 2" },
  {
    engine: "vllm",
    model: "m",
    exec: ["--port", "{port}", "--host=::"],
    words: "m --port 8780 --host=::",
  },
  {
    engine: "sglang",
    exec: ["--model", "m", "--enable-metrics"],
    words: "python3 -m sglang.launch_server --host 0.0.0.0 --port 8780 --model m --enable-metrics",
  },
  {
    engine: "llamacpp",
    model: "/m.gguf",
    exec: ["--model", "/other.gguf"],
    words: "--host 0.0.0.0 --port 8780 --metrics --model /other.gguf",
  },
  {
    engine: "vllm",
    model: "m",
    exec: "--name 'two words' --port {port}",
    words: "m --host 0.0.0.0 --name two words --port 8780",
  },

  // A whole command is followed by the missing flags.
  { engine: "vllm", exec: ["m"], words: "m --host 0.0.0.0 --port 8780" },
  {
    engine: "vllm",
    model: "m",
    exec: ["other"],
    words: "other --host 0.0.0.0 --port 8780",
    codes: ["model-unused"],
  },
  {
    engine: "vllm",
    exec: ["serve", "m"],
    words: "serve m --host 0.0.0.0 --port 8780",
    codes: ["exec-repeats-entrypoint"],
  },
  {
    engine: "sglang",
    exec: ["sglang", "serve", "--model-path", "m"],
    words: "sglang serve --model-path m --host 0.0.0.0 --port 8780 --enable-metrics",
  },
  {
    engine: "llamacpp",
    exec: ["/app/llama-server", "-m", "/m.gguf"],
    words: "/app/llama-server -m /m.gguf --host 0.0.0.0 --port 8780 --metrics",
    codes: ["exec-repeats-entrypoint"],
  },
  {
    engine: "tabbyapi",
    exec: ["main.py", "--config", "c.yml"],
    words: "main.py --config c.yml --host 0.0.0.0 --port 8780",
  },
  {
    engine: "tabbyapi",
    exec: ["python3", "main.py"],
    words: "python3 main.py --host 0.0.0.0 --port 8780",
    codes: ["exec-repeats-entrypoint"],
  },
  {
    engine: "ollama",
    exec: "ollama serve",
    words: "ollama serve",
    codes: ["exec-repeats-entrypoint"],
  },
  { engine: "generic", exec: ["serve", "{port}"], words: "serve 8780" },
  { engine: "generic", exec: ["serve", "--port=8780"], words: "serve --port=8780" },
  { engine: "generic", exec: ["serve", "87801"], words: "serve 87801", codes: ["port-not-told"] },

  // A port that differs from that of the Soulstone.
  {
    engine: "vllm",
    model: "m",
    exec: ["--port", "9"],
    words: "m --host 0.0.0.0 --port 9",
    codes: ["exec-port-differs"],
  },
  {
    engine: "vllm",
    model: "m",
    exec: ["--port=9"],
    words: "m --host 0.0.0.0 --port=9",
    codes: ["exec-port-differs"],
  },
  {
    engine: "llamacpp",
    exec: ["--port"],
    words: "--host 0.0.0.0 --metrics --port",
    codes: ["exec-port-differs"],
  },

  // The placeholder.
  {
    engine: "generic",
    exec: ["{port}", "a{port}b{port}", "{{port}}", "{PORT}", "$port"],
    words: "8780 a8780b8780 {port} {PORT} $port",
    codes: ["exec-placeholder-unknown"],
  },
];

for (const { engine, model, exec, words, codes } of ROWS) {
  const asks = [model && `model ${model}`, exec && `exec ${JSON.stringify(exec)}`];
  Deno.test(`${engine} with ${asks.filter(Boolean).join(" and ") || "nothing"} runs: ${words}`, () => {
    const text = [
      "[eye]",
      `image = "${IMAGES[engine]}"`,
      "port = 8780",
      ...(model === undefined ? [] : [`model = ${JSON.stringify(model)}`]),
      ...(exec === undefined ? [] : [`exec = ${JSON.stringify(exec)}`]),
    ].join("\n");
    const bytes = new TextEncoder().encode(text);
    const { codex, findings } = readCodex({
      folder: "c",
      files: [{ path: "soulstones/eye.toml", bytes }],
    });
    deepStrictEqual(findings, [], text);
    const soulstone = codex.soulstones[0];
    if (soulstone === undefined) throw new Error("no Soulstone");
    const command = commandOf(soulstone, profileOf(soulstone));
    deepStrictEqual(command.words.map((word) => word.text).join(" "), words);
    deepStrictEqual(command.findings.map((f) => f.code), codes ?? []);
  });
}

const GUESSES: readonly (readonly [image: string, engine: string])[] = [
  ["vllm/vllm-openai", "vllm"],
  ["docker.io/vllm/vllm-openai:v0.33.0@sha256:aa", "vllm"],
  ["lmsysorg/sglang:latest", "sglang"],
  ["ghcr.io/ggml-org/llama.cpp:server", "llamacpp"],
  ["ghcr.io/theroyallab/tabbyapi", "tabbyapi"],
  ["ollama/ollama:rocm", "ollama"],
  ["ghcr.io/open-webui/open-webui:ollama", "generic"],
  ["localhost/ollama-exporter", "generic"],
  ["localhost:5000/engine", "generic"],
  ["localhost/engine:vllm", "generic"],
  ["my-ocr-service:latest", "generic"],
];

Deno.test("the engine is guessed from the repository of the image, not from its tag", () => {
  for (const [image, engine] of GUESSES) {
    deepStrictEqual(profileOf({ image, engine: undefined }).name, engine, image);
  }
});

Deno.test("the field `engine` takes precedence over the image", () => {
  deepStrictEqual(profileOf({ image: IMAGES.vllm, engine: "generic" }).name, "generic");
});

Deno.test("only official images are known to run the first words of a command", () => {
  const codesOf = (image: string) => {
    const text =
      `[eye]\nimage = "${image}"\nport = 8780\nexec = ["vllm", "serve", "m"]\nengine = "vllm"\n`;
    const bytes = new TextEncoder().encode(text);
    const { codex } = readCodex({ folder: "c", files: [{ path: "soulstones/eye.toml", bytes }] });
    return codex.soulstones.flatMap((s) => commandOf(s, profileOf(s)).findings.map((f) => f.code));
  };
  for (const image of ["vllm/vllm-openai", "docker.io/vllm/vllm-openai:v1"]) {
    deepStrictEqual(codesOf(image), ["exec-repeats-entrypoint"], image);
  }
  for (const image of ["docker.io/rocm/vllm:latest", "localhost/my-vllm-openai"]) {
    deepStrictEqual(codesOf(image), [], image);
  }
});

const HOSTS: readonly (readonly [host: string, codes: readonly string[]])[] = [
  ["0.0.0.0:8780", []],
  [":8780", []],
  ["http://[::]:8780/", []],
  ["0.0.0.0:11434", ["env-port-differs"]],
  ["0.0.0.0", ["env-port-differs"]],
  ["https://0.0.0.0", ["env-port-differs"]],
];

Deno.test("an address in `env` must have the port of the Soulstone, which a flag would override", () => {
  const codesOf = (engine: keyof typeof IMAGES, env: string, port = 8780) => {
    const text = `[eye]\nimage = "${IMAGES[engine]}"\nport = ${port}\nenv = { ${env} }\n`;
    const bytes = new TextEncoder().encode(text);
    const { codex } = readCodex({ folder: "c", files: [{ path: "soulstones/eye.toml", bytes }] });
    return codex.soulstones.flatMap((s) => commandOf(s, profileOf(s)).findings.map((f) => f.code));
  };
  for (const [host, codes] of HOSTS) {
    deepStrictEqual(codesOf("ollama", `OLLAMA_HOST = "${host}"`), codes, host);
  }
  deepStrictEqual(codesOf("ollama", 'OLLAMA_HOST = "0.0.0.0"', 11_434), []);
  deepStrictEqual(codesOf("llamacpp", 'LLAMA_ARG_PORT = "8080"'), []);
});
