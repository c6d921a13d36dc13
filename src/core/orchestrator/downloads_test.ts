import { deepStrictEqual, ok } from "node:assert/strict";
import { readDownloads } from "./downloads.ts";
import { unitsOf } from "./from_codex_test.ts";

const KNOWN = { specifiers: { h: "/home/lich" } };
const VLLM = "docker.io/vllm/vllm-openai:v0.33.0";
const SGLANG = "docker.io/lmsysorg/sglang:v0.5.23";
const LLAMACPP = "ghcr.io/ggml-org/llama.cpp:server";

/** Returns the downloads of one Soulstone with these fields. */
async function downloadsOf(image: string, fields: string) {
  const soulstone = `[eye]\nimage = "${image}"\nport = 8780\ndevices = []\n${fields}\n`;
  const files = await unitsOf(soulstone, "[harvester]\nenabled = false\n");
  ok(files.length > 0, `the Codex is invalid: ${fields}`);
  return readDownloads(files, KNOWN);
}

const HF = ["download", "a/b", "--exclude=original/*", "--exclude=metal/*"];
const HF_CACHE = "--volume=lychd-huggingface:/root/.cache/huggingface";

const MODELS: readonly (readonly [
  name: string,
  image: string,
  fields: string,
  program: string,
  args: readonly string[],
])[] = [
  ["model", VLLM, 'model = "a/b"', "hf", HF],
  ["flag of vLLM", VLLM, 'exec = "--model a/b"', "hf", HF],
  ["flag with =", VLLM, 'exec = "--model=a/b"', "hf", HF],
  ["first word", VLLM, 'exec = "a/b --max-model-len 8192"', "hf", HF],
  [
    "revision and folder",
    VLLM,
    'model = "a/b"\nexec = "--revision v2 --download-dir /models"\nvolumes = ["~/m:/models"]',
    "hf",
    [...HF, "--revision", "v2", "--cache-dir", "/models"],
  ],
  ["SGLang", SGLANG, 'model = "a/b"', "hf", HF],
  ["SGLang, other flag", SGLANG, 'exec = "--model a/b"', "hf", HF],
  [
    "llama.cpp with a quantization",
    LLAMACPP,
    'model = "a/b:Q4_K_M"',
    "/app/llama",
    ["download", "-hf", "a/b:Q4_K_M"],
  ],
  [
    "llama.cpp with a file",
    LLAMACPP,
    'exec = "--hf-repo a/b --hf-file c.gguf"',
    "/app/llama",
    ["download", "-hf", "a/b", "-hff", "c.gguf"],
  ],
  ["engine named", "localhost/mine", 'engine = "vllm"\nmodel = "a/b"', "hf", HF],
];

for (const [name, image, fields, program, args] of MODELS) {
  Deno.test(`the model of an engine is downloaded by a program of its image: ${name}`, async () => {
    const { models, leftOut } = await downloadsOf(image, fields);
    deepStrictEqual(models.map((model) => [model.image, model.program, model.args]), [
      [image, program, args],
    ]);
    deepStrictEqual(leftOut, []);
  });
}

const NO_MODEL = "its command names no model of Hugging Face";

const NOT_AHEAD: readonly (readonly [name: string, image: string, fields: string, why: string])[] =
  [
    [
      "path",
      VLLM,
      'model = "/models/b"\nvolumes = ["~/m:/models"]',
      "its model is a path in the container",
    ],
    [
      "file of llama.cpp",
      LLAMACPP,
      'model = "/models/b.gguf"\nvolumes = ["~/m:/models"]',
      "its model is a path in the container",
    ],
    ["router of llama.cpp", LLAMACPP, "", NO_MODEL],
    ["shell", VLLM, 'exec = ["bash", "-c", "vllm serve a/b --port 8780"]', NO_MODEL],
    [
      "TabbyAPI",
      "ghcr.io/theroyallab/tabbyapi:latest",
      'model = "b"',
      "TabbyAPI loads models from a folder",
    ],
    [
      "Ollama",
      "docker.io/ollama/ollama:latest",
      'model = "qwen3:8b"',
      "Ollama downloads models while it runs: `ollama pull` in its container",
    ],
    [
      "generic",
      "localhost/engine:1",
      'env = { PORT = "8780" }',
      "lychd does not know how its engine downloads models",
    ],
  ];

for (const [name, image, fields, why] of NOT_AHEAD) {
  Deno.test(`a model that cannot be downloaded ahead is left out with the reason: ${name}`, async () => {
    const { models, leftOut } = await downloadsOf(image, fields);
    deepStrictEqual([models, leftOut], [[], [{ name: "eye", why }]]);
  });
}

Deno.test("a model is left out if a value of its unit is unknown", async () => {
  const files = await unitsOf(
    `[eye]\nimage = "${VLLM}"\nport = 8780\ndevices = []\nmodel = "a/b"\nvolumes = ["~/m:/m"]\n`,
  );
  deepStrictEqual(readDownloads(files, { specifiers: {} }, ["eye"]).leftOut, [
    { name: "eye", why: "its unit contains %h, which only systemd replaces" },
  ]);
});

Deno.test("a download has the mounts, variables, secrets and user of the engine", async () => {
  const { models } = await downloadsOf(
    VLLM,
    `model = "a/b"
env = { A = "x y", B = "50% of $HOME", HF_HUB_OFFLINE = "1" }
secrets = ["token,type=env,target=HF_TOKEN"]
volumes = ["~/models:/models:ro,Z", "data:/data"]
[eye.quadlet.Container]
User = "2000"
Group = "0"
Mount = "type=bind,source=/srv,target=/srv"
SecurityLabelDisable = true`,
  );
  deepStrictEqual(models[0]?.options, [
    "--env=A=x y",
    "--env=B=50% of $HOME",
    "--env=HF_HUB_OFFLINE=1",
    "--mount=type=bind,source=/srv,target=/srv",
    "--secret=token,type=env,target=HF_TOKEN",
    "--volume=/home/lich/models:/models:ro,z",
    "--volume=data:/data",
    HF_CACHE,
    "--volume=lychd-vllm:/root/.cache/vllm",
    "--security-opt=label=disable",
    "--user=2000:0",
    // The last one wins.
    "--env=HF_HUB_OFFLINE=0",
  ]);
});

Deno.test("images and models of several containers are downloaded once; a wish selects Soulstones", async () => {
  const soulstone = (name: string, port: number, model: string) =>
    `[${name}]\nimage = "${VLLM}"\nport = ${port}\ndevices = []\nmodel = "${model}"\n`;
  const files = await unitsOf(
    soulstone("eye", 8780, "a/b") + soulstone("owl", 8781, "a/b") + soulstone("sage", 8782, "c/d"),
  );
  const summary = (wanted?: readonly string[]) => {
    const { images, models } = readDownloads(files, KNOWN, wanted);
    return [
      ...images.map(({ image, usedBy }) => `${image}: ${usedBy}`),
      ...models.map(({ model, usedBy }) => `${model}: ${usedBy}`),
    ];
  };
  deepStrictEqual(summary(), [
    "docker.io/prom/prometheus:v3.13.2: harvester",
    "docker.io/grafana/grafana:13.2.3: scribe",
    `${VLLM}: eye,owl,sage`,
    "a/b: eye,owl",
    "c/d: sage",
  ]);
  deepStrictEqual(summary(["owl"]), [`${VLLM}: owl`, "a/b: owl"]);
});
