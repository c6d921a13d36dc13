/** Variants of the hosts: other devices, kinds and permissions than those that their reports show. */
import assert from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { examine, needsOf, NO_NEEDS } from "../../src/core/doctor/mod.ts";
import { type Facts, parseFacts } from "../../src/core/facts.ts";
import { factsOf, readHost } from "./hosts.ts";

/** A variant of a host. */
interface Variant {
  readonly host: string;
  /** The lines of a Soulstone; none for a host without a Codex. */
  readonly soulstone?: string;
  /** Texts of the facts to replace. */
  readonly replace?: Readonly<Record<string, string>>;
  /** Outputs to replace; the exit code is 0. */
  readonly outputs?: Readonly<Record<string, string | number>>;
  /** The expected problems of the checks of GPUs and CDI: state, id and a part of the finding or its fix. */
  readonly problems: readonly string[];
}

const NVIDIA = "no-refresh-but-run";
const ALL = 'devices = ["nvidia.com/gpu=all"]';
const OPEN_FAILS = Object.fromEntries(
  ["ctl", "-uvm", "0", "-uvm-tools"].map((name) => [`open:/dev/nvidia${name}`, 1]),
);
const LOST =
  "warning cdi.refresh: install -D --mode=644 /var/run/cdi/nvidia.yaml /etc/cdi/nvidia.yaml";

/** Returns a specification of one device that names a missing node. */
function stale(kind: string): string {
  const edits = { deviceNodes: [{ path: "/dev/gone" }] };
  const devices = [{ name: "all", containerEdits: edits }];
  return JSON.stringify({ cdiVersion: "0.6.0", kind, devices });
}

const VARIANTS: Readonly<Record<string, Variant>> = {
  "a driver that shows no GPU, and exits with 0": {
    host: "blackwell-proprietary",
    soulstone: ALL,
    outputs: { "nvidia-smi": "No devices were found" },
    problems: ["error gpu.driver: nvidia-open"],
  },
  "a driver of Windows that shows no GPU": {
    host: "wsl-gpu0",
    soulstone: ALL,
    outputs: { "nvidia-smi": 6 },
    problems: ["error gpu.driver: wsl.exe --update", LOST],
  },
  "a driver of Windows that the user may not use": {
    host: "wsl-gpu0",
    soulstone: ALL,
    outputs: { "nvidia-smi": 4 },
    problems: ["error gpu.driver: ls -l /dev/dxg", LOST],
  },
  "a GPU in MIG mode": {
    host: "uuid-gone",
    soulstone: 'devices = ["nvidia.com/gpu=0"]',
    replace: { '- name: \\"0\\"': '- name: \\"0:0\\"' },
    problems: ["error cdi.devices: one of: nvidia.com/gpu=0:0, nvidia.com/gpu=all"],
  },
  "a MIG instance of a GPU without MIG": {
    host: "uuid-gone",
    soulstone: 'devices = ["nvidia.com/gpu=0:1"]',
    problems: ["error cdi.devices: one of: nvidia.com/gpu=0, nvidia.com/gpu=all"],
  },
  "a MIG instance that is not in the specification yet": {
    host: "uuid-gone",
    soulstone: 'devices = ["nvidia.com/gpu=0:1"]',
    replace: { "NVIDIA GeForce RTX 4090": "NVIDIA A100-SXM4-40GB" },
    problems: ["error cdi.devices: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"],
  },
  "a number beyond the last GPU": {
    host: "uuid-gone",
    soulstone: 'devices = ["nvidia.com/gpu=4"]',
    problems: ["error cdi.devices: one of: nvidia.com/gpu=0, nvidia.com/gpu=all"],
  },
  "the UUID of a present GPU": {
    host: "uuid-gone",
    soulstone: 'devices = ["nvidia.com/gpu=GPU-9f2c7b64-0a53-4f0e-b6a1-3d5e8c1f7a90"]',
    problems: ["error cdi.devices: nvidia-ctk cdi generate --output=/etc/cdi/nvidia.yaml"],
  },
  "all of Intel's GPUs": {
    host: "intel-mei-gone",
    soulstone: 'devices = ["intel.com/gpu=all"]',
    problems: [
      "error cdi.devices: one of: intel.com/gpu=0000-03-00-0-0xe20b",
      "warning cdi.nodes: intel-cdi-specs-generator gpu",
      "warning cdi.nodes: intel-cdi-specs-generator npu",
    ],
  },
  "an AMD GPU beyond the last": {
    host: "amd-card-gone",
    soulstone: 'devices = ["amd.com/gpu=7"]',
    problems: [
      "error cdi.devices: one of: amd.com/gpu=0, amd.com/gpu=1, amd.com/gpu=all",
      "warning cdi.nodes: /dev/dri/card2",
    ],
  },
  "a stale AMD GPU that an engine uses": {
    host: "amd-card-gone",
    soulstone: 'devices = ["amd.com/gpu=all"]',
    problems: ["error cdi.nodes: amd-ctk cdi generate --output=/etc/cdi/amd.json"],
  },
  "a stale IMEX channel without a Codex": {
    host: "nv120-imex-gone",
    problems: ["error cdi.nodes: --mode=imex --class=imex-channel"],
  },
  "a stale file of GPUDirect Storage that an engine uses": {
    host: "nv120-imex-gone",
    soulstone: 'devices = ["nvidia.com/gpu=all", "nvidia.com/gds=all"]',
    outputs: { "cdi-spec:/etc/cdi/nvidia-imex.yaml": stale("nvidia.com/gds") },
    problems: ["error cdi.nodes: --mode=gds --class=gds --output=/etc/cdi/nvidia-imex.yaml"],
  },
  "a stale file for management": {
    host: "nv120-imex-gone",
    soulstone: ALL,
    outputs: { "cdi-spec:/etc/cdi/nvidia-imex.yaml": stale("management.nvidia.com/gpu") },
    problems: ["warning cdi.nodes: --mode=management --vendor=management.nvidia.com --output="],
  },
  "a stale file of coherent GPUs": {
    host: "nv120-imex-gone",
    soulstone: ALL,
    replace: { "/etc/cdi/nvidia-imex.yaml": "/etc/cdi/nvidia.coherent.yaml" },
    outputs: {
      "cdi-folder:/etc/cdi": "nvidia.coherent.yaml\nnvidia.yaml",
      "cdi-spec:/etc/cdi/nvidia.coherent.yaml": stale("nvidia.com/gpu.coherent"),
    },
    problems: ["warning cdi.nodes: annotations --output=/etc/cdi/nvidia.yaml"],
  },
  "a stale file of an unknown kind": {
    host: "nv120-imex-gone",
    soulstone: ALL,
    outputs: { "cdi-spec:/etc/cdi/nvidia-imex.yaml": stale("nvidia.com/odd") },
    problems: ["warning cdi.nodes: sudo rm /etc/cdi/nvidia-imex.yaml"],
  },
  "a damaged file of IMEX channels": {
    host: "nv120-imex-gone",
    soulstone: ALL,
    outputs: { "cdi-spec:/etc/cdi/nvidia-imex.yaml": "kind: nvidia.com/imex-channel\ndevices: [" },
    problems: ["warning cdi.specs: --mode=imex --class=imex-channel"],
  },
  "a version that only a newer Podman knows, without need": {
    host: "uuid-gone",
    soulstone: ALL,
    replace: { "cdiVersion: 0.5.0": "cdiVersion: 1.0.0" },
    problems: [
      "error cdi.specs: sed -i -E 's/(cdiVersion[^0-9]*)1\\.0\\.0/\\10.8.0/' /etc/cdi/nvidia.yaml: Podman 5.5 is the first that knows CDI 1.0.0",
    ],
  },
  "a version that only a newer Podman knows, with need": {
    host: "uuid-gone",
    soulstone: ALL,
    replace: {
      "cdiVersion: 0.5.0": "cdiVersion: 1.1.0",
      '"containerEdits:"': '"containerEdits:","    netDevices: [{name: a, hostInterfaceName: b}]"',
    },
    problems: ["error cdi.specs: Podman 6.0 is the first that knows CDI 1.1.0"],
  },
  "a Jetson with JetPack 5, which has no nvidia-smi": {
    host: "jetson-na",
    soulstone: ALL,
    outputs: { "nvidia-smi": 127 },
    problems: [],
  },
  "NVIDIA's nodes of a group that the user is not in": {
    host: "suse-video-member",
    soulstone: ALL,
    replace: { ",483(video)": "" },
    outputs: OPEN_FAILS,
    problems: ["error gpu.nodes: usermod", "error gpu.nodes: keep-groups", LOST],
  },
  "NVIDIA's nodes of a group, kept": {
    host: "suse-video-member",
    soulstone: `${ALL}\nquadlet.Container.GroupAdd = "keep-groups"`,
    problems: [LOST],
  },
  "NVIDIA's nodes of a group, and an access control list for the user": {
    host: "suse-video-member",
    soulstone: ALL,
    replace: { ",483(video)": "" },
    problems: [LOST],
  },
  "NVIDIA's nodes only for root": {
    host: "suse-video-member",
    soulstone: ALL,
    replace: { "660|0|video": "600|0|root" },
    outputs: OPEN_FAILS,
    problems: ["error gpu.nodes: NVreg_DeviceFileMode=0666", LOST],
  },
  "AMD's nodes in a folder": {
    host: "amd-none",
    soulstone: 'devices = ["/dev/kfd", "/dev/dri"]',
    replace: { "character special file|666|0|render|": "character special file|660|0|root|" },
    outputs: {
      "gpu-nodes": [
        ...["directory|755|0|root|0|0|/dev/dri", "character special file|660|0|root|ea|0|/dev/kfd"],
        "character special file|660|0|root|e2|80|/dev/dri/renderD128",
      ].join("\n"),
      "open:/dev/kfd": 1,
      "open:/dev/dri/renderD128": 1,
    },
    problems: ['error gpu.nodes: KERNEL=="renderD128|kfd", GROUP="render", MODE="0660"'],
  },
  "the specifications of Kubernetes without a Codex": {
    host: "k3s",
    problems: ["warning cdi.duplicates: install -D"],
  },
  "a masked service of NVIDIA": {
    host: "service-disabled",
    soulstone: ALL,
    replace: { '"UnitFileState=disabled"': '"UnitFileState=masked"' },
    problems: ["warning cdi.refresh: systemctl unmask nvidia-cdi-refresh.service && "],
  },
  "a service that writes to another folder than the one in use": {
    host: NVIDIA,
    soulstone: ALL,
    outputs: {
      "nvidia-refresh": [".path", ".service"].map((name) =>
        `Id=nvidia-cdi-refresh${name}\nLoadState=loaded\nUnitFileState=enabled\nResult=success`
      ).join("\n\n"),
      "nvidia-refresh-settings": "NVIDIA_CTK_CDI_OUTPUT_FILE_PATH=/etc/cdi/nvidia.yaml",
    },
    problems: [LOST],
  },
  "a service that writes the file in use": {
    host: NVIDIA,
    soulstone: ALL,
    outputs: {
      "nvidia-refresh": [".path", ".service"].map((name) =>
        `Id=nvidia-cdi-refresh${name}\nLoadState=loaded\nUnitFileState=enabled\nResult=success`
      ).join("\n\n"),
    },
    problems: [],
  },
};

/** Returns the problems of a host, as `STATE ID: WHAT: FIX: WHY`. */
async function problemsOf(variant: Variant): Promise<string[]> {
  const { host, soulstone, replace = {}, outputs = {} } = variant;
  let text = JSON.stringify(await factsOf(readHost(host)));
  for (const [from, to] of Object.entries(replace)) {
    assert.ok(text.includes(from), `${host} has no ${from}`);
    text = text.replaceAll(from, () => to);
  }
  const read = parseFacts(text);
  assert.ok("facts" in read);
  const commands = Object.entries(outputs).map(([id, output]) => {
    const exit = typeof output === "number" ? output : 0;
    const stdout = typeof output === "number" ? [] : output.split("\n");
    const stderr: string[] = [];
    return [id, { command: id, exit, stdout, stderr }];
  });
  const facts: Facts = {
    ...read.facts,
    commands: { ...read.facts.commands, ...Object.fromEntries(commands) },
  };
  const lines = `[oracle]\nimage = "localhost/x"\nport = 8780\nengine = "vllm"\n${
    soulstone ?? ""
  }\n`;
  const { codex, findings } = readCodex({
    folder: "codex",
    files: [{ path: "soulstones/a.toml", bytes: new TextEncoder().encode(lines) }],
  });
  assert.deepEqual(findings.filter(({ severity }) => severity === "error"), []);
  const subject = soulstone === undefined
    ? { facts, codex: { kind: "none", reason: "there is no Codex" }, needs: NO_NEEDS } as const
    : {
      facts,
      codex: { kind: "read", shown: "~/codex", codex, findings },
      needs: needsOf(codex, "/home/lich"),
    } as const;
  return examine(subject, { only: ["gpu", "cdi"] })
    .filter(({ state }) => state === "warning" || state === "error")
    .map(({ id, state, what, why, fix }) => `${state} ${id}: ${what}: ${fix}: ${why}`);
}

for (const [name, variant] of Object.entries(VARIANTS)) {
  Deno.test(`doctor on ${variant.host}: ${name}`, async () => {
    const problems = await problemsOf(variant);
    const isExpected = problems.length === variant.problems.length &&
      problems.every((problem, i) => {
        const [, head = "", part = ""] = /^(\w+ [\w.]+: )(.*)$/.exec(variant.problems[i] ?? "") ??
          [];
        return problem.startsWith(head) && problem.includes(part);
      });
    assert.ok(isExpected, problems.join("\n"));
  });
}
