import assert from "node:assert/strict";
import { type Facts, NO_PROGRAM } from "../facts.ts";
import { probesFor, surveyOf, surveyProbes } from "./mod.ts";
import { NO_NEEDS } from "./needs.ts";

function factsOf(outputs: Readonly<Record<string, string>>): Facts {
  return {
    format: 1,
    lychd: "0.1.0",
    environment: {},
    commands: Object.fromEntries(
      Object.entries(outputs).map(([id, text]) => [
        id,
        { command: id, exit: 0, stdout: text.split("\n"), stderr: [] },
      ]),
    ),
  };
}

function spec(kind: string, ...names: readonly string[]): string {
  const devices = names.map((name) => ({ name, containerEdits: {} }));
  return JSON.stringify({ cdiVersion: "0.6.0", kind, devices });
}

function cdi(text: string): Record<string, string> {
  return { "cdi-folder:/etc/cdi": "gpu.json", "cdi-spec:/etc/cdi/gpu.json": text };
}

const NVIDIA = {
  "nvidia-smi": "0, GPU-1, NVIDIA GeForce RTX 4090, 24564, 580.65.06",
  "nvidia-driver": "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 2025",
};

const AMD = {
  "drm":
    "/sys/class/drm/card1/device/uevent:DRIVER=amdgpu\n/sys/class/drm/card1/device/uevent:PCI_ID=1002:744C",
};

const KFD = { "gpu-nodes": "character special file|666|0|render|eb|0|/dev/kfd" };

const INTEL = {
  "drm":
    "/sys/class/drm/card0/device/uevent:DRIVER=i915\n/sys/class/drm/card0/device/uevent:PCI_ID=8086:4692",
};

const HOSTS: readonly (readonly [
  title: string,
  outputs: Readonly<Record<string, string>>,
  vendor: string | undefined,
  devices: readonly string[],
  defined: boolean,
])[] = [
  ["without facts", {}, undefined, [], false],
  [
    "NVIDIA, by CDI",
    { ...NVIDIA, ...cdi(spec("nvidia.com/gpu", "0", "GPU-1", "all")) },
    "NVIDIA",
    ["nvidia.com/gpu=all"],
    true,
  ],
  [
    "NVIDIA, with a specification without `all`",
    { ...NVIDIA, ...cdi(spec("nvidia.com/gpu", "1", "0")) },
    "NVIDIA",
    ["nvidia.com/gpu=0", "nvidia.com/gpu=1"],
    true,
  ],
  ["NVIDIA, without a specification", NVIDIA, "NVIDIA", ["nvidia.com/gpu=all"], false],
  [
    "AMD, by CDI",
    { ...AMD, ...KFD, ...cdi(spec("amd.com/gpu", "all")) },
    "AMD",
    ["amd.com/gpu=all"],
    true,
  ],
  ["AMD, by its device nodes", { ...AMD, ...KFD }, "AMD", ["/dev/kfd", "/dev/dri"], true],
  ["AMD, without its compute driver", AMD, undefined, [], false],
  ["Intel, by CDI", { ...INTEL, ...cdi(spec("intel.com/gpu", "card0")) }, "Intel", [
    "intel.com/gpu=card0",
  ], true],
  ["Intel, without a specification", INTEL, undefined, [], false],
];

Deno.test("a survey chooses the devices for engines", () => {
  for (const [title, outputs, vendor, devices, devicesDefined] of HOSTS) {
    const survey = surveyOf(factsOf(outputs));
    assert.deepEqual(
      [survey.vendor, survey.devices, survey.devicesDefined],
      [vendor, devices, devicesDefined],
      title,
    );
  }
});

Deno.test("a survey has the listeners, or the reason why they are unknown", () => {
  const survey = surveyOf(factsOf({
    ports: 'LISTEN 0 128 *:9090 *:* \nLISTEN 0 5 127.0.0.1:8780 0.0.0.0:* users:(("x",pid=7,fd=3))',
    selinux: "1",
  }));
  assert.deepEqual(survey.listeners?.map(({ address, port }) => [address, port]), [
    ["*", 9090],
    ["127.0.0.1", 8780],
  ]);
  assert.deepEqual([survey.listenersUnknown, survey.isSelinuxEnforcing], [undefined, true]);
  const unknown = surveyOf({
    ...factsOf({}),
    commands: { ports: { command: "ss -Hltnp", failed: NO_PROGRAM } },
  });
  assert.deepEqual(
    [unknown.listeners, unknown.listenersUnknown, unknown.isSelinuxEnforcing],
    [undefined, "ss: not found", false],
  );
});

Deno.test("a survey runs the probes of doctor, but asks for all ports", () => {
  const asking = { user: 1000, environment: {}, needs: NO_NEEDS };
  const known = new Map(probesFor(asking, {}).map((probe) => [probe.id, probe]));
  const own = surveyProbes({}, {}).filter(({ id, ...probe }) => {
    const { id: _, ...same } = known.get(id) ?? { id };
    return JSON.stringify(same) !== JSON.stringify(probe);
  });
  assert.deepEqual(own.map(({ id }) => id), ["ports"]);
});
