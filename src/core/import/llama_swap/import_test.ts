import { EMPTY_HOST } from "../empty_host.ts";
import { deepStrictEqual, match, ok } from "node:assert/strict";
import { noteLine } from "../ledger.ts";
import { importLlamaSwap } from "./import.ts";

/** What was written, what became of it, and why nothing was. */
async function imported(yaml: string, images: Readonly<Record<string, string>> = {}) {
  const file = { path: "config.yaml", bytes: new TextEncoder().encode(yaml) };
  const result = await importLlamaSwap(file, new Map(Object.entries(images)), EMPTY_HOST);
  return {
    toml: result.imported?.soulstones.map(({ text }) => text).join("\n") ?? "",
    told: result.imported?.notes.filter(({ outcome }) => outcome !== "carried")
      .map((note) => `${note.outcome} ${noteLine(note)}`) ?? [],
    faults: result.findings.map(({ message, hint }) => `${message}; ${hint}`),
  };
}

Deno.test("a macro that is no text is told as lost, and its use is a fault", async () => {
  const macros = "macros: {mapm: {a: 1}, listm: [1], m: -c 8}\n";
  const unused = await imported(`${macros}models: {a: {cmd: "llama-server -hf a/b \${m}"}}`);
  const lost = unused.told.filter((line) => line.includes("macros."));
  deepStrictEqual(lost.map((line) => line.replace(/:.*?`/, ": `").replace(/`:.*/, "`")), [
    "lost config.yaml: `macros.mapm (1 value)`",
    "lost config.yaml: `macros.listm (1 value)`",
  ]);
  match(unused.toml, /"-c", "8"/);

  const used = await imported(`${macros}models: {a: {cmd: "llama-server -hf a/b \${mapm}"}}`);
  match(used.faults.join("\n"), /model `a` uses a macro `mapm` that is not there/);

  // A model's own stands in front of the global one, whatever it is.
  const own = await imported(
    `${macros}models: {a: {macros: {m: {b: 1}}, cmd: "llama-server -hf a/b \${m}"}}`,
  );
  match(own.faults.join("\n"), /model `a` uses a macro `m` that is not there/);
});

Deno.test("variables of env are carried, and what else starts a program is told as lost", async () => {
  const { toml, told } = await imported(
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
    ok(told.some((line) => expected.test(line)), `${expected} of ${told.join("\n")}`);
  }
});

Deno.test("variables before docker run are not the container's", async () => {
  const { toml, told } = await imported(
    `models: {a: {cmd: "env A=1 docker run ghcr.io/ggml-org/llama.cpp:server -hf a/b"}}`,
  );
  ok(!/\bA = /.test(toml));
  ok(told.some((line) => /^lost .*`A=1`: /.test(line)), told.join("\n"));
});

Deno.test("an image for a program that no model runs is told, with the nearest", async () => {
  const images = { "wisper-server": "localhost/whisper", vlm: "x" };
  const models = `models:\n  a: {cmd: whisper-server}\n  b: {cmd: vllm serve m}\n`;
  const { told } = await imported(models, images);
  const own = told.filter((line) =>
    line.includes("--image wisper") || line.includes("--image vlm")
  );
  deepStrictEqual(own, [
    "lost config.yaml:1:1 `--image wisper-server=localhost/whisper`: no model runs `wisper-server`: " +
    "did you mean `whisper-server`?",
    "lost config.yaml:1:1 `--image vlm=x`: no model runs `vlm`: did you mean `vllm`?",
  ]);
  const { faults } = await imported(`models: {a: {cmd: whisper-server}}`, images);
  match(faults.join("\n"), /did you mean `whisper-server`\?/);

  // By the name of the program, as it is written, or as it is known.
  const used = { "llama-server-b1": "localhost/a", vllm: "localhost/b" };
  const fine = await imported(
    `models:\n  a: {cmd: sudo llama-server-b1 -hf a/b}\n  b: {cmd: vllm serve m}\n`,
    used,
  );
  ok(!fine.told.some((line) => line.includes("--image llama") && line.startsWith("lost")));
  ok(!fine.told.some((line) => line.startsWith("lost") && line.includes("localhost/b")));
});

Deno.test("a time that is cut names its limit, wherever it stands", async () => {
  const { toml, told } = await imported(
    "unloadTimeout: 7200\nhealthCheckTimeout: 100000\nmodels:\n" +
      "  a: {cmd: vllm serve m}\n" +
      "  b: {cmd: docker run --stop-timeout 100000 ghcr.io/ggml-org/llama.cpp:server}\n",
  );
  match(toml, /stop_timeout_seconds = 3600/);
  ok(!toml.includes("StopTimeout"), toml);
  for (
    const expected of [
      /^changed .*`unloadTimeout: 7200` → stop_timeout_seconds: .*3600/,
      /^changed .*`healthCheckTimeout: 100000` → start_timeout_seconds: .*86400/,
      /^changed .*`--stop-timeout 100000` → b.stop_timeout_seconds: .*3600/,
    ]
  ) ok(told.some((line) => expected.test(line)), `${expected} of ${told.join("\n")}`);
});
