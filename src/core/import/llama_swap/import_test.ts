import { EMPTY_HOST } from "../empty_host.ts";
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { Vendor } from "../../gpus.ts";
import { PLAIN } from "../../report/mod.ts";
import type { ImportContext } from "../imported.ts";
import { entryLine, reportText } from "../report.ts";
import { importLlamaSwap } from "./import.ts";

/** Returns the TOML, the report and the errors of an import. */
async function imported(
  yaml: string,
  images: Readonly<Record<string, string>> = {},
  context: Partial<ImportContext> = {},
) {
  const file = { path: "config.yaml", bytes: new TextEncoder().encode(yaml) };
  const result = await importLlamaSwap([file], new Map(Object.entries(images)), {
    ...EMPTY_HOST,
    ...context,
  });
  return {
    toml: result.imported?.soulstones.map(({ text }) => text).join("\n") ?? "",
    reported: result.imported?.report.filter(({ outcome }) => outcome !== "carried")
      .map((entry) => `${entry.outcome} ${entryLine(entry)}`) ?? [],
    settings: result.imported?.settings ?? "",
    text: result.imported && reportText(result.imported, { all: false, palette: PLAIN }),
    errors: result.findings.map(({ message, hint }) => `${message}; ${hint}`),
  };
}

Deno.test("the report counts models, groups their settings, and has one line for a lost model", async () => {
  const model = (name: string) => `  ${name}: {cmd: llama-server -hf a/${name}, unlisted: true}\n`;
  const { text } = await imported(
    `models:\n${["a", "b", "c"].map(model).join("")}  d: {cmd: ./start.sh, ttl: 5, name: D}\n`,
  );
  const lines = text?.split("\n").map((line) => line.replace(/^ .*?(?=`)|:(?: .*)?$/g, "")) ?? [];
  deepStrictEqual(lines.slice(0, 4), [
    "3 of 4 models became Soulstones",
    "not carried over (4)",
    "`unlisted` of 3 models",
    "`d`",
  ]);
});

Deno.test("a macro that is not a scalar is lost, and its use is an error", async () => {
  const macros = "macros: {mapm: {a: 1}, listm: [1], m: -c 8}\n";
  const unused = await imported(`${macros}models: {a: {cmd: "llama-server -hf a/b \${m}"}}`);
  const lost = unused.reported.filter((line) => line.includes("macros."));
  deepStrictEqual(lost.map((line) => line.replace(/:.*?`/, ": `").replace(/`:.*/, "`")), [
    "lost config.yaml: `macros.mapm (1 value)`",
    "lost config.yaml: `macros.listm (1 value)`",
  ]);
  match(unused.toml, /"-c", "8"/);

  const used = await imported(`${macros}models: {a: {cmd: "llama-server -hf a/b \${mapm}"}}`);
  match(used.errors.join("\n"), /model `a` uses the unknown macro `mapm`/);

  // A model's own macro hides the global one, even if it is not a scalar.
  const own = await imported(
    `${macros}models: {a: {macros: {m: {b: 1}}, cmd: "llama-server -hf a/b \${m}"}}`,
  );
  match(own.errors.join("\n"), /model `a` uses the unknown macro `m`/);
});

Deno.test("variables of env are carried, and other wrappers are lost", async () => {
  const { toml, reported } = await imported(
    `models:\n  a:\n    cmd: sudo env CUDA_VISIBLE_DEVICES=1 T=\${env.T} nice -n 5 llama-server -hf a/b\n` +
      `    env: [CUDA_VISIBLE_DEVICES=0, B=2]\n`,
  );
  match(toml, /model = "a\/b"/);
  match(toml, /CUDA_VISIBLE_DEVICES = "1"/);
  match(toml, /B = "2"/);
  ok(!/\bT = /.test(toml));
  for (
    const expected of [/^lost .*`sudo`: /, /^lost .*`nice -n 5`: /, /^lost .*`T=\$\{env.T\}`: /]
  ) {
    ok(reported.some((line) => expected.test(line)), `${expected} of ${reported.join("\n")}`);
  }
});

Deno.test("variables before docker run are not those of the container", async () => {
  const { toml, reported } = await imported(
    `models: {a: {cmd: "env A=1 docker run ghcr.io/ggml-org/llama.cpp:server -hf a/b"}}`,
  );
  ok(!/\bA = /.test(toml));
  ok(reported.some((line) => /^lost .*`A=1`: /.test(line)), reported.join("\n"));
});

Deno.test("an image for an unused program is reported, with a suggestion", async () => {
  const images = { "wisper-server": "localhost/whisper", vlm: "x" };
  const models = `models:\n  a: {cmd: whisper-server}\n  b: {cmd: vllm serve m}\n`;
  const { reported } = await imported(models, images);
  const own = reported.filter((line) =>
    line.includes("--image wisper") || line.includes("--image vlm")
  );
  deepStrictEqual(own, [
    "lost config.yaml:1:1 `--image wisper-server=localhost/whisper`: no model runs `wisper-server`: " +
    "did you mean `whisper-server`?",
    "lost config.yaml:1:1 `--image vlm=x`: no model runs `vlm`: did you mean `vllm`?",
  ]);
  const { errors } = await imported(`models: {a: {cmd: whisper-server}}`, images);
  match(errors.join("\n"), /did you mean `whisper-server`\?/);

  // Both the name in the file and the known name are accepted.
  const used = { "llama-server-b1": "localhost/a", vllm: "localhost/b" };
  const fine = await imported(
    `models:\n  a: {cmd: sudo llama-server-b1 -hf a/b}\n  b: {cmd: vllm serve m}\n`,
    used,
  );
  ok(!fine.reported.some((line) => line.includes("--image llama") && line.startsWith("lost")));
  ok(!fine.reported.some((line) => line.startsWith("lost") && line.includes("localhost/b")));
});

Deno.test("a shortened time names its limit", async () => {
  const { toml, reported } = await imported(
    "unloadTimeout: 7200\nhealthCheckTimeout: 100000\nmodels:\n" +
      "  a: {cmd: vllm serve m}\n" +
      "  b: {cmd: docker run --stop-timeout 100000 ghcr.io/ggml-org/llama.cpp:server}\n",
  );
  match(toml, /stop_timeout_seconds = 3600/);
  ok(!toml.includes("StopTimeout"), toml);
  for (
    const expected of [
      /^changed .*`unloadTimeout: 7200` -> stop_timeout_seconds: .*3600/,
      /^changed .*`healthCheckTimeout: 100000` -> start_timeout_seconds: .*86400/,
      /^changed .*`--stop-timeout 100000` -> b.stop_timeout_seconds: .*3600/,
    ]
  ) ok(reported.some((line) => expected.test(line)), `${expected} of ${reported.join("\n")}`);
});

Deno.test("one chat and one embedding model at a time need two slots, not a group for each pair", async () => {
  const names = (kind: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${kind}${i}`);
  const [chat, embed] = [names("c", 12), names("e", 11)];
  const models = [...chat, ...embed].map((name) =>
    `  ${name}: {cmd: "llama-server -hf a/${name}"}`
  );
  const { toml, errors } = await imported([
    "models:",
    ...models,
    `matrix: {sets: {chat: ${chat.join(" | ")}, any: "+chat & (${embed.join(" | ")})"}}`,
  ].join("\n"));
  deepStrictEqual(errors, []);
  const slots = toml.match(/^slot = .*$/gm) ?? [];
  deepStrictEqual(slots, [...chat.map(() => 'slot = "chat"'), ...embed.map(() => 'slot = "e0"')]);
  ok(!/^groups/m.test(toml));
});

const GPUS: readonly (readonly [
  vendor: Vendor | undefined,
  cmd: string,
  devices: string | undefined,
  isDefault: boolean,
])[] = [
  ["NVIDIA", "llama-server -hf a/b", undefined, true],
  [undefined, "vllm serve a/b", undefined, false],
  [undefined, "vllm serve a/b -tp 2", 'devices = ["nvidia.com/gpu=all"]', false],
  [undefined, "llama-server -hf a/b -ngl 99", undefined, false],
  [
    undefined,
    "docker run --gpus 2 x/y/z",
    'devices = ["nvidia.com/gpu=0", "nvidia.com/gpu=1"]',
    false,
  ],
];

for (const [vendor, cmd, devices, isDefault] of GPUS) {
  Deno.test(`the GPUs of ${cmd} on a host of ${vendor ?? "no maker"} are reported`, async () => {
    const { toml, settings, reported } = await imported(`models: {a: {cmd: ${cmd}}}`, {}, {
      vendor,
    });
    strictEqual(toml.split("\n").find((line) => line.startsWith("devices =")), devices);
    strictEqual(settings.includes("default_devices"), isDefault);
    strictEqual(reported.some((line) => line.includes("default_devices = [")), isDefault);
  });
}

Deno.test("a user namespace that is kept makes the container run as root of the pod", async () => {
  const { toml, reported } = await imported(
    "models: {a: {cmd: podman run --userns=keep-id -u 1000:1000 -v /x:/home/app/.cache -p 1:1 a/b}}",
    {},
    { user: 1000 },
  );
  match(toml, /^User = "0"$/m);
  match(toml, /^HOME = "\/home\/app"$/m);
  ok(!/^Group/m.test(toml), toml);
  ok(reported.some((line) => line.includes("`--userns=keep-id` -> ")), reported.join("\n"));
});

Deno.test("a value that is read several times is one error", async () => {
  const { errors } = await imported(
    `models: {a: {cmd: llama-server -hf a/b, env: x}, b: {cmd: llama-server -hf a/b, env: x}}`,
  );
  deepStrictEqual(
    errors.map((line) => line.replace(/;.*/, "")),
    Array(2).fill("`env` must be a list"),
  );
});

/** Paths of `proxy`, endpoints, and the fields of `health` that they become. */
const HEALTH_PATHS: readonly (readonly [proxy: string, endpoint: string, field: string])[] = [
  ["/api/", "", "/api/health"],
  ["/api", "checkEndpoint: /ready", "/api/ready"],
  ["/api", "checkEndpoint: ready", "/api/ready"],
  ["/api", "checkEndpoint: /api/ready", "/api/ready"],
  ["", "checkEndpoint: ready", "/ready"],
  ["", "", ""],
  ["", "checkEndpoint: /health", ""],
];

for (const [proxy, endpoint, path] of HEALTH_PATHS) {
  Deno.test(`the health path of a proxy with \`${proxy}\` and \`${endpoint}\` is \`${path}\``, async () => {
    const { toml } = await imported(
      `models: {a: {cmd: "llama-server --port \${PORT} -hf a/b", ` +
        `proxy: "http://127.0.0.1:\${PORT}${proxy}"${endpoint && `, ${endpoint}`}}}`,
    );
    strictEqual(/^path = "(.*)"$/m.exec(toml)?.[1] ?? "", path, toml);
  });
}
