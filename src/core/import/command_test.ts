import { strictEqual } from "node:assert/strict";
import type { EngineName } from "../codex/mod.ts";
import { readCommand } from "./command.ts";

const IMAGES = {
  vllm: "docker.io/vllm/vllm-openai:v0.33.0",
  sglang: "docker.io/lmsysorg/sglang:v0.5.23",
  llamacpp: "ghcr.io/ggml-org/llama.cpp:server-cuda",
  full: "ghcr.io/ggml-org/llama.cpp:full-cuda",
  tabbyapi: "ghcr.io/theroyallab/tabbyapi:cu13",
  ollama: "docker.io/ollama/ollama:latest",
  other: "localhost/engine:1",
} as const;

interface Row {
  readonly image: keyof typeof IMAGES;
  readonly words?: string;
  readonly published?: number;
  readonly env?: string;
  readonly entrypoint?: string;
  readonly engine?: EngineName;
  /** `inside→` and the first form of the fields at port 9000. */
  readonly reads: string;
}

const ALL = "(it listens on all addresses of the pod, so that the host can reach it)";

const ROWS: readonly Row[] = [
  // lychd sets the port flag, and a model at lychd's own place is a field.
  { image: "vllm", reads: "8000→" },
  {
    image: "vllm",
    words: "m --port 8001 --tp 2",
    reads: "8001→ model=m exec=--tp 2 (lychd sets --port 9000)",
  },
  { image: "vllm", words: "--model m", reads: "8000→ exec=--model m" },
  { image: "vllm", words: "serve m", reads: "8000→ exec=serve m" },
  { image: "vllm", words: "m other", reads: "8000→ exec=m other" },
  { image: "vllm", words: "m --port", reads: "8000→ model=m" },
  { image: "llamacpp", words: "-m /x.gguf -c 8", reads: "8080→ model=/x.gguf exec=-c 8" },
  { image: "llamacpp", words: "--model=/x.gguf", reads: "8080→ model=/x.gguf" },
  {
    image: "llamacpp",
    words: "-hf u/r:Q4 --port=1",
    reads: "1→ model=u/r:Q4 (lychd sets --port 9000)",
  },
  { image: "llamacpp", words: "-m u/r", reads: "8080→ exec=-m u/r" },
  { image: "llamacpp", words: "-m /a.gguf -m /b.gguf", reads: "8080→ exec=-m /a.gguf -m /b.gguf" },
  {
    image: "llamacpp",
    words: "-m /a.gguf --host 127.0.0.1",
    reads:
      "8080→ model=/a.gguf (it listens on all addresses of the pod, so that the host can reach it)",
  },
  { image: "llamacpp", words: "--host ::", reads: "8080→ exec=--host ::" },
  {
    image: "sglang",
    words: "python3 -m sglang.launch_server --model-path m --tp 2",
    reads: "30000→ model=m exec=--tp 2",
  },
  { image: "sglang", words: "sglang serve --model m", reads: "30000→ exec=sglang serve --model m" },
  {
    image: "tabbyapi",
    words: "main.py --port 1",
    reads: "1→ exec=main.py (lychd sets --port 9000)",
  },

  // A command that does not run the engine of its image is generic.
  {
    image: "vllm",
    words: "bash -c x",
    reads: "undefined→ engine=generic exec=bash -c x",
  },
  {
    image: "vllm",
    words: "m --port 1",
    entrypoint: "/usr/bin/other",
    reads: "1→ engine=generic exec=m --port {port} (it gets port 9000)",
  },
  {
    image: "full",
    words: "--server --port 8080",
    reads:
      `8080→ engine=generic exec=--server --port {port} --host 0.0.0.0 (it gets port 9000) ${ALL}`,
  },
  {
    image: "other",
    words: "serve -p 80",
    published: 80,
    reads: "80→ exec=serve -p {port} (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve --http-port=80 --n 80",
    published: 80,
    reads: "80→ exec=serve --http-port={port} --n 80 (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve --listen 127.0.0.1:80",
    published: 80,
    reads: "80→ exec=serve --listen 0.0.0.0:{port} (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve",
    env: "PORT=80",
    published: 80,
    reads: "80→ exec=serve PORT=9000 (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve 8000",
    published: 8000,
    reads: "8000→ exec=serve {port} (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve --ctx-size 8000",
    published: 8000,
    reads: "8000→ exec=serve --ctx-size 8000",
  },
  {
    image: "other",
    words: "serve --listen :9292",
    reads: "9292→ exec=serve --listen :{port} (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve",
    env: "API_HOST=db:5432",
    reads: "undefined→ exec=serve API_HOST=db:5432",
  },
  {
    image: "other",
    words: "serve",
    env: "API_HOST=http://0.0.0.0:5432/",
    reads: "5432→ exec=serve API_HOST=http://0.0.0.0:9000/ (it gets port 9000)",
  },
  {
    image: "other",
    words: "serve --host 127.0.0.1 --bind=localhost --db-host-name localhost --port 80",
    reads: "80→ exec=serve --host 0.0.0.0 --bind=0.0.0.0 --db-host-name localhost --port {port} " +
      "(it gets port 9000) (it listens on all addresses of the pod, so that the host can reach it)",
  },
  {
    image: "other",
    words: "serve",
    env: "UVICORN_HOST=127.0.0.1",
    reads: "undefined→ exec=serve UVICORN_HOST=0.0.0.0",
  },
  {
    image: "other",
    words: "serve",
    env: "DB_HOST=127.0.0.1",
    reads: "undefined→ exec=serve DB_HOST=127.0.0.1",
  },
  { image: "ollama", words: "serve", reads: "11434→ exec=serve" },
  { image: "ollama", env: "OLLAMA_HOST=[::]:9292", reads: "9292→ " },
  { image: "llamacpp", env: "LLAMA_ARG_PORT=9292", reads: "9292→ " },
  {
    image: "llamacpp",
    words: "-c 8 --port 9293",
    env: "LLAMA_ARG_PORT=9292",
    reads: "9293→ exec=-c 8  (lychd sets --port 9000)",
  },
  // Programs that listen only on 127.0.0.1, whatever their image.
  {
    image: "full",
    words: "--server --host 127.0.0.1",
    reads: `undefined→ engine=generic exec=--server --host 0.0.0.0 ${ALL}`,
  },
  {
    image: "llamacpp",
    entrypoint: "/app/llama-server",
    words: "-m /x.gguf --alias llama-server",
    reads: `undefined→ engine=generic exec=-m /x.gguf --alias llama-server --host 0.0.0.0 ${ALL}`,
  },
  {
    image: "llamacpp",
    entrypoint: "/app/llama-server",
    reads: `undefined→ engine=generic exec=--host 0.0.0.0 ${ALL}`,
  },
  {
    image: "other",
    words: "/opt/x/llama-server-b12 -m /x.gguf",
    reads: `undefined→ exec=/opt/x/llama-server-b12 -m /x.gguf --host 0.0.0.0 ${ALL}`,
  },
  {
    image: "other",
    words: "tini -- sglang serve m",
    reads: `undefined→ exec=tini -- sglang serve m --host 0.0.0.0 ${ALL}`,
  },
  {
    image: "other",
    words: "python3 -m sglang.launch_server --host 10.0.0.1",
    reads: "undefined→ exec=python3 -m sglang.launch_server --host 10.0.0.1",
  },
  {
    image: "other",
    words: "python3 /opt/tabby/main.py",
    reads: `undefined→ exec=python3 /opt/tabby/main.py --host 0.0.0.0 ${ALL}`,
  },
  {
    image: "other",
    words: "llama-server",
    env: "LLAMA_ARG_HOST=127.0.0.1",
    reads: "undefined→ exec=llama-server LLAMA_ARG_HOST=0.0.0.0",
  },
  {
    image: "other",
    words: "ollama serve",
    reads: `undefined→ exec=ollama serve +OLLAMA_HOST=0.0.0.0 ${ALL}`,
  },
  { image: "other", words: "llama-server.sh -m x", reads: "undefined→ exec=llama-server.sh -m x" },
  { image: "other", words: "vllm serve m", reads: "undefined→ exec=vllm serve m" },
  // An image of another name runs the engine of its program.
  {
    image: "other",
    engine: "llamacpp",
    words: "-m /x.gguf --port 1",
    reads: "1→ engine=llamacpp model=/x.gguf (lychd sets --port 9000)",
  },
  { image: "vllm", engine: "llamacpp", words: "m", reads: "8000→ model=m" },
  { image: "other", words: "say {port}", reads: "undefined→ exec=say {{port}}" },
];

for (const { image, words, published, env, entrypoint, engine, reads } of ROWS) {
  Deno.test(`${image} with ${words ?? "no words"}${env ? ` and ${env}` : ""} is ${reads}`, () => {
    const command = readCommand({
      image: IMAGES[image],
      entrypoint: entrypoint === undefined ? undefined : [entrypoint],
      engine,
      words: words?.split(" "),
      env: env === undefined ? [] : [env.split("=") as [string, string]],
      published: published === undefined ? [] : [published],
    });
    const [form] = command.forms(9000);
    const actual = [
      `${command.inside}→`,
      ...command.engine === undefined ? [] : [`engine=${command.engine}`],
      ...form?.model === undefined ? [] : [`model=${form.model}`],
      ...form?.exec === undefined ? [] : [`exec=${form.exec.join(" ")}`],
      ...Object.entries(form?.env ?? {}).map((pair) => `+${pair.join("=")}`),
      ...command.env(9000).map((pair) => pair?.join("=")),
      ...command.changes(9000).map((change) => `(${change})`),
    ];
    strictEqual(actual.join(" "), reads);
  });
}
