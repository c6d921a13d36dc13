import assert from "node:assert/strict";
import { type Facts, NO_PROGRAM } from "../facts.ts";
import { probesFor, surveyOf, surveyProbes } from "./mod.ts";
import { NO_NEEDS } from "./needs.ts";
import { ACCOUNT_OF_A_PERSON } from "./read/system.ts";

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
  const devices = names.map((name) => ({ name, containerEdits: { env: ["A=1"] } }));
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
    const survey = surveyOf(factsOf(outputs), 1000);
    assert.deepEqual(
      [survey.vendor, survey.devices, survey.devicesDefined],
      [vendor, devices, devicesDefined],
      title,
    );
  }
});

Deno.test("a survey has the listeners, or the reason why they are unknown", () => {
  const survey = surveyOf(
    factsOf({
      ports:
        'LISTEN 0 128 *:9090 *:* \nLISTEN 0 5 127.0.0.1:8780 0.0.0.0:* users:(("x",pid=7,fd=3))',
      selinux: "1",
    }),
    1000,
  );
  assert.deepEqual(survey.listeners?.map(({ address, port }) => [address, port]), [
    ["*", 9090],
    ["127.0.0.1", 8780],
  ]);
  assert.deepEqual([survey.listenersUnknown, survey.isSelinuxEnforcing], [undefined, true]);
  const unknown = surveyOf({
    ...factsOf({}),
    commands: { ports: { command: "ss -Hltnp", failed: NO_PROGRAM } },
  }, 1000);
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
  assert.deepEqual(own.map(({ id }) => id), ["ports", "accounts"]);
});

Deno.test("a survey counts the other people with an account", () => {
  const count = (user: number, accounts: string) =>
    surveyOf(factsOf({ accounts }), user).otherAccounts;
  assert.deepEqual([count(1000, "1"), count(1000, "3"), count(0, "1")], [0, 2, 1]);
  const none = { command: "grep", exit: 1, stdout: ["0"], stderr: [] };
  assert.equal(surveyOf({ ...factsOf({}), commands: { accounts: none } }, 1000).otherAccounts, 0);
  assert.equal(surveyOf(factsOf({}), 1000).otherAccounts, undefined);
  const isPerson = (line: string) => new RegExp(ACCOUNT_OF_A_PERSON).test(line);
  const people = [
    ["lich:x:1000:1000:Lich,,,:/home/lich:/bin/bash", true],
    ["eve:x:59999:100::/home/eve:/usr/bin/zsh", true],
    ["git:x:1001:1001::/srv/git:/usr/sbin/nologin", false],
    ["root:x:0:0:root:/root:/bin/bash", false],
    ["other:x:65534:65534::/nonexistent:/bin/sh", false],
  ] as const;
  for (const [line, expected] of people) assert.equal(isPerson(line), expected, line);
});
