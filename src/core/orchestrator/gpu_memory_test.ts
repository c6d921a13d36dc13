import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { covenViews, slotViews, warningsOf } from "./covens.ts";
import { type Gpu, parseNvidiaSmi } from "../gpus.ts";
import { hopelessNeeds, memoryNeeds, shortNeeds } from "./gpu_memory.ts";

const TWO_GPUS = parseNvidiaSmi(
  "0, GPU-5ebe9f43-0000, 24576, 20000\n1, GPU-8f2e0011-0000, 24576, 24000\n",
);

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
  /** In their order. */
  readonly needs: readonly (readonly [gpus: string, needed: number, free: number])[];
}

const NEEDS: readonly NeedCase[] = [
  {
    claim: "all GPUs together",
    engines: [['["nvidia.com/gpu=all"]', 30000]],
    needs: [["nvidia 0, nvidia 1", 30000, 44000]],
  },
  {
    claim: "two engines on one GPU",
    engines: [['["nvidia.com/gpu=0"]', 8000], ['["nvidia.com/gpu=0"]', 9000]],
    needs: [["nvidia 0", 17000, 20000]],
  },
  {
    claim: "each GPU by itself, the tightest first",
    engines: [['["nvidia.com/gpu=1"]', 9000], ['["nvidia.com/gpu=0"]', 19000]],
    needs: [["nvidia 0", 19000, 20000], ["nvidia 1", 9000, 24000]],
  },
  {
    claim: "an engine on one GPU also takes memory of all GPUs",
    engines: [['["nvidia.com/gpu=all"]', 30000], ['["nvidia.com/gpu=1"]', 13500]],
    needs: [["nvidia 0, nvidia 1", 43500, 44000], ["nvidia 1", 13500, 24000]],
  },
  {
    claim: "undeclared memory is ignored",
    engines: [['["nvidia.com/gpu=all"]']],
    needs: [],
  },
  { claim: "an engine without a device needs none", engines: [["[]", 5000]], needs: [] },
  {
    claim: "a missing GPU is ignored",
    engines: [['["nvidia.com/gpu=7"]', 5000]],
    needs: [],
  },
  {
    claim: "a GPU of another vendor is ignored",
    engines: [['["/dev/kfd", "/dev/dri"]', 5000]],
    needs: [],
  },
];

for (const { claim, engines, needs } of NEEDS) {
  Deno.test(`GPU memory: ${claim}`, async () => {
    const text = engines.map(([devices, vram], i) => engine(`e${i}`, 9000 + i, devices, vram));
    const found = memoryNeeds((await inventoryOf(text.join(""))).engines, TWO_GPUS);
    deepStrictEqual(found.map((n) => [n.gpus.join(", "), n.neededMib, n.freeMib]), needs);
  });
}

Deno.test("GPU memory: engines with overlapping GPUs share all of them", () => {
  const gpus = parseNvidiaSmi("0, A, 8000, 8000\n1, B, 24000, 24000\n2, C, 8000, 8000\n");
  const on = (vramMib: number, ...names: string[]) => ({
    devices: names.map((name) => `nvidia.com/gpu=${name}`),
    vramMib,
  });
  const totals = (...users: { devices: string[]; vramMib: number }[]) =>
    hopelessNeeds(memoryNeeds(users, gpus)).map((n) => `${n.gpus.length}: ${n.neededMib}`);
  // Each fits into its own 32000, but both together have only 40000.
  deepStrictEqual(totals(on(30000, "0", "1"), on(30000, "1", "2")), ["3: 60000"]);
  deepStrictEqual(totals(on(20000, "0", "1"), on(20000, "1", "2")), []);
  // The second overlaps with the first and the third.
  deepStrictEqual(totals(on(7000, "0"), on(7000, "2"), on(32000, "0", "1", "2")), ["3: 46000"]);
  deepStrictEqual(totals(on(7000, "0"), on(7000, "2"), on(20000, "0", "1"), on(20000, "1", "2")), [
    "3: 54000",
  ]);
});

Deno.test("GPU memory: a need that never fits is not hidden by a tighter one", () => {
  const gpus = parseNvidiaSmi("0, GPU-a, 24576, 500\n1, GPU-b, 8192, 8000\n");
  const users = [
    { devices: ["nvidia.com/gpu=0"], vramMib: 20000 },
    { devices: ["nvidia.com/gpu=1"], vramMib: 9000 },
  ];
  const needs = memoryNeeds(users, gpus);
  deepStrictEqual(shortNeeds(needs).map((need) => need.gpus), [["nvidia 0"]]);
  deepStrictEqual(hopelessNeeds(needs).map((need) => need.gpus), [["nvidia 1"]]);
  const whole = memoryNeeds([{ devices: ["nvidia.com/gpu=1"], vramMib: 8192 }], gpus);
  deepStrictEqual([shortNeeds(whole).length, hopelessNeeds(whole).length], [1, 0]);
  const free = memoryNeeds([{ devices: ["nvidia.com/gpu=1"], vramMib: 8000 }], gpus);
  deepStrictEqual([shortNeeds(free).length, hopelessNeeds(free).length], [0, 0]);
});

const CARDS: readonly Gpu[] = ["0", "1"].map((number, i) => ({
  vendor: "amd",
  names: [number, `card${i + 1}`, `renderD${128 + i}`],
  totalMib: 100,
  freeMib: 90,
}));

/** Devices, and the numbers of their GPUs. */
const DEVICES: readonly (readonly [devices: string, vendor: Gpu["vendor"], numbers: string])[] = [
  ["nvidia.com/gpu=all", "nvidia", "0 1"],
  ["nvidia.com/gpu=0", "nvidia", "0"],
  ["nvidia.com/gpu=1", "nvidia", "1"],
  ["nvidia.com/gpu=gpu1", "nvidia", "1"],
  ["nvidia.com/gpu=GPU-8f2e0011-0000", "nvidia", "1"],
  ["nvidia.com/gpu=1:0", "nvidia", "1"],
  ["nvidia.com/gpu=0:1", "nvidia", "0"],
  ["nvidia.com/gpu=mig1:0", "nvidia", "1"],
  ["nvidia.com/gpu=10", "nvidia", ""],
  ["nvidia.com/gpu=none", "nvidia", ""],
  ["amd.com/gpu=0", "nvidia", ""],
  ["/dev/nvidia0", "nvidia", "0"],
  ["/dev/nvidia1:/dev/nvidia0:rw", "nvidia", "1"],
  ["/dev/nvidiactl /dev/nvidia-uvm /dev/nvidia1", "nvidia", "1"],
  ["/dev/nvidiactl /dev/nvidia-uvm", "nvidia", ""],
  ["/dev/dri/card1", "nvidia", ""],
  ["/dev/kfd /dev/dri", "amd", "0 1"],
  ["/dev/dri", "amd", "0 1"],
  ["/dev/kfd /dev/dri/renderD129", "amd", "1"],
  ["/dev/kfd /dev/dri/card1 /dev/dri/renderD128", "amd", "0"],
  ["/dev/dri/renderD130", "amd", ""],
  ["/dev/dri/by-path/pci-0000:03:00.0-render", "amd", "0 1"],
  ["/dev/driver", "amd", ""],
  ["/dev/kfd", "amd", ""],
  ["amd.com/gpu=all", "amd", "0 1"],
  ["amd.com/gpu=1", "amd", "1"],
  ["/dev/nvidia0", "amd", ""],
];

for (const [devices, vendor, numbers] of DEVICES) {
  Deno.test(`${devices} is ${vendor} ${numbers || "of no number"}`, () => {
    const user = { devices: devices.split(" "), vramMib: 80 };
    const [need] = memoryNeeds([user], vendor === "amd" ? CARDS : TWO_GPUS);
    strictEqual((need?.gpus ?? []).join(" ").replaceAll(`${vendor} `, ""), numbers);
  });
}

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
devices = ["nvidia.com/gpu=1"]
vram_mib = 30000
`;

Deno.test("a Coven shares members with some Covens and only residents with others", async () => {
  deepStrictEqual(covenViews(await inventoryOf(HOUSE)), [
    {
      name: "chat",
      members: ["ears", "memory", "talker"],
      vramMib: 25500,
      undeclared: [],
      shares: [{ coven: "write", members: ["talker"] }],
      rivals: ["watch"],
      beside: [],
      otherSlots: [],
    },
    {
      name: "watch",
      members: ["eye", "memory"],
      vramMib: 0,
      undeclared: [],
      shares: [],
      rivals: ["chat", "write"],
      beside: [],
      otherSlots: [],
    },
    {
      name: "write",
      members: ["coder", "memory", "talker"],
      vramMib: 20500,
      undeclared: ["coder"],
      shares: [{ coven: "chat", members: ["talker"] }],
      rivals: ["watch"],
      beside: [],
      otherSlots: [],
    },
  ]);
});

const SLOTS = [
  ["talker", "chat", '"code"', 12000],
  ["thinker", "chat", "", 15000],
  ["filler", "complete", '"code"', 5000],
  ["notes", "embed", '"read"', 1000],
  ["papers", "embed", "", 10000],
].map(([name, slot, group, vramMib], i) => `
[${name}]
image = "localhost/x"
port = ${8700 + i}
slot = "${slot}"
groups = [${group}]
capabilities = ["text"]
devices = ["nvidia.com/gpu=0"]
vram_mib = ${vramMib}
`).join("");

Deno.test("Covens in other slots may run together, and need not stop engines in other slots", async () => {
  const inventory = await inventoryOf(SLOTS);
  deepStrictEqual(slotViews(inventory), [
    { slot: "chat", members: ["talker", "thinker"] },
    { slot: "complete", members: ["filler"] },
    { slot: "embed", members: ["notes", "papers"] },
  ]);
  deepStrictEqual(
    covenViews(inventory).map((v) => [v.name, v.rivals, v.beside, v.otherSlots]),
    [["code", [], ["read"], ["embed"]], ["read", [], ["code"], ["chat", "complete"]]],
  );
});

Deno.test("an engine in a slot is in no Coven on purpose, and the largest of all slots must fit", async () => {
  deepStrictEqual(warningsOf(await inventoryOf(SLOTS), { gpus: TWO_GPUS }), [{
    code: "vram-too-large",
    message:
      "the largest of each slot (filler, papers, thinker) declares 30000 MiB of GPU memory, " +
      "more than the 24576 MiB of nvidia 0",
  }]);
});

Deno.test("likely mistakes are reported", async () => {
  const inventory = await inventoryOf(HOUSE);
  const rendered = {
    ...inventory,
    engines: inventory.engines.filter((e) => e.name !== "eye"),
  };
  deepStrictEqual(warningsOf(inventory, { gpus: TWO_GPUS, rendered }), [
    {
      code: "no-coven",
      message: "lone is in no Coven: it runs only with memory",
    },
    {
      code: "no-capability",
      message: "coder offers no capability: it can be summoned only by name",
    },
    {
      code: "not-rendered",
      message: "no rendered Soulstone offers vision: only the Codex has it",
    },
    {
      code: "vram-too-large",
      message: "lone declares 30000 MiB of GPU memory, more than the 24576 MiB of nvidia 1",
    },
    {
      code: "vram-too-large",
      message: "chat declares 25500 MiB of GPU memory, more than the 24576 MiB of nvidia 0",
    },
  ]);
  deepStrictEqual(
    warningsOf(inventory, { gpus: [] }).map((w) => w.code),
    ["no-coven", "no-capability"],
  );
});

Deno.test("an engine in no Coven counts together with the residents", async () => {
  const inventory = await inventoryOf(`
[memory]
image = "localhost/x"
port = 8700
resident = true
capabilities = ["embedding"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 10000
[lone]
image = "localhost/x"
port = 8705
capabilities = ["judge"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 20000
`);
  deepStrictEqual(warningsOf(inventory, { gpus: TWO_GPUS }).slice(1), [{
    code: "vram-too-large",
    message:
      "lone with all residents declares 30000 MiB of GPU memory, more than the 24576 MiB of nvidia 0",
  }]);
});
