import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { inventoryOf } from "./from_codex_test.ts";
import { capabilityIndex, readInventory } from "./inventory.ts";

const HOUSE = `
[talker]
image = "localhost/x"
port = 8701
groups = ["write", "chat"]
capabilities = ["text", "chat"]
devices = ["nvidia.com/gpu=0"]
vram_mib = 10500
health = { path = "/health" }

[coder]
image = "localhost/x"
port = 8702
groups = ["write"]
slot = "code"
devices = ["nvidia.com/gpu=0"]
health = { cmd = "true" }

[eye]
image = "localhost/x"
port = 8703
groups = ["watch"]
capabilities = ["text"]
port_expose = false
health = { path = "/health" }

[memory]
image = "localhost/x"
port = 8700
resident = true
health = { path = "/health" }
`;

Deno.test("units contain all facts of their Codex", async () => {
  const { engines, covens } = await inventoryOf(HOUSE);
  deepStrictEqual(covens, [
    {
      name: "chat",
      target: "lychd-coven-chat.target",
      members: ["memory", "talker"],
      conflicts: ["coder", "eye"],
    },
    {
      name: "watch",
      target: "lychd-coven-watch.target",
      members: ["eye", "memory"],
      conflicts: ["coder", "talker"],
    },
    {
      name: "write",
      target: "lychd-coven-write.target",
      members: ["coder", "memory", "talker"],
      conflicts: ["eye"],
    },
  ]);
  deepStrictEqual(engines.map((e) => [e.name, e.conflicts, e.covens, e.slot, e.resident]), [
    ["coder", ["eye"], ["write"], "code", false],
    ["eye", ["coder", "talker"], ["watch"], undefined, false],
    ["memory", [], ["chat", "watch", "write"], undefined, true],
    ["talker", ["eye"], ["chat", "write"], undefined, false],
  ]);
  deepStrictEqual(engines[3], {
    name: "talker",
    service: "soulstone-talker.service",
    profile: "generic",
    image: "localhost/x",
    covens: ["chat", "write"],
    slot: undefined,
    resident: false,
    stray: false,
    capabilities: ["chat", "text"],
    conflicts: ["eye"],
    port: 8701,
    uri: "http://localhost:8701/v1",
    isOnLoopback: true,
    healthPath: "/health",
    startCheck: { kind: "path", path: "/health", timeout: "900" },
    metricsPath: undefined,
    vramMib: 10500,
    devices: ["nvidia.com/gpu=0"],
    description: undefined,
  });
});

Deno.test("the description is that of the Codex, without the escapes of the unit", async () => {
  const codex = `
[eye]
image = "localhost/x"
port = 8780
description = '50% of a \\ $HOME'
[owl]
image = "localhost/x"
port = 8781
`;
  const { engines } = await inventoryOf(codex);
  deepStrictEqual(engines.map((e) => e.description), ["50% of a \\ $HOME", undefined]);
});

Deno.test("GPU memory is 0 without a device, and unknown for a device without a number", async () => {
  const { engines } = await inventoryOf(HOUSE);
  deepStrictEqual(engines.map((e) => e.vramMib), [undefined, 0, 0, 10500]);
});

const REACH: readonly (readonly [claim: string, settings: string, asked: readonly string[]])[] = [
  ["as it is published by default", "", ["memory", "talker"]],
  ["on all addresses", '[sepulcher]\nbind_address = "0.0.0.0"\n', ["memory", "talker"]],
  ["not on another address", '[sepulcher]\nbind_address = "192.0.2.1"\n', []],
  ["within a reserved range", '[sepulcher]\nreserve_ports = "8700-8702"\n', ["memory", "talker"]],
];

for (const [claim, settings, asked] of REACH) {
  Deno.test(`the host asks an engine for its health ${claim}`, async () => {
    const { engines } = await inventoryOf(HOUSE, settings);
    deepStrictEqual(engines.filter((e) => e.healthPath !== undefined).map((e) => e.name), asked);
  });
}

Deno.test("the index lists every engine of each capability", async () => {
  deepStrictEqual([...capabilityIndex(await inventoryOf(HOUSE))], [
    ["chat", ["talker"]],
    ["text", ["eye", "talker"]],
  ]);
});

Deno.test("files that are not a Soulstone are ignored, broken ones too", () => {
  const facts = "[X-Lychd]\nSoulstone=eye\nPort=8780\n";
  const folder = "containers/systemd/lychd";
  const { engines, covens } = readInventory([
    { path: `${folder}/soulstone-other.container`, text: facts },
    { path: "containers/systemd/soulstone-eye.container", text: facts },
    { path: `${folder}/soulstone-eye.container`, text: `${facts}no line of a unit\n` },
    { path: `${folder}/harvester.container`, text: "[Container]\nImage=x\n" },
    { path: `${folder}/.lychd-receipt.json`, text: "{}" },
  ]);
  strictEqual(engines.length + covens.length, 0);
});
