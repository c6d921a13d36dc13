import assert from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { examine, needsOf } from "../../src/core/doctor/mod.ts";
import type { Facts } from "../../src/core/facts.ts";

const RAM_MIB = 24_105;
const VLLM = 'image = "docker.io/vllm/vllm-openai:v0.33.0"\nmodel = "a/b"';
const SGLANG = 'image = "docker.io/lmsysorg/sglang:v0.5.23"\nmodel = "a/b"';
const LLAMACPP = 'image = "ghcr.io/ggml-org/llama.cpp:server-cuda13"\nmodel = "a/b"';

/** Returns what the engines lack on a host with some memory and a GPU, as nvidia-smi prints it. */
function problemsOf(gpu: string, engines: readonly string[]): string[] {
  const text = engines.map((engine, i) => `[e${i}]\nport = ${8780 + i}\n${engine}\n`).join("");
  const settings =
    '[gpu]\ndefault_devices = ["nvidia.com/gpu=all"]\n[sepulcher]\nshm_size_mib = 65536';
  const files = Object.entries({ "lychd.toml": settings, "soulstones/a.toml": text })
    .map(([path, content]) => ({ path, bytes: new TextEncoder().encode(content) }));
  const { codex, findings } = readCodex({ folder: "codex", files });
  const outputs = {
    "podman-info": JSON.stringify({ host: { memTotal: RAM_MIB * 2 ** 20 } }),
    "nvidia-smi": gpu,
  };
  const facts: Facts = {
    format: 1,
    lychd: "0.1.0",
    environment: {},
    commands: Object.fromEntries(
      Object.entries(outputs).map(([id, stdout]) => [
        id,
        { command: id, exit: 0, stdout: [stdout], stderr: [] },
      ]),
    ),
  };
  const needs = needsOf(codex, "/home/lich");
  const subject = {
    facts,
    codex: { kind: "read", shown: "codex", codex, findings },
    needs,
  } as const;
  return examine(subject, { only: ["codex.vram"] }).filter(({ state }) => state === "error")
    .map(({ what }) => what);
}

const RTX = "0, GPU-1, NVIDIA GeForce RTX 4090, 24564, 580.105.08";
const ORIN = "0, GPU-1, Orin (nvgpu), [N/A], [N/A]";
const chat = (engine: string, settings: string) => `${engine}\ngroups = ["chat"]\n${settings}`;
const reserves = (title: string, mib: number) =>
  `${title} reserves ${mib} MiB of memory, but the host has ${RAM_MIB} MiB`;

Deno.test("the memory of the host must be enough for what a Coven reserves", () => {
  const offload = (gib: number) => `exec = ["--cpu-offload-gb", "${gib}"]`;
  const cases: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    // A limit of shared memory above the memory of the host is fine.
    [RTX, [chat(VLLM, "")], []],
    [RTX, [chat(VLLM, offload(20))], []],
    [RTX, [chat(VLLM, offload(24))], [reserves("Coven chat", 24 * 1024)]],
    [RTX, [chat(VLLM, offload(12)), chat(VLLM, offload(12))], [reserves("Coven chat", 24 * 1024)]],
    // Engines of different groups do not run together.
    [RTX, [chat(VLLM, offload(12)), `${VLLM}\ngroups = ["code"]\n${offload(12)}`], []],
    [
      RTX,
      [chat(VLLM, 'exec = ["--swap-space=6", "-tp", "4", "--kv-offloading-size", "2"]')],
      [reserves("Coven chat", 26 * 1024)],
    ],
    [
      RTX,
      [`${SGLANG}\nexec = ["--enable-hierarchical-cache", "--hicache-size", "40"]`],
      [reserves("e0", 38_146)],
    ],
    [RTX, [`${SGLANG}\nexec = ["--hicache-size", "40"]`], []],
    [RTX, [chat(LLAMACPP, offload(40))], []],
    // The memory of a GPU is that of the host.
    [ORIN, [chat(LLAMACPP, "vram_mib = 20000")], []],
    [
      ORIN,
      [chat(LLAMACPP, "vram_mib = 20000"), chat(VLLM, `vram_mib = 4000\n${offload(1)}`)],
      [reserves("Coven chat", 25_024)],
    ],
    [ORIN, [chat(LLAMACPP, "vram_mib = 30000\ndevices = []")], []],
    [RTX, [chat(LLAMACPP, "vram_mib = 24500"), chat(VLLM, offload(1))], []],
  ];
  for (const [gpu, engines, expected] of cases) {
    assert.deepEqual(problemsOf(gpu, engines), expected, engines.join("\n"));
  }
});
