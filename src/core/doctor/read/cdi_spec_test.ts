import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { readCdiSpec } from "./cdi_spec.ts";
import type { Version } from "./version.ts";

const PODMAN = { "5.4.2": [5, 4, 2], "5.8.2": [5, 8, 2], "6.0.0": [6, 0, 0] } as const;

const BASE = `cdiVersion: 0.5.0
kind: nvidia.com/gpu
devices:
  - name: "0"
    containerEdits:
      deviceNodes:
        - path: /dev/nvidia0
          major: 195
containerEdits:
  env:
    - NVIDIA_VISIBLE_DEVICES=void
  hooks:
    - hookName: createContainer
      path: /usr/bin/nvidia-cdi-hook
  mounts:
    - hostPath: /usr/lib/libcuda.so.550.163.01
      containerPath: /usr/lib/libcuda.so.550.163.01
`;

function problemOf(text: string, podman: Version): string | undefined {
  const read = readCdiSpec(text, podman);
  return "problem" in read ? read.problem : undefined;
}

/** An edit of the specification, and the problem; the same for each Podman. */
const EDITS: Readonly<Record<string, readonly [from: string, to: string, problem?: string]>> = {
  "no edit": ["", ""],
  "a leading v": ["0.5.0", "v0.5.0"],
  "a name that is a number": ['"0"', "0"],
  "a directive": ["cdiVersion", "%YAML 1.1\n---\ncdiVersion"],
  "a second document": ["cdiVersion", "--- # one\ncdiVersion"],
  "a hook of the old kind": ["createContainer", "prestart"],
  "a null list": ["          major: 195\n", "      mounts: null\n"],
  "a merge": ["containerEdits:\n  env", "containerEdits:\n  <<: {mounts: []}\n  env"],
  "a tab": ["  env", "\tenv", "tab characters must not be used in indentation in line 10"],
  "a key twice": ["kind:", "kind: a/b\nkind:", "duplicated mapping key in line 3"],
  "an unknown field": ["kind:", "kinds: 1\nkind:", 'unknown field "kinds"'],
  "an unknown field that is null": [
    "env:",
    "envs: null\n  env:",
    'unknown field "envs" in containerEdits',
  ],
  "a number in quotes": [
    "195",
    '"195"',
    "devices.0.containerEdits.deviceNodes.0.major: Invalid input: expected number, received string",
  ],
  "an unknown version": [
    "0.5.0",
    "0.5",
    "cdiVersion is not a version that this Podman knows: 0.3.0 to NEWEST",
  ],
  "a kind without a class": [
    "nvidia.com/gpu",
    "gpu",
    "kind is not of the form vendor/class",
  ],
  "a kind that starts with a digit": [
    "nvidia.com/gpu",
    "3d.com/gpu",
    "kind is not of the form vendor/class",
  ],
  "a device with a slash": ['"0"', "a/b", "devices.0.name is not the name of a device"],
  "a device without edits": [
    "\n      deviceNodes:\n        - path: /dev/nvidia0\n          major: 195",
    " {}",
    "devices.0.containerEdits is empty: the device would change nothing",
  ],
  "a device twice": [
    "\ncontainerEdits",
    '\n  - name: "0"\n    containerEdits: {env: [A=1]}\ncontainerEdits',
    "devices has a device twice",
  ],
  "an environment without =": [
    "=void",
    "",
    "containerEdits.env.0 is not of the form NAME=VALUE",
  ],
  "an unknown hook": [
    "createContainer",
    "beforeStart",
    "containerEdits.hooks.0.hookName is not the name of a hook",
  ],
  "a mount without a path": [
    "\n      containerPath: /usr/lib/libcuda.so.550.163.01",
    "",
    "containerEdits.mounts.0.containerPath is missing",
  ],
  "wrong permissions": [
    "major: 195",
    "permissions: rx",
    "devices.0.containerEdits.deviceNodes.0.permissions has other letters than r, w and m",
  ],
  "an unknown type of a node": [
    "major: 195",
    "type: x",
    "devices.0.containerEdits.deviceNodes.0.type is not a type of nodes: b, c, u or p",
  ],
  "a negative owner": [
    "major: 195",
    "uid: -1",
    "devices.0.containerEdits.deviceNodes.0.uid: Too small: expected number to be >=0",
  ],
  "a name that needs 0.5.0": [
    "0.5.0",
    "0.3.0",
    "cdiVersion must be at least 0.5.0, because of a name that starts with a digit",
  ],
  "annotations, which need 0.6.0": [
    "devices:",
    "annotations: {a: b}\ndevices:",
    "cdiVersion must be at least 0.6.0, because of annotations",
  ],
  "a class with a dot, which needs 0.6.0": [
    "nvidia.com/gpu",
    "nvidia.com/gpu.coherent",
    "cdiVersion must be at least 0.6.0, because of the dot in the class of kind",
  ],
  "groups, which need 0.7.0": [
    "  env:",
    "  additionalGids: [44]\n  env:",
    "cdiVersion must be at least 0.7.0, because of additionalGids",
  ],
};

const NEWEST = { "5.4.2": "0.8.0", "5.8.2": "1.0.0", "6.0.0": "1.1.0" } as const;

for (const [podman, version] of Object.entries(PODMAN)) {
  for (const [name, [from, to, problem]] of Object.entries(EDITS)) {
    Deno.test(`Podman ${podman} reads a specification with ${name} as its library does`, () => {
      ok(BASE.includes(from));
      const expected = problem?.replace("NEWEST", NEWEST[podman as keyof typeof NEWEST]);
      strictEqual(problemOf(BASE.replace(from, to), version), expected);
    });
  }
}

Deno.test("a newer Podman knows newer versions and fields", () => {
  const accepting = (edit: (text: string) => string) =>
    Object.entries(PODMAN).filter(([, version]) => problemOf(edit(BASE), version) === undefined)
      .map(([podman]) => podman);
  deepStrictEqual(accepting((text) => text.replace("0.5.0", "1.0.0")), ["5.8.2", "6.0.0"]);
  deepStrictEqual(accepting((text) => text.replace("0.5.0", "1.1.0")), ["6.0.0"]);
  const withNet = "  netDevices: [{name: eth1, hostInterfaceName: eth0}]\n  env:";
  const net = (text: string) => text.replace("0.5.0", "1.1.0").replace("  env:", withNet);
  deepStrictEqual(accepting(net), ["6.0.0"]);
  const rdt = (text: string) =>
    text.replace("0.5.0", "0.7.0").replace("  env:", "  intelRdt: {enableCMT: true}\n  env:");
  deepStrictEqual(accepting(rdt), ["5.4.2", "5.8.2"]);
});

Deno.test("only the first document of a file counts, as far as it goes", () => {
  const read = readCdiSpec(`# a comment\n---\n${BASE}---\nkind: [\n`, [5, 4, 2]);
  ok("devices" in read);
  deepStrictEqual(read.devices, ["nvidia.com/gpu=0"]);
});

Deno.test("until the library 1.1 upper and lower case of field names are the same, but not of annotations", () => {
  const folded = BASE.replace("cdiVersion", "cdiversion").replace("deviceNodes", "DEVICENODES");
  const annotated = `${folded.replace("0.5.0", "0.6.0")}annotations: {Name: a, name: b}\n`;
  for (const podman of [PODMAN["5.4.2"], PODMAN["5.8.2"]]) {
    strictEqual(problemOf(folded, podman), undefined);
    strictEqual(problemOf(annotated, podman), undefined);
  }
  strictEqual(problemOf(folded, PODMAN["6.0.0"]), "cdiVersion is missing");
});
