import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Vendor } from "../../gpus.ts";
import {
  isEngine,
  neededFiles,
  normalPath,
  programOf,
  secretInstead,
  translateOption,
  withoutEmptyWords,
} from "./program.ts";

const IMAGES = new Map([
  ["whisper-server", "localhost/whisper"],
  ["vllm", "localhost/vllm:1"],
  ["/opt/fork/llama-server", "localhost/fork"],
  ["serve.py", "localhost/serve"],
  ["text-embeddings-router", "ghcr.io/huggingface/text-embeddings-inference:1.8"],
]);

const PROGRAMS: readonly (readonly [words: string, read: string])[] = [
  ["/opt/x/llama-server-b123 -m a", "ghcr.io/ggml-org/llama.cpp:server-cuda | -m a"],
  ["/opt/fork/llama-server -m a", "localhost/fork | -m a"],
  ["vllm serve m --tp 2", "localhost/vllm:1 | m --tp 2"],
  [
    "python3.12 -m vllm.entrypoints.openai.api_server --tp 2 --model m",
    "localhost/vllm:1 | m --tp 2",
  ],
  ["python -m vllm.entrypoints.openai.api_server --model=m", "localhost/vllm:1 | m"],
  ["vllm bench", "localhost/vllm:1 | vllm bench"],
  [
    "python -m sglang.launch_server --tp 2",
    "docker.io/lmsysorg/sglang:v0.5.23 | python3 -m sglang.launch_server --tp 2",
  ],
  ["sglang serve --tp 2", "docker.io/lmsysorg/sglang:v0.5.23 | sglang serve --tp 2"],
  ["/usr/bin/whisper-server -m a", "localhost/whisper | whisper-server -m a"],
  ["/usr/bin/ollama serve", "docker.io/ollama/ollama:0.32.15 | serve"],
  ["ollama run m", "undefined | ollama run m"],
  ["/opt/llama-server-all.sh -m a", "undefined | llama-server-all.sh -m a"],
  ["python3 -u serve.py --port 1", "localhost/serve | python3 -u serve.py --port 1"],
  [
    "/usr/bin/text-embeddings-router --model-id m",
    "ghcr.io/huggingface/text-embeddings-inference:1.8 | --model-id m",
  ],
  ["docker run image:1", "localhost/image:1 | "],
  ["docker run --entrypoint= ghcr.io/u/image a b", "ghcr.io/u/image | b"],
  ["docker run --rm u/image:1 a b", "docker.io/u/image:1 | a b"],
  ["docker container run ghcr.io/u/image", "ghcr.io/u/image | "],
  ["docker run localhost/image", "localhost/image | "],
  ["docker run host:5000/image", "host:5000/image | "],
  ["/usr/bin/podman run image a", "image | a"],
  ["podman --remote run image", "only `podman run` is supported: …"],
  ["docker compose up", "only `docker run` is supported: …"],
  ["docker run --rm", "`docker run` names no image"],
];

Deno.test("a command is a container, or a program with an image", () => {
  for (const [words, expected] of PROGRAMS) {
    const program = programOf(words.split(" "), { images: IMAGES, vendor: "NVIDIA" });
    const actual = program.kind === "none"
      ? program.problem.replace(/: write .*/, ": …")
      : `${program.image} | ${program.words.join(" ")}`;
    strictEqual(actual, expected, words);
  }
});

Deno.test("the image of a program is for the GPUs of this host", () => {
  const shown = (words: string, vendor: Vendor | undefined) => {
    const program = programOf(words.split(" "), { images: new Map([["b", "c"]]), vendor });
    return program.kind === "host" ? [program.image, program.doubt] : [];
  };
  const llama = "ghcr.io/ggml-org/llama.cpp:server";
  deepStrictEqual(shown("llama-server", "NVIDIA"), [`${llama}-cuda`, undefined]);
  deepStrictEqual(shown("llama-server", "AMD"), [`${llama}-rocm`, undefined]);
  deepStrictEqual(shown("llama-server", "Intel"), [`${llama}-intel`, undefined]);
  deepStrictEqual(shown("llama-server", undefined), [llama, "no GPU was found on this host"]);
  deepStrictEqual(shown("vllm serve m", "AMD"), [
    "docker.io/vllm/vllm-openai:v0.33.0",
    "it needs an NVIDIA GPU, and this host has one of AMD",
  ]);
  deepStrictEqual(shown("b", "AMD"), ["c", undefined]);
});

Deno.test("an engine is a container, a known program, or one with an image", () => {
  for (const words of ["docker run x", "/a/llama-server", "ollama serve", "whisper-server -m a"]) {
    strictEqual(isEngine(words.split(" "), IMAGES), true, words);
  }
  for (
    const words of ["docker rm -f x", "ollama pull m", "other-server", "/opt/other/whisper -m a"]
  ) {
    strictEqual(isEngine(words.split(" "), IMAGES), false, words);
  }
});

const FILES: readonly (readonly [words: string, folders: string, unmounted?: string])[] = [
  ["-m /srv/models/a.gguf --mmproj /srv/models/b.gguf", "/srv/models"],
  ["--model=/srv/a/x.gguf --lora /srv/b/y", "/srv/a /srv/b/y"],
  ["-m /srv/a/x.gguf -md /srv/a/sub/y.gguf", "/srv/a"],
  ["-m /srv/a/x.gguf --slot-save-path /srv/a/slots", "/srv/a /srv/a/slots+"],
  ["/srv/models/qwen --port 1", "/srv/models/qwen"],
  ["Qwen/Qwen3-8B --api-prefix /v1/x", ""],
  ["-m a.gguf", "", "a.gguf"],
  ["-m ../a.gguf", "", "../a.gguf"],
  ["-m /a.gguf", "/a.gguf"],
  ["--model-dir /models -m /models/x.gguf", "/models"],
  ["/srv/m/q --tokenizer /srv/tok", "/srv/m/q /srv/tok"],
  [
    `/srv/m/q --x-config {"model":"/srv/draft/q","n":["/srv/l/a.json"],"c":"d/e"}`,
    "/srv/m/q /srv/draft/q /srv/l",
  ],
  [`m --kv={"a":{"shared_storage_path":"/srv/kv/../k2"},"endpoint":"/v1/x"}`, "/srv/k2+"],
  ["m --speculative-config.model /srv/draft/q --quantity /srv/x", "/srv/draft/q", "/srv/x"],
  ["--system-prompt /no_think", ""],
  ["--lora-scaled /srv/l/a.gguf:0.5", "/srv/l"],
  // The folders of an image stay as they are.
  ["-m /models/a.gguf --chat-template-file /app/qwen.jinja", "/models /app/qwen.jinja"],
  ["--lora /etc/lora.gguf -m /opt/models/x.gguf", "/etc/lora.gguf /opt/models"],
  [
    "-m /home/lich/x.gguf --mmproj /usr/local/lib/y.gguf",
    "/home/lich/x.gguf /usr/local/lib/y.gguf",
  ],
  ["-m /dev/shm/x.gguf --slot-save-path /tmp", "/dev/shm/x.gguf", "/tmp"],
  ["--log-file /tmp/llama.log", "", "/tmp/llama.log"],
  ["--ctx-size /srv/x/y.gguf", "", "/srv/x/y.gguf"],
  ["m --lora-modules a=/srv/lora/a b=/srv/b/c", "/srv/lora/a /srv/b/c"],
  ["--lora-scaled /srv/lora/l.gguf 0.5 -c 8", "/srv/lora"],
  ["--tp 2 /srv/models/qwen", "", "/srv/models/qwen"],
  ["--root-path /llm/v1/x --ssl-key-file /srv/t/k.pem", ""],
];

Deno.test("the folders of files after flags for paths are found", () => {
  for (const [words, expected, lost = ""] of FILES) {
    const { mounts, unmounted } = neededFiles(words.split(" "));
    const actual = mounts.map(({ path, isWritten }) => `${path}${isWritten ? "+" : ""}`);
    deepStrictEqual([actual.join(" "), unmounted.join(" ")], [expected, lost], words);
  }
});

const TRANSLATED: readonly (readonly [name: string, value: string | undefined, actual: string])[] =
  [
    ["rm", undefined, "carried"],
    ["gpus", "all", "AddDevice=nvidia.com/gpu=all"],
    ["gpus", '"device=0,GPU-1a"', "AddDevice=nvidia.com/gpu=0 AddDevice=nvidia.com/gpu=GPU-1a"],
    ["gpus", "2", "AddDevice=nvidia.com/gpu=0 AddDevice=nvidia.com/gpu=1"],
    ["gpus", "0", "carried"],
    ["gpus", "device=0;x", "lost"],
    ["runtime", "nvidia", "AddDevice=nvidia.com/gpu=all"],
    ["runtime", "runsc", "lost"],
    ["user", "1000:100", "User=1000 Group=100"],
    ["user", "1000", "User=1000"],
    ["init", undefined, "RunInit=true"],
    ["memory", "8g", "PodmanArgs=--memory=8g"],
    ["privileged", undefined, "PodmanArgs=--privileged"],
    ["link", "db", "lost"],
    ["env", "HF_TOKEN", "lost"],
    ["env", "A=", "Environment=A="],
    ["env-file", "./e", "lost"],
    ["env-file", "/e", "EnvironmentFile=/e"],
    ["volume", "./m:/m", "lost"],
    ["volume", "m:/m", "Volume=m:/m"],
    ["mount", "type=bind,src=../m,dst=/m", "lost"],
    ["mount", "type=bind,src=/m,dst=/m", "Mount=type=bind,src=/m,dst=/m"],
    ["option-of-tomorrow", "1", "PodmanArgs=--option-of-tomorrow=1"],
  ];

Deno.test("an option of docker run becomes settings or an outcome", () => {
  for (const [name, value, expected] of TRANSLATED) {
    const words = value === undefined ? [`--${name}`] : [`--${name}`, value];
    const option = { name, value, words, index: 0 };
    const translated = translateOption(option, [option]);
    const actual = "settings" in translated
      ? translated.settings.map((s) => `${s.key}=${s.value}`).join(" ")
      : translated.outcome;
    strictEqual(actual, expected, name);
  }
});

Deno.test("a variable of an untrusted configuration is one word of the suggested command", () => {
  strictEqual(
    /podman secret create .* -(?= )/.exec(secretInstead("A; evil"))?.[0],
    "podman secret create 'a; evil' -",
  );
});

Deno.test("the words of a command have no empty word, and paths without dots", () => {
  const { words, removed } = withoutEmptyWords(["", "--a", "", "--b=1", "", "c", "--d", "e"]);
  deepStrictEqual(words, ["--b=1", "c", "--d", "e"]);
  deepStrictEqual(removed, ["''", "--a ''", "''"]);
  const paths = {
    "/srv/main/../other/a.gguf": "/srv/other/a.gguf",
    "--lora=/srv/./a//b/..": "--lora=/srv/a",
    "/srv/a..b/c": "/srv/a..b/c",
    "../a": "../a",
    "--x=a=/../b": "--x=a=/../b",
    "https://a/../b": "https://a/../b",
  };
  for (const [word, expected] of Object.entries(paths)) strictEqual(normalPath(word), expected);
});
