/**
 * Tests of `lychd doctor` on a real host, with the binary. Each problem is caused, found, fixed with
 * the command that doctor prints, and then not found any more.
 */
import assert from "node:assert/strict";
import {
  clear,
  engine,
  ENGINE_IMAGE,
  type Fields,
  putBinary,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { LABEL_FORMAT, labelsOf } from "../../src/core/doctor/read/selinux.ts";
import { shellWord } from "../../src/core/report/mod.ts";
import { labTest, labUp, lichExec, lichShell } from "./lab.ts";

/** A finding of `lychd doctor --json`. */
interface Finding {
  readonly id: string;
  readonly state: "ok" | "warning" | "error" | "skipped";
  readonly what: string;
  readonly why: string;
  readonly fix: string | null;
}

/** The `id`, `state` and `what` of a finding. */
type Summary = readonly [string, Finding["state"], string];

/** A problem of a host. */
interface Problem {
  readonly soulstones?: Readonly<Record<string, Fields>>;
  /** Sets up the host before the problem is caused. */
  readonly prepare?: () => Promise<unknown>;
  readonly cause: () => Promise<string>;
  /** Returns the expected findings; `output` is the output of `cause`. */
  readonly expected: (output: string) => readonly Summary[] | Promise<readonly Summary[]>;
  /** The stdin of the printed command. */
  readonly stdin?: string;
  /** True if a container still gets the GPU in spite of the problem. */
  readonly getsGpu?: boolean;
  /** The output of a printed command that only diagnoses the problem, and the fix of the operator. */
  readonly diagnosis?: { readonly pattern: RegExp; readonly repair: () => Promise<unknown> };
}

const PORT = 8790;
const SAGE = engine(PORT, { secrets: ["token"], volumes: ["~/models:/models:ro"] });
const OTHER_IMAGE = "localhost/other-engine:latest";
/** The Watchers are disabled, because the lab cannot pull their images. */
const SETTINGS = { harvester: { enabled: false }, scribe: { enabled: false } };

const GPU_KIND = "nvidia.com/gpu";
const GPU = `${GPU_KIND}=0`;
const GPU_SAGE = { ...SAGE, devices: [GPU] };
const GPU_SPEC = "/etc/cdi/nvidia.yaml";
const LIBRARY = "/usr/lib/libcuda.so.570.86.15";
/**
 * A stand-in for NVIDIA's toolkit, which does not run without a driver. Like the real one, it writes a
 * specification of the existing device nodes.
 */
const NVIDIA_CTK = `#!/bin/bash -e
[ "$1 $2" = "cdi generate" ]
exec > "\${3#--output=}"
printf '%s\\n' 'cdiVersion: "0.5.0"' 'kind: nvidia.com/gpu' 'devices:' '- name: "0"' \\
    '  containerEdits:' '    deviceNodes:'
for node in /dev/nvidia0 /dev/nvidia-uvm; do
    printf '    - {path: %s, major: %d, minor: %d}\\n' \\
        $node 0x$(stat -c %t $node) 0x$(stat -c %T $node)
done
`;

/** A setting of the operator for the whole system. */
const SETTING = "/etc/containers/containers.conf.d/50-cdi.conf";
const GENERATOR = "systemd/user-generators/podman-user-generator";
const NO_GENERATOR: Summary = [
  "quadlet.generator",
  "error",
  "none of systemd's user generator folders contains podman-user-generator",
];
const LISTEN = `busybox nc -ll -p ${PORT} -e true`;
const UNTIL_IT_LISTENS = `until ss -Hltn 'sport = :${PORT}' | grep -q .; do sleep 0.05; done`;
/** Opens a session of lich; without one systemd stops everything of lich when linger is disabled. */
const LOGIN = "systemd-run --quiet --unit=login -p User=lich -p PAMName=login sleep infinity";

const PROBLEMS: Readonly<Record<string, Problem>> = {
  "linger is off": {
    prepare: () => root(LOGIN),
    cause: () => root("loginctl disable-linger lich"),
    expected: () => [["systemd.linger", "error", "lingering is disabled for lich"]],
  },
  "the generator's symlink is missing": {
    cause: () => root(`rm /usr/lib/${GENERATOR}`),
    expected: () => [NO_GENERATOR],
  },
  "the generator's symlink is dangling": {
    cause: () => root(`ln -sf /usr/lib/podman/quadlet /usr/lib/${GENERATOR}`),
    expected: () => [NO_GENERATOR],
  },
  "the generator is masked, and systemd has reloaded": {
    async cause() {
      await root(`mkdir -p "$(dirname /etc/${GENERATOR})" && ln -s /dev/null /etc/${GENERATOR}`);
      return await lich("systemctl --user daemon-reload");
    },
    expected: () => [
      ["quadlet.generator", "error", `the generator is masked by /etc/${GENERATOR}`],
    ],
  },
  "the user has no sub-ids": {
    async cause() {
      await root("sed -i /^lich:/d /etc/subuid /etc/subgid");
      // Otherwise Podman continues to use the old sub-ids.
      return await lich("podman system migrate");
    },
    expected:
      () => [["podman.subids", "error", "lich has fewer than 65536 subordinate UIDs and GIDs"]],
  },
  "a process of the user holds a port": {
    cause: () => lich(`setsid ${LISTEN} &> /dev/null & echo $! | tee holder; ${UNTIL_IT_LISTENS}`),
    expected: (pid) => [
      ["codex.ports", "error", `port ${PORT} of sage is in use by busybox (PID ${pid.trim()})`],
    ],
  },
  "a unit of the user holds a port": {
    cause: () => lich(`systemd-run --user --quiet --unit=holder ${LISTEN}; ${UNTIL_IT_LISTENS}`),
    expected: () => [
      ["codex.ports", "error", `port ${PORT} of sage is in use by busybox of holder.service`],
    ],
  },
  "a container of the user holds a port": {
    cause: () =>
      lich(
        `podman run -d --name holder -p ${PORT}:80 ${ENGINE_IMAGE} --port 80; ${UNTIL_IT_LISTENS}`,
      ),
    expected:
      () => [["codex.ports", "error", `port ${PORT} of sage is in use by container holder`]],
  },
  "a secret is missing": {
    cause: () => lich("podman secret rm token"),
    expected: () => [["codex.secrets", "error", "the secret token does not exist"]],
    stdin: "secret",
  },
  "the source of a volume is missing": {
    cause: () => lich("rmdir models"),
    expected: () => [["codex.volumes", "error", "sage: /home/lich/models does not exist"]],
  },
  "an image is missing that no registry has": {
    soulstones: { sage: { ...SAGE, image: OTHER_IMAGE } },
    prepare: () => lich(`echo FROM ${ENGINE_IMAGE} > Containerfile`),
    cause: () => lich(`podman rmi ${OTHER_IMAGE}`),
    expected:
      () => [["codex.images", "error", `${OTHER_IMAGE} does not exist, and no registry has it`]],
  },
  "the containers were killed together with the user's systemd": {
    async cause() {
      await lich("systemctl --user start soulstone-sage.service");
      return await root(
        `systemctl kill --signal=KILL user@1000.service
         while systemctl --quiet is-active user@1000.service; do sleep 0.1; done
         systemctl reset-failed user@1000.service; systemctl start user@1000.service`,
      );
    },
    // Podman 5.8 forgets such containers by itself.
    expected: async () =>
      !/^5\.4\./.test(await podmanVersion()) ? [] : [[
        "podman.info",
        "error",
        "Podman waits for containers that were killed together with the user's systemd",
      ]],
  },
  "an engine failed": {
    soulstones: { sage: engine(PORT, { start_timeout_seconds: 2 }, ["--health", "fail"]) },
    cause: () => lich("systemctl --user start soulstone-sage.service 2>&1 || true"),
    expected: () => [["systemd.units", "error", "soulstone-sage.service has failed (timeout)"]],
    diagnosis: { pattern: /start(?:-post)? operation timed out/, repair: startHealthySage },
  },
  "an engine is in a crash loop": {
    // doctor sees the loop while systemd waits.
    soulstones: {
      sage: engine(PORT, { quadlet: { Service: { RestartSec: 30 } } }, [
        ...["--exit-after", "3", "--exit-code", "3"],
      ]),
    },
    async cause() {
      const state = "systemctl --user show -P SubState soulstone-sage.service";
      await lich("systemctl --user start soulstone-sage.service");
      await waitUntil("it ended", 20, async () => /auto-restart/.test(await lich(state)));
      return "";
    },
    expected: () => [
      ["systemd.units", "error", "soulstone-sage.service keeps exiting and restarting"],
    ],
    diagnosis: { pattern: /status=3/, repair: startHealthySage },
  },
  "a device has no specification": {
    soulstones: { sage: GPU_SAGE },
    prepare: giveGpu,
    cause: () => root(`rm ${GPU_SPEC}`),
    expected: () => [["cdi.devices", "error", `${GPU} is not defined`]],
    getsGpu: false,
  },
  "a specification has the device numbers of an earlier boot": {
    soulstones: { sage: GPU_SAGE },
    prepare: giveGpu,
    cause: () => root(`sed -i 's/major: 508/major: 511/' ${GPU_SPEC}`),
    expected: () => [
      ["cdi.nodes", "warning", `${GPU_SPEC} has number 511:0 for /dev/nvidia-uvm, which is 508:0`],
    ],
    getsGpu: true,
  },
  "a specification names a missing library": {
    soulstones: { sage: GPU_SAGE },
    prepare: giveGpu,
    cause: () =>
      root(`echo '    mounts: [{hostPath: ${LIBRARY}, containerPath: ${LIBRARY}}]' >> ${GPU_SPEC}`),
    expected: () => [["cdi.nodes", "error", `${GPU_SPEC} names ${LIBRARY}, which does not exist`]],
    getsGpu: false,
  },
  "a specification is in a folder that a boot empties": {
    soulstones: { sage: GPU_SAGE },
    prepare: giveGpu,
    cause: () => root(`mkdir -p /var/run/cdi && mv ${GPU_SPEC} /var/run/cdi`),
    expected: () => [[
      "cdi.refresh",
      "warning",
      "/var/run/cdi/nvidia.yaml is lost at the next boot, and no service writes it again",
    ]],
    getsGpu: true,
  },
  "a specification is in a folder that this Podman does not read": {
    soulstones: { sage: GPU_SAGE },
    prepare: giveGpu,
    async cause() {
      // In a Podman that supports the setting, it replaces the standard folders. An older one
      // ignores it.
      if (!await supportsSetting()) await root(`mkdir /opt/cdi && mv ${GPU_SPEC} /opt/cdi`);
      return await root(`echo '${setting(`["/opt/cdi"]`)}' > ${SETTING}`);
    },
    async expected() {
      const podman = `Podman ${await podmanVersion()}`;
      const what = await supportsSetting()
        ? `${GPU_SPEC} is not read: ${podman} reads only /opt/cdi`
        : `/opt/cdi/nvidia.yaml is not read: ${podman} ignores cdi_spec_dirs in ${SETTING}`;
      return [["cdi.folders", "error", what]];
    },
    getsGpu: false,
  },
};

for (const [title, problem] of Object.entries(PROBLEMS)) {
  const { soulstones, prepare, cause, expected, stdin, getsGpu, diagnosis } = problem;
  hostTest(`${title}: doctor finds it, and the printed command fixes it`, async () => {
    await prepare?.();
    const before = problemsIn(await doctor());
    if (getsGpu !== undefined) assert.ok(await containerGetsGpu());

    const causeOutput = await cause();
    let now = problemsIn(await doctor());
    assert.deepEqual(without(before, now), []);
    assert.deepEqual(summaries(without(now, before)), await expected(causeOutput));
    if (getsGpu !== undefined) assert.equal(await containerGetsGpu(), getsGpu);

    // Fix one problem at a time: the first may be the cause of the others.
    for (let [first] = without(now, before); first; [first] = without(now, before)) {
      const output = await runFix(first.fix, stdin);
      if (diagnosis !== undefined) {
        assert.match(output, diagnosis.pattern);
        await diagnosis.repair();
      }
      now = problemsIn(await doctor());
      assert.deepEqual(without([first], now), [first], `not fixed by ${first.fix}`);
    }
    assert.deepEqual(summaries(now), summaries(before));
    if (getsGpu !== undefined) assert.ok(await containerGetsGpu());
  }, soulstones);
}

hostTest("on a healthy host doctor finds no problem, and is not slow", async () => {
  await using shell = lichShell();
  // The best of five runs, because other programs may use the machine. Doctor runs podman info, too.
  const [ours, podman] = [[Infinity], [Infinity]];
  for (let round = 0; round < 5; round++) {
    for (const [command, times] of [["lychd doctor", ours], ["podman info", podman]] as const) {
      const start = performance.now();
      assert.equal((await shell.run(`${command} >/dev/null`)).code, 0);
      times.push(performance.now() - start);
    }
  }
  const [best, base] = [Math.min(...ours), Math.min(...podman)];
  assert.ok(best < 10 * base, `${best} ms, and podman info alone ${base} ms`);

  const findings = await doctor();
  // On a machine with the controllers on cgroup v1, the lab has none.
  const hasControllers = /\bpids\b/.test(await lich("cat /sys/fs/cgroup/cgroup.controllers"));
  const noControllers = "not available on cgroup v2: cpu, memory, pids";
  assert.deepEqual(
    summaries(problemsIn(findings)),
    hasControllers ? [] : [["cgroup.controllers", "warning", noControllers]],
  );
  const skipped = findings.filter(({ state }) => state === "skipped").map(({ id }) => id);
  assert.deepEqual(skipped.filter((id) => !/^(?:gpu|cdi)\./.test(id)), [
    "host.selinux",
    "codex.keys",
    "codex.models",
    "codex.vram",
    ...["vessel.binary", "vessel.running", "vessel.keys", "vessel.portals"],
  ]);
});

hostTest("ports that lychd's own pod holds are not a problem", async () => {
  await lich("systemctl --user start soulstone-sage.service");
  assert.deepEqual(summaries(await doctor("--only", "codex.ports")), [
    ["codex.ports", "ok", "1 port, in use by lychd"],
  ]);
});

/** The folders of specifications: the standard ones, and one of the operator. */
const FOLDERS = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"];
const USER = "/home/lich/.config/containers";

/** Settings of an operator, as files in the order of writing. */
const FOLDER_SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "none": {},
  "one folder": { [`${USER}/containers.conf`]: setting(`["/opt/cdi"]`) },
  "a file of the user overrides a file of the system": {
    [`${USER}/containers.conf`]: setting(`["/run/cdi"]`),
    [SETTING]: setting(`["/opt/cdi"]`),
  },
  "the last file by name in a folder": {
    [`${USER}/containers.conf.d/20.conf`]: setting(`["/opt/cdi"]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi"]`),
  },
  "a drop-in overrides containers.conf": {
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/opt/cdi", "/etc/cdi"]`),
    [`${USER}/containers.conf`]: setting(`["/run/cdi"]`),
  },
  "a file without the ending .conf": {
    [`${USER}/containers.conf.d/10.conf.bak`]: setting(`["/opt/cdi"]`),
  },
  "one folder on each line": {
    [`${USER}/containers.conf`]: setting(`[\n  "/opt/cdi",\n  "/etc/cdi"\n]`),
  },
  "two folders on a line, with comments": {
    [`${USER}/containers.conf`]: setting(
      `[ # ours\n  "/opt/cdi", "/etc/cdi", # both\n  # "/run/cdi",\n]`,
    ),
  },
  "another folder in a comment": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi"] # not "/etc/cdi"`),
  },
  "commented out": { [`${USER}/containers.conf`]: `[engine]\n#cdi_spec_dirs = ["/opt/cdi"]\n` },
  "followed by another key": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi"]\nhooks_dir = [\n  "/etc/cdi",\n]`),
  },
  "literal strings": { [`${USER}/containers.conf`]: setting(`[\n  '/opt/cdi',\n]`) },
  "appended": { [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`) },
  "appended to the setting of the system": {
    [SETTING]: setting(`["/etc/cdi"]`),
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
  },
  "appended, and a drop-in without append": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi"]`),
  },
  "appended, and a drop-in with append=false": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi", {append=false}]`),
  },
  "an empty list": { [`${USER}/containers.conf`]: setting("[]") },
};

/** Files by the device that they define: in one folder, in all folders, and twice in one folder. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "lychd.test/etc=0": ["/etc/cdi/etc.yaml"],
  "lychd.test/run=0": ["/var/run/cdi/run.yaml"],
  "lychd.test/opt=0": ["/opt/cdi/opt.yaml"],
  "lychd.test/all=0": FOLDERS.map((folder) => `${folder}/all.yaml`),
  "lychd.test/twice=0": ["/etc/cdi/one.yaml", "/etc/cdi/two.yaml"],
};

hostTest("doctor names exactly the folders and files that Podman reads", async () => {
  for (const [device, paths] of Object.entries(PLACES)) {
    for (const path of paths) await write(path, placeSpec(device, path));
  }
  const claimed: Record<string, unknown> = {};
  const real: Record<string, unknown> = {};
  for (const [title, files] of Object.entries(FOLDER_SETTINGS)) {
    await root(`rm -rf ${USER} ${SETTING}`);
    for (const [path, text] of Object.entries(files)) await write(path, text);
    claimed[title] = await claimedPlaces();
    real[title] = await realPlaces();
  }
  assert.deepEqual(claimed, real);
}, { sage: engine(PORT, { devices: Object.keys(PLACES) }) });

hostTest("doctor refuses exactly the specifications that Podman refuses", async () => {
  const folder = new URL("../doctor/cdi/", import.meta.url);
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml")).sort();
  const claimed: Record<string, boolean> = {};
  const real: Record<string, boolean> = {};
  for (const file of files) {
    await write(GPU_SPEC, await Deno.readTextFile(new URL(file, folder)));
    claimed[file] = problemsIn(await doctor("--only", "cdi.specs")).length > 0;
    const { stderr } = await lichExec(
      [
        "podman",
        "run",
        "--rm",
        "--entrypoint=/bin/true",
        "--device",
        `${GPU_KIND}=all`,
        ENGINE_IMAGE,
      ],
    );
    // The nodes of the accepted ones do not exist.
    assert.match(stderr, /unresolvable CDI devices|failed to stat CDI host device/);
    real[file] = /unresolvable CDI devices/.test(stderr);
  }
  assert.deepEqual(claimed, real);
  assert.deepEqual(new Set(Object.values(real)), new Set([false, true]));
}, { sage: { ...SAGE, devices: [`${GPU_KIND}=all`] } });

/** Returns a specification whose device has its path in a variable. */
function placeSpec(device: string, path: string): string {
  const [kind, name] = device.split("=");
  const devices = [{ name, containerEdits: { env: [`PLACE=${path}`] } }];
  return JSON.stringify({ cdiVersion: "0.5.0", kind, devices });
}

/** Returns the file that defines each device, according to doctor. */
async function claimedPlaces(): Promise<Record<string, string>> {
  const findings = await doctor("--only", "cdi.devices");
  return Object.fromEntries(findings.map(({ state, what }) => {
    const [device = "", place] = what.split(" is defined in ");
    return state === "ok"
      ? [device, realPath(place ?? "")]
      : [/^(?:see \S+: )?([^ :]+)/.exec(what)?.[1], "nowhere"];
  }));
}

/** Returns the file that defines each device, according to a container with the device. */
async function realPlaces(): Promise<Record<string, string>> {
  const places: [string, string][] = [];
  for (const device of Object.keys(PLACES).sort()) {
    const { code, stdout, stderr } = await lichExec([
      ...["podman", "run", "--rm", "--entrypoint=/bin/sh", "--device", device],
      ...[ENGINE_IMAGE, "-c", "echo $PLACE"],
    ]);
    if (code !== 0) assert.match(stderr, /unresolvable CDI devices/);
    places.push([device, code === 0 ? realPath(stdout.trim()) : "nowhere"]);
  }
  return Object.fromEntries(places);
}

/** Resolves the symlink from /var/run to /run. */
function realPath(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}

/** Folders that `podman info` changes: its own, and those of the scope that systemd creates. */
const PODMAN_FOLDERS = [
  "/home/lich/.local/share/containers",
  "/run/user/1000/containers",
  "/run/user/1000/libpod",
  "/run/user/1000/systemd/transient",
  "/run/user/1000/systemd/units",
];

hostTest("doctor writes nothing", async () => {
  const pruned = PODMAN_FOLDERS.map((path) => `-path ${path}`).join(" -o ");
  const listing = () =>
    root(`find /home/lich /etc /run/user/1000 \\( ${pruned} \\) -prune -o \\
      -printf '%p %y %m %U %s %T@ %C@ %l\\n' | sort`);
  const before = await listing();
  assert.match(before, /^\/home\/lich\/\.config\/containers\/systemd\/lychd\/soulstone-sage\./m);
  await doctor();
  await lich("lychd doctor --facts");
  assert.equal(await listing(), before);
});

hostTest("before the first use of Podman, doctor creates only files of podman info", async () => {
  const filesAfter = (command: string) =>
    lich(`mkdir fresh && HOME=~/fresh ${command} > /dev/null && cd fresh && find . | sort`);
  const expected = await filesAfter("podman info");
  assert.match(expected, /^\.\/\.local\/share\/containers\/storage$/m);
  await lich("rm -r fresh");
  assert.equal(await filesAfter("lychd doctor"), expected);
});

hostTest("doctor --facts omits user and host names and keeps the findings", async () => {
  await giveGpu();
  await root(`${LOGIN}; loginctl disable-linger lich`);
  await lich("rmdir models; podman secret rm token");
  const here = await doctor();
  const facts = await lich("lychd doctor --facts | tee facts.json");

  const host = (await root("hostname")).trim();
  assert.match(facts, /"command": "\/usr\/bin\/podman info --format json"/);
  assert.doesNotMatch(facts, /lich/i);
  assert.ok(!facts.includes(host));
  const there = await doctor("--facts", "facts.json");
  assert.deepEqual(
    problemsIn(there).map(({ id }) => id).filter((id) => !id.startsWith("cgroup.")),
    ["systemd.linger", "gpu.found", "codex.secrets", "codex.volumes"],
  );
  // Both runs read the same Codex, so some names are real in both.
  const anonymous = (findings: readonly Finding[]) =>
    JSON.stringify(findings, null, 1).replaceAll("/home/lich", "/home/user")
      .replaceAll(/\blich\b/g, "user").replaceAll(host, "host");
  assert.equal(anonymous(there), anonymous(here));
}, { sage: GPU_SAGE });

for (
  const [podman, script] of [["that hangs", "exec sleep 3600"], [
    "whose child hangs",
    "sleep 3600",
  ]] as const
) {
  hostTest(`doctor reports a Podman ${podman}, and exits`, async () => {
    await write("/run/slow-podman", `#!/bin/sh\n${script}\n`);
    await root("chmod 755 /run/slow-podman; mount --bind /run/slow-podman /usr/bin/podman");
    const { code, stdout, stderr } = await lichExec(["lychd", "doctor"], { timeoutSeconds: 60 });
    assert.equal(code, 5);
    assert.match(stderr, /^lychd: still waiting for \/usr\/bin\/podman info --format json$/m);
    assert.match(stdout, / {2}error {3}info {9}Podman does not answer in time\n/);
    assert.match(stdout, / {2}ok {6}linger {7}lingering is enabled for lich\n/);
    const { commands } = JSON.parse(await lich("lychd doctor --facts 2> /dev/null"));
    assert.deepEqual(commands["podman-info"], {
      command: "/usr/bin/podman info --format json",
      failed: "no answer in 3000 ms",
    });
  });
}

/** Returns the only problem of the checks of `group`. */
async function onlyProblem(group: string, run = doctor): Promise<Finding> {
  const problems = problemsIn(await run("--only", group));
  assert.equal(problems.length, 1, JSON.stringify(problems));
  return problems[0]!;
}

/** Makes Podman forget its user namespace: it has to create another one. */
const FORGET_NAMESPACE = "until podman system migrate; do sleep 1; done";

hostTest("newuidmap without its setuid bit: doctor has Podman's words and the fix", async () => {
  await lich(FORGET_NAMESPACE);
  await root("chmod u-s /usr/bin/newuidmap");
  const { id, state, what, fix } = await onlyProblem("podman,host");
  assert.deepEqual([id, state, fix], [
    "podman.info",
    "error",
    "sudo chmod u+s /usr/bin/newuidmap",
  ]);
  assert.match(what, /newuidmap: write to uid_map failed: Operation not permitted/);
  const skipped = (await doctor()).filter(({ state }) => state === "skipped");
  assert.deepEqual(skipped.filter(({ what }) => what.startsWith("see podman.version")), []);
  await runFix(fix);
  assert.deepEqual(problemsIn(await doctor("--only", "podman,host")), []);
});

/** Adds keys to the keyring of the user until COUNT exist: the numbers are those of add_key() and keyctl(). */
const ADD_KEYS =
  `perl -e 'my ($type, $value) = ("user", "x"); for (1..$ARGV[0]) { my $key = "key$_"; syscall(248, $type, $key, $value, 1, -4) >= 0 or die $! }'`;
const CLEAR_KEYS = `perl -e 'syscall(250, 7, -4)'`;

hostTest(
  "few kernel keys are left: doctor finds it, and the printed command fixes it",
  async () => {
    const limits = ["kernel.keys.maxkeys", "kernel.keys.maxbytes"];
    const before = (await root(`sysctl ${limits.join(" ")} | tr -d ' '`)).trim().split("\n");
    try {
      const [, used, most] = /(\d+)\/(\d+) \d+\/\d+\s*$/.exec(
        await lich("grep ' 1000:' /proc/key-users"),
      ) ?? [];
      // Other labs share the keys of this user number, so some are left.
      await lich(`${ADD_KEYS} ${Number(most) - Number(used) - 40}`);
      const { id, state, what, fix } = await onlyProblem("host");
      assert.deepEqual([id, state], ["host.limits", "warning"]);
      assert.match(what, new RegExp(`^the user has 1\\d\\d of ${most} kernel keys`));
      await runFix(fix);
      assert.deepEqual(problemsIn(await doctor("--only", "host")), []);
    } finally {
      await lich(CLEAR_KEYS);
      // These are settings of the whole machine.
      await root(`rm -f /etc/sysctl.d/60-lychd-*; sysctl -q -w ${before.join(" ")}`);
    }
  },
);

hostTest("no user namespaces: doctor finds it, and the printed command fixes it", async () => {
  // A namespace of its own has a setting of its own.
  await lich(FORGET_NAMESPACE);
  await root(
    "systemd-run --quiet --unit=holder unshare --user --map-users=0:0:200000 --map-groups=0:0:200000 sleep infinity",
  );
  const pid = (await root("systemctl show --property=MainPID --value holder")).trim();
  const inside = (script: string) => root(`nsenter --user=/proc/${pid}/ns/user ${script}`);
  const asLich = "setpriv --reuid=1000 --regid=1000 --init-groups env --chdir=/home/lich" +
    " HOME=/home/lich XDG_RUNTIME_DIR=/run/user/1000";
  const doctorInside = async (...args: string[]): Promise<readonly Finding[]> =>
    JSON.parse(await inside(`${asLich} lychd doctor --json ${args.join(" ")} || true`)).findings;
  try {
    await inside("bash -c 'echo 0 > /proc/sys/user/max_user_namespaces'");
    const { id, state, what, fix } = await onlyProblem("podman", doctorInside);
    assert.deepEqual([id, state], ["podman.info", "error"]);
    assert.match(what, /user namespaces are not enabled in \/proc\/sys\/user\/max_user_namespaces/);
    await inside(`bash -c ${shellWord(asRoot(fix ?? ""))}`);
    assert.deepEqual(problemsIn(await doctorInside("--only", "podman")), []);
  } finally {
    await inside(`${asLich} podman system migrate`);
    await root("systemctl stop holder; rm -f /etc/sysctl.d/60-lychd-*");
  }
});

labTest("doctor reads the label of a file as chcon writes it", async () => {
  await labUp();
  const folder = "/srv/labels";
  const context = "system_u:object_r:container_ro_file_t:s0:c1,c2";
  try {
    await root(`mkdir -p ${folder}; touch ${folder}/{plain,labelled}
      chcon ${context} ${folder}/labelled`);
    const command = `stat -L '${LABEL_FORMAT}' -- ${folder}/plain ${folder}/labelled`;
    // It fails for a file without a label.
    const stdout = (await lich(`${command} || true`)).trim().split("\n");
    const labels = { command, exit: 1, stdout, stderr: [] };
    const commands = { "selinux-labels": labels };
    const facts = { format: 1, lychd: "", environment: {}, commands } as const;
    assert.deepEqual([...labelsOf(facts)], [
      [`${folder}/labelled`, { context, type: "container_ro_file_t", isPrivate: true }],
    ]);
  } finally {
    await root(`rm -rf ${folder}`);
  }
});

/** Registers a test on a healthy host, with a rendered Codex and everything that it needs. */
function hostTest(
  name: string,
  body: () => Promise<void>,
  soulstones: Readonly<Record<string, Fields>> = { sage: SAGE },
): void {
  labTest(name, async () => {
    await labUp();
    await putBinary();
    // A killed test may not have restored the host.
    await restoreHost();
    try {
      await writeCodex(soulstones, SETTINGS);
      await lich(`mkdir -p models
        podman secret create token - <<< secret
        podman tag ${ENGINE_IMAGE} ${OTHER_IMAGE}
        lychd render`);
      await body();
    } finally {
      await restoreHost();
    }
  });
}

/** Reverts the changes of every test, if there are any. */
async function restoreHost(): Promise<void> {
  await root(`umount -q /usr/bin/podman || true
    loginctl enable-linger lich
    systemctl start user@1000
    systemctl stop --quiet login 2> /dev/null || true
    rm -rf /run/slow-podman ${FOLDERS.join(" ")} ${SETTING} /etc/systemd/user-generators
    rm -f /usr/bin/nvidia-ctk /dev/nvidia0 /dev/nvidia-uvm
    ln -sfn /usr/libexec/podman/quadlet /usr/lib/${GENERATOR}
    chmod u+s /usr/bin/newuidmap
    echo lich:100000:65536 | tee /etc/subuid > /etc/subgid`);
  await using shell = lichShell();
  await clear(shell);
  await lich(`systemctl --user stop --quiet holder 2> /dev/null || true
    [ ! -e holder ] || kill "$(cat holder)" 2> /dev/null || true
    rm -rf holder models fresh facts.json Containerfile
    until podman system migrate; do sleep 1; done
    podman rm --force --ignore --time 0 holder
    podman secret rm --ignore token
    podman rmi --ignore ${OTHER_IMAGE}`);
}

/** Runs a script as lich and returns its stdout. Throws its output if it fails. */
function lich(script: string, stdin?: string): Promise<string> {
  return run(script, { ...stdin === undefined ? {} : { stdin } });
}

/** Runs a script as root and returns its stdout. Throws its output if it fails. */
function root(script: string, stdin?: string): Promise<string> {
  return run(script, { root: true, ...stdin === undefined ? {} : { stdin } });
}

async function run(script: string, options: { root?: boolean; stdin?: string }): Promise<string> {
  const words = ["bash", "-ec", script];
  const { code, stdout, stderr } = await lichExec(words, { timeoutSeconds: 60, ...options });
  if (code !== 0) throw new Error(`exit ${code}: ${script}\n${stdout}${stderr}`);
  return stdout;
}

/** Writes a file and creates its folder. The owner is lich below lich's home, and root otherwise. */
async function write(path: string, text: string): Promise<void> {
  const as = path.startsWith("/home/lich/") ? lich : root;
  await as(`mkdir -p "$(dirname ${path})" && cat > ${path}`, text);
}

async function doctor(...args: string[]): Promise<readonly Finding[]> {
  const result = await lichExec(["lychd", "doctor", "--json", ...args], { timeoutSeconds: 60 });
  const { findings } = JSON.parse(result.stdout) as { findings: readonly Finding[] };
  assert.equal(result.code, findings.some(({ state }) => state === "error") ? 5 : 0, result.stderr);
  return findings;
}

function problemsIn(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ state }) => state === "warning" || state === "error");
}

function summaries(findings: readonly Finding[]): readonly Summary[] {
  return findings.map(({ id, state, what }) => [id, state, what]);
}

/** Returns the findings that are not in `others`. */
function without(findings: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  const known = new Set(summaries(others).map(String));
  return findings.filter((finding) => !known.has(String(summaries([finding])[0])));
}

/** Runs the command of a finding. The lab has no sudo, so root runs the command after `sudo`. */
async function runFix(fix: string | null, stdin = ""): Promise<string> {
  assert.ok(fix !== null);
  let output = "";
  for (const part of fix.replace(/ {4}# .*$/, "").split(" && ")) {
    const bare = asRoot(part);
    assert.doesNotMatch(bare, /\bsudo\b/, fix);
    output += await run(bare, { root: bare !== part, stdin });
  }
  return output;
}

/** Removes `sudo`, also behind a pipe. */
function asRoot(line: string): string {
  return line.replace(/(^|\| |&& )sudo /g, "$1");
}

/** Fixes the engine, like an operator who has read why it exited. */
async function startHealthySage(): Promise<void> {
  await writeCodex({ sage: SAGE }, SETTINGS);
  await lich("lychd render && systemctl --user start soulstone-sage.service");
}

/** Creates NVIDIA's device nodes and their specification. The kernel may assign the number 508. */
async function giveGpu(): Promise<void> {
  await write("/usr/bin/nvidia-ctk", NVIDIA_CTK);
  await root(
    `chmod 755 /usr/bin/nvidia-ctk
     mknod -m 666 /dev/nvidia0 c 195 0
     mknod -m 666 /dev/nvidia-uvm c 508 0
     mkdir -p /etc/cdi
     nvidia-ctk cdi generate --output=${GPU_SPEC}`,
  );
}

/** Returns true if a container gets the GPU. */
async function containerGetsGpu(): Promise<boolean> {
  const { code, stderr } = await lichExec(
    ["podman", "run", "--rm", "--entrypoint=/bin/true", "--device", GPU, ENGINE_IMAGE],
  );
  assert.ok(code === 0 || code === 126, stderr);
  return code === 0;
}

function setting(folders: string): string {
  return `[engine]\ncdi_spec_dirs = ${folders}\n`;
}

async function podmanVersion(): Promise<string> {
  return (await lich("podman version --format {{.Client.Version}}")).trim();
}

/** Returns true if Podman supports cdi_spec_dirs: 5.5 or newer (podman#25691). */
async function supportsSetting(): Promise<boolean> {
  const [major = 0, minor = 0] = (await podmanVersion()).split(".").map(Number);
  return major > 5 || major === 5 && minor >= 5;
}
