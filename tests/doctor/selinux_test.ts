import assert from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { examine, needsOf, probesFor } from "../../src/core/doctor/mod.ts";
import { labelsOf } from "../../src/core/doctor/read/selinux.ts";
import type { Facts } from "../../src/core/facts.ts";

const HOME = "/home/lich";

/** A host on which SELinux is enforcing, as the probes of lychd 0.1.0 show it. */
const HOST: Readonly<Record<string, readonly string[]>> = {
  selinux: ["1"],
  "selinux-devices": ["0 0"],
  id: ["uid=1000(lich) gid=1000(lich) groups=1000(lich)"],
};

/** Examines a Soulstone on that host: one with a volume, or with devices. */
function examined(
  soulstone: string,
  outputs: Readonly<Record<string, readonly string[]>>,
  only: readonly string[],
): readonly (readonly [state: string, what: string, fix: string | null])[] {
  const text = `[oracle]\nimage = "example.org/engine:1"\nport = 8780\n${soulstone}`;
  const files = [
    { path: "lychd.toml", bytes: new Uint8Array() },
    { path: "soulstones/a.toml", bytes: new TextEncoder().encode(text) },
  ];
  const { codex, findings } = readCodex({ folder: "codex", files });
  const environment = { HOME };
  const needs = needsOf(codex, HOME);
  const probes = probesFor({ user: 1000, environment, needs }, {});
  const facts: Facts = {
    format: 1,
    lychd: "0.1.0",
    environment,
    commands: Object.fromEntries(
      Object.entries({ ...HOST, ...outputs }).map(([id, stdout]) => {
        const probe = probes.find((known) => known.id === id);
        return [id, {
          command: probe?.args.join(" ") ?? id,
          exit: 0,
          stdout: [...stdout],
          stderr: [],
        }];
      }),
    ),
  };
  const subject = {
    facts,
    codex: { kind: "read", shown: "codex", codex, findings },
    needs,
  } as const;
  return examine(subject, { only }).filter(({ state }) => state !== "ok" && state !== "skipped")
    .map(({ state, what, fix }) => [state, what, fix]);
}

Deno.test("labelsOf() reads the contexts that stat prints", () => {
  // Of coreutils 9.1, on a kernel without SELinux, for files with and without the attribute.
  const stdout = [
    "system_u:object_r:container_file_t:s0:c1,c2|/data/a",
    "unconfined_u:object_r:user_home_t:s0|/data/a|b",
    "system_u:object_r:unlabeled_t|/data/c",
    "?|/data/d",
    "stat: failed to get security context of '/data/d': No data available",
    "",
  ];
  const commands = { "selinux-labels": { command: "stat", exit: 1, stdout, stderr: [] } };
  const labels = labelsOf({ format: 1, lychd: "0.1.0", environment: {}, commands });
  assert.deepEqual([...labels].map(([path, { type, isPrivate }]) => [path, type, isPrivate]), [
    ["/data/a", "container_file_t", true],
    ["/data/a|b", "user_home_t", false],
    ["/data/c", "unlabeled_t", false],
  ]);
});

const SHARED = "system_u:object_r:container_file_t:s0";
const MINE = "unconfined_u:object_r";

type Problem = readonly ["error" | "warning", what: string, fix: string];

/** Returns the problem of a volume that the option `z` solves. */
function withZ(what: string, volume: string): Problem {
  const fix = `lychd edit oracle --codex codex    # change the volume to ${volume}`;
  return ["error", `oracle: ${what}`, fix];
}

/** The volumes of an engine on a folder of an owner with a label; undefined for an unknown one. */
const VOLUMES: readonly (readonly [
  volume: string,
  owner: number,
  label: string | undefined,
  problem?: Problem | undefined,
  booleans?: readonly string[],
])[] = [
  ["/data/m:/m:ro", 1000, SHARED],
  ["/data/m:/m:ro", 0, "system_u:object_r:container_ro_file_t:s0"],
  ["/data/m:/m:ro", 0, `${MINE}:svirt_sandbox_file_t:s0`],
  ["/opt/m:/m:ro", 0, `${MINE}:usr_t:s0`],
  ["/mnt/sshfs:/m:ro", 1000, "system_u:object_r:fusefs_t:s0"],
  [
    "/data/m:/m:ro",
    1000,
    `${MINE}:default_t:s0`,
    withZ("/data/m (default_t) is not labelled for containers", "/data/m:/m:ro,z"),
  ],
  // A policy without levels.
  [
    "/data/m:/m",
    1000,
    "system_u:object_r:unlabeled_t",
    withZ("/data/m (unlabeled_t) is not labelled for containers", "/data/m:/m:z"),
  ],
  [
    "/data/m:/m",
    1000,
    `${SHARED}:c17,c942`,
    withZ("/data/m (container_file_t) is labelled for another container", "/data/m:/m:z"),
  ],
  // Files of the user inside of a container.
  [
    "/data/m:/m:ro",
    525_288,
    `${MINE}:user_home_t:s0`,
    withZ("/data/m (user_home_t) is not labelled for containers", "/data/m:/m:ro,z"),
  ],
  ["/data/m:/m:ro,z", 525_288, `${MINE}:user_home_t:s0`],
  ["/data/m:/m:Z", 1000, `${MINE}:user_home_t:s0`],
  [
    "/data/m:/m:ro",
    0,
    `${MINE}:var_t:s0`,
    [
      "error",
      "oracle: /data/m (var_t) is not labelled for containers",
      "sudo chcon --recursive system_u:object_r:container_ro_file_t:s0 /data/m    # until the next restorecon",
    ],
  ],
  ["/data/m:/m:ro,z", 0, SHARED],
  [
    "/data/m:/m:ro,z",
    0,
    `${MINE}:container_file_t:s0`,
    [
      "error",
      "oracle: Podman cannot label /data/m (container_file_t), because the user does not own it",
      `sudo chcon --recursive ${SHARED} /data/m    # until the next restorecon`,
    ],
  ],
  [
    "/srv:/m:ro,z",
    1000,
    SHARED,
    [
      "error",
      "oracle: Podman refuses to label /srv, as the option z asks it to",
      "lychd edit oracle --codex codex    # mount a folder below it instead",
    ],
  ],
  [
    `${HOME}/:/m`,
    1000,
    `${MINE}:user_home_dir_t:s0`,
    [
      "error",
      `oracle: ${HOME}/ (user_home_dir_t) is not labelled for containers`,
      "lychd edit oracle --codex codex    # mount a folder below it instead, with the option z",
    ],
  ],
  [
    "/mnt/nas:/m:ro,z",
    0,
    "system_u:object_r:nfs_t:s0",
    [
      "error",
      "oracle: SELinux denies /mnt/nas (nfs_t): virt_use_nfs is off",
      "sudo setsebool -P virt_use_nfs on",
    ],
  ],
  ["/mnt/nas:/m:ro", 0, "system_u:object_r:nfs_t:s0", undefined, ["virt_use_nfs:1 1"]],
  [
    "/run/media/lich/disk:/m:ro,z",
    1000,
    "system_u:object_r:dosfs_t:s0",
    [
      "error",
      "oracle: SELinux denies /run/media/lich/disk (dosfs_t), whose file system stores no labels",
      `findmnt --target /run/media/lich/disk    # mount it with the option context=${SHARED}`,
    ],
  ],
  // The facts of 0.1.0 have no labels: the policy's own labels are assumed.
  [
    "/srv/m:/m:ro",
    1000,
    undefined,
    withZ("/srv/m is not labelled for containers", "/srv/m:/m:ro,z"),
  ],
  ["/srv/containers/m:/m", 1000, undefined],
  ["/opt/m:/m:ro", 0, undefined],
  ["~/.local/share/ramalama:/m:ro", 1000, undefined],
  ["/srv/m:/m:ro,z", 1000, undefined],
  [
    "/srv/m:/m:ro,z",
    0,
    undefined,
    [
      "warning",
      "oracle: Podman cannot label /srv/m, because the user does not own it",
      `sudo chcon --recursive ${SHARED} /srv/m    # until the next restorecon`,
    ],
  ],
];

function ofVolume(
  volume: string,
  { owner, label, booleans }: {
    owner: number;
    label: string | undefined;
    booleans?: readonly string[] | undefined;
  },
) {
  const path = (volume.split(":")[0] ?? "").replace(/^~/, HOME);
  return {
    "codex-paths": [`directory|755|${owner}|users|0|0|${path}`],
    ...label !== undefined && {
      "selinux-labels": [`${label}|${path}`],
      "selinux-booleans": (booleans ?? []).map((line) => `/sys/fs/selinux/booleans/${line}`),
    },
  };
}

Deno.test("SELinux must let an engine read its volumes, or Podman label them", () => {
  for (const [volume, owner, label, problem, booleans] of VOLUMES) {
    const found = examined(
      `volumes = ["${volume}"]`,
      ofVolume(volume, { owner, label, booleans }),
      ["codex.volumes"],
    );
    assert.deepEqual(found, problem === undefined ? [] : [problem], `${volume} ${label}`);
  }
});

Deno.test("an engine that SELinux does not confine may read every label", () => {
  const volume = "~/models:/m:ro";
  const outputs = ofVolume(volume, { owner: 1000, label: `${MINE}:user_home_t:s0` });
  const soulstone = (setting: string) =>
    `volumes = ["${volume}"]\nquadlet = { Container = { ${setting} } }`;
  const problems = (setting: string, more = {}) =>
    examined(soulstone(setting), { ...outputs, ...more }, ["codex.volumes"]).length;
  assert.equal(problems(""), 1);
  for (
    const setting of [
      "SecurityLabelDisable = true",
      'SecurityLabelType = "spc_t"',
      'PodmanArgs = "--security-opt=label=disable"',
      'PodmanArgs = ["--security-opt", "label=disable"]',
      'PodmanArgs = "--privileged"',
    ]
  ) assert.equal(problems(setting), 0, setting);
  const etc = "/etc/containers/containers.conf";
  const user = `${HOME}/.config/containers/containers.conf`;
  const lines = [`${user}:label = false`, `${etc}:label=true`];
  assert.equal(problems("", { "containers-label": lines }), 0);
  assert.equal(
    problems("", { "containers-label": [`${user}:label=true`, `${etc}:label=false`] }),
    1,
  );
  assert.equal(problems("", { selinux: ["0"] }), 0);
});

Deno.test("a model with another label than its volume is reported on its own", () => {
  const soulstone = 'model = "/m/a.gguf"\nvolumes = ["/opt/m:/m:ro"]';
  const outputs = {
    "codex-paths": ["directory|755|0|root|0|0|/opt/m", "regular file|644|0|root|0|0|/opt/m/a.gguf"],
  };
  const problems = (labels: readonly string[]) =>
    examined(soulstone, { ...outputs, "selinux-labels": labels }, [
      "codex.volumes",
      "codex.models",
    ]);
  assert.deepEqual(problems([`${MINE}:usr_t:s0|/opt/m`, `${MINE}:user_home_t:s0|/opt/m/a.gguf`]), [[
    "error",
    "oracle: /opt/m/a.gguf (user_home_t) is not labelled for containers",
    "sudo chcon --recursive system_u:object_r:container_ro_file_t:s0 /opt/m/a.gguf    # until the next restorecon",
  ]]);
  const whole = problems([`${MINE}:var_t:s0|/opt/m`, `${MINE}:var_t:s0|/opt/m/a.gguf`]);
  assert.deepEqual(whole.map(([, what]) => what), [
    "oracle: /opt/m (var_t) is not labelled for containers",
  ]);
});

const XSERVER = "container_use_xserver_devices";
const DRI = "container_use_dri_devices";
const ALL = "container_use_devices";
const NEW = ["container_modify_selinux_labels:0 0"];
const EL = { "os-release": ["ID=almalinux", 'ID_LIKE="rhel centos fedora"', "VERSION_ID=9.6"] };

/** Devices, the booleans of the policy (undefined if the facts have none), and those to turn on. */
const DEVICES: readonly (readonly [
  devices: readonly string[],
  booleans: readonly string[] | undefined,
  lacking: readonly string[],
])[] = [
  [["nvidia.com/gpu=all"], undefined, [XSERVER]],
  [["nvidia.com/gpu=0", "nvidia.com/gpu=1"], [`${XSERVER}:0 0`], [XSERVER]],
  [["nvidia.com/gpu=all"], [`${XSERVER}:1 1`], []],
  // A boolean that is on only until the next boot works now.
  [["/dev/nvidia0", "/dev/nvidiactl"], [`${XSERVER}:1 0`], []],
  // A policy without that boolean.
  [["nvidia.com/gpu=all"], [`${DRI}:1 1`], [ALL]],
  [["/dev/dri/renderD128"], undefined, []],
  [["/dev/dri"], [`${DRI}:0 0`], [DRI]],
  [["intel.com/gpu=card0"], [`${DRI}:1 1`], []],
  [["/dev/dri/card0:/dev/dri/card0:rw"], [], [ALL]],
  [["/dev/kfd", "/dev/dri/renderD128"], undefined, []],
  [["/dev/kfd", "/dev/dri"], [`${DRI}:1 1`, ...NEW], []],
  [["/dev/kfd", "/dev/dri"], [`${DRI}:1 1`], [ALL]],
  [["amd.com/gpu=all"], [`${DRI}:0 0`, ...NEW], [DRI]],
  [["/dev/accel/accel0"], NEW, [ALL]],
];

Deno.test("only the boolean that a device needs is turned on", () => {
  const problems = (devices: readonly string[], outputs: Record<string, readonly string[]>) =>
    examined(`devices = ${JSON.stringify(devices)}`, outputs, ["host.selinux"]);
  for (const [devices, booleans, lacking] of DEVICES) {
    const outputs = booleans === undefined ? {} : {
      "selinux-booleans": booleans.map((line) => `/sys/fs/selinux/booleans/${line}`),
    };
    assert.deepEqual(
      problems(devices, outputs).map(([, , fix]) => fix),
      lacking.map((name) => `sudo setsebool -P ${name} on`),
      `${devices} with ${booleans}`,
    );
    assert.deepEqual(problems(devices, { ...outputs, "selinux-devices": ["1 1"] }), []);
  }
  // The policy of Enterprise Linux may be older than the rule for /dev/kfd.
  assert.deepEqual(problems(["/dev/kfd"], EL).map(([, , fix]) => fix), [
    `sudo setsebool -P ${ALL} on`,
  ]);
});
