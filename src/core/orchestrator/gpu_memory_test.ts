import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { covenViews, warningsOf } from "./covens.ts";
import { AMD_COUNTERS, memoryNeed, parseAmdCounters, parseNvidiaSmi } from "./gpu_memory.ts";

const TWO_GPUS = parseNvidiaSmi(
  "0, GPU-5ebe9f43-0000, 24576, 20000\n1, GPU-8f2e0011-0000, 24576, 24000\n",
);

Deno.test("nvidia-smi's lines become GPUs; those without figures are passed over", () => {
  deepStrictEqual(
    parseNvidiaSmi("0, GPU-5ebe, 24576, 23028\n1, GPU-8f2e, [N/A], [N/A]\nNo devices were found\n"),
    [{ vendor: "nvidia", names: ["0", "GPU-5ebe"], totalMib: 24576, freeMib: 23028 }],
  );
  deepStrictEqual(parseNvidiaSmi(""), []);
});

Deno.test("amdgpu's counters become GPUs; a card with one of two is passed over", () => {
  const at = (i: number) => AMD_COUNTERS[i] ?? "";
  const lines = [`${at(2)}:${16 * 2 ** 30}`, `${at(3)}:${2 ** 30}`, `${at(4)}:5`];
  deepStrictEqual(parseAmdCounters(`${lines.join("\n")}\n`), [
    { vendor: "amd", names: ["0"], totalMib: 16384, freeMib: 15360 },
  ]);
  deepStrictEqual(parseAmdCounters(""), []);
});

const engine = (name: string, port: number, devices: string, vramMib: number | undefined) => `
[${name}]
image = "localhost/x"
port = ${port}
groups = ["one"]
devices = ${devices}
${vramMib === undefined ? "" : `vram_mib = ${vramMib}`}
`;

interface NeedCase {
  readonly claim: string;
  readonly engines: readonly (readonly [devices: string, vramMib?: number])[];
  readonly needs: readonly [needed: number, free: number] | undefined;
}

const NEEDS: readonly NeedCase[] = [
  {
    claim: "all GPUs together",
    engines: [['["nvidia.com/gpu=all"]', 30000]],
    needs: [30000, 44000],
  },
  {
    claim: "one GPU by its number",
    engines: [['["nvidia.com/gpu=0"]', 8000]],
    needs: [8000, 20000],
  },
  {
    claim: "one GPU by its UUID",
    engines: [['["nvidia.com/gpu=GPU-8f2e0011-0000"]', 8000]],
    needs: [8000, 24000],
  },
  {
    claim: "two engines on one GPU",
    engines: [['["nvidia.com/gpu=0"]', 8000], ['["nvidia.com/gpu=0"]', 9000]],
    needs: [17000, 20000],
  },
  {
    claim: "the GPU with the least left over counts",
    engines: [['["nvidia.com/gpu=0"]', 19000], ['["nvidia.com/gpu=1"]', 9000]],
    needs: [19000, 20000],
  },
  {
    claim: "who is confined to one GPU takes from all of them",
    engines: [['["nvidia.com/gpu=all"]', 30000], ['["nvidia.com/gpu=1"]', 13500]],
    needs: [43500, 44000],
  },
  {
    claim: "undeclared memory is not waited for",
    engines: [['["nvidia.com/gpu=all"]']],
    needs: undefined,
  },
  { claim: "an engine without a device needs none", engines: [["[]", 5000]], needs: undefined },
  {
    claim: "a GPU that is not there is not judged",
    engines: [['["nvidia.com/gpu=7"]', 5000]],
    needs: undefined,
  },
  {
    claim: "nor one of another vendor",
    engines: [['["/dev/kfd", "/dev/dri"]', 5000]],
    needs: undefined,
  },
];

for (const { claim, engines, needs } of NEEDS) {
  Deno.test(`GPU memory: ${claim}`, async () => {
    const text = engines.map(([devices, vram], i) => engine(`e${i}`, 9000 + i, devices, vram));
    const need = memoryNeed((await inventoryOf(text.join(""))).engines, TWO_GPUS);
    deepStrictEqual(need && [need.neededMib, need.freeMib], needs);
  });
}

Deno.test("an AMD GPU is given by its device nodes or by CDI", async () => {
  const gpus = [{ vendor: "amd" as const, names: ["0"], totalMib: 100, freeMib: 90 }];
  for (const devices of ['["/dev/kfd", "/dev/dri"]', '["amd.com/gpu=all"]', '["amd.com/gpu=0"]']) {
    const { engines } = await inventoryOf(engine("e", 9000, devices, 80));
    strictEqual(memoryNeed(engines, gpus)?.freeMib, 90, devices);
  }
});

const HOUSE = `
[talker]
image = "localhost/x"
port = 8701
groups = ["chat", "write"]
capabilities = ["text"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 20500
[ears]
image = "localhost/x"
port = 8702
groups = ["chat"]
capabilities = ["speech"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 5000
[coder]
image = "localhost/x"
port = 8703
groups = ["write"]
devices = ["nvidia.com/gpu=0"]
[eye]
image = "localhost/x"
port = 8704
groups = ["watch"]
capabilities = ["vision"]
[memory]
image = "localhost/x"
port = 8700
resident = true
capabilities = ["embedding"]
[lone]
image = "localhost/x"
port = 8705
capabilities = ["judge"]
`;

Deno.test("a Coven shares with some, and excludes others but for residents", async () => {
  deepStrictEqual(covenViews(await inventoryOf(HOUSE)), [
    {
      name: "chat",
      members: ["ears", "memory", "talker"],
      vramMib: 25500,
      undeclared: [],
      shares: [{ coven: "write", members: ["talker"] }],
      rivals: ["watch"],
    },
    {
      name: "watch",
      members: ["eye", "memory"],
      vramMib: 0,
      undeclared: [],
      shares: [],
      rivals: ["chat", "write"],
    },
    {
      name: "write",
      members: ["coder", "memory", "talker"],
      vramMib: 20500,
      undeclared: ["coder"],
      shares: [{ coven: "chat", members: ["talker"] }],
      rivals: ["watch"],
    },
  ]);
});

Deno.test("what may not be meant is told", async () => {
  const inventory = await inventoryOf(HOUSE);
  const rendered = {
    ...inventory,
    engines: inventory.engines.filter((e) => e.name !== "eye"),
  };
  deepStrictEqual(warningsOf(inventory, { gpus: TWO_GPUS, rendered }), [
    {
      code: "no-coven",
      message: "lone is in no Coven: it runs beside memory and nothing else",
    },
    {
      code: "no-capability",
      message: "coder offers no capability: it is found by its name alone",
    },
    {
      code: "not-rendered",
      message: "nobody offers vision yet: the Codex has it, what was rendered has not",
    },
    {
      code: "vram-too-large",
      message: "chat declares 25500 MiB of GPU memory, more than the 24576 MiB that there are",
    },
  ]);
  deepStrictEqual(
    warningsOf(inventory, { gpus: [] }).map((w) => w.code),
    ["no-coven", "no-capability"],
  );
});
