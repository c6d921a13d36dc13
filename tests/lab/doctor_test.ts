/**
 * `lychd doctor` on a real host, by the binary: each fault is made, found, mended by the very command
 * that doctor prints, and found no more.
 */
import assert from "node:assert/strict";
import { clear, engine, ENGINE_IMAGE, type Fields } from "./host_codex.ts";
import { putBinary, putCodex, until } from "./host_codex.ts";
import { labTest, labUp, lichExec, lichShell } from "./lab.ts";

/** One finding of `lychd doctor --json`. */
interface Finding {
  readonly id: string;
  readonly state: "ok" | "warning" | "error" | "skipped";
  readonly what: string;
  readonly why: string;
  readonly fix: string | null;
}

/** A finding in short: id, state, what. */
type Summary = readonly [string, Finding["state"], string];

/** A fault of a host. */
interface Fault {
  readonly soulstones?: Readonly<Record<string, Fields>>;
  /** What the host has besides, before anything is wrong. */
  readonly given?: () => Promise<unknown>;
  readonly make: () => Promise<string>;
  /** What doctor says of it; `made` is what `make` printed. */
  readonly found: (made: string) => readonly Summary[] | Promise<readonly Summary[]>;
  /** What the command reads. */
  readonly stdin?: string;
  /** Whether a container gets the GPU meanwhile. */
  readonly reachesGpu?: boolean;
  /** Where the command does not mend but shows what is wrong: this, and what the operator then does. */
  readonly shown?: { readonly words: RegExp; readonly cure: () => Promise<unknown> };
}

const PORT = 8790;
const SAGE = engine(PORT, { secrets: ["token"], volumes: ["~/models:/models:ro"] });
const OTHER_IMAGE = "localhost/other-engine:latest";
/** No watchers: their images are in a registry, and the lab has no way out. */
const SETTINGS = { harvester: { enabled: false }, scribe: { enabled: false } };

const GPU = "nvidia.com/gpu=0";
const GPU_SAGE = { ...SAGE, devices: [GPU] };
const GPU_SPEC = "/etc/cdi/nvidia.yaml";
const LIBRARY = "/usr/lib/libcuda.so.570.86.15";
/**
 * Stand-in for NVIDIA's toolkit, which does not run without a driver: it writes a specification of
 * the nodes that are there, as the real one does.
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

/** The operator's own setting, for the whole system. */
const SETTING = "/etc/containers/containers.conf.d/50-cdi.conf";
const GENERATOR = "systemd/user-generators/podman-user-generator";
const NO_GENERATOR: Summary = [
  "quadlet.generator",
  "error",
  "no folder of systemd's user generators has podman-user-generator",
];
const LISTEN = `busybox nc -ll -p ${PORT} -e true`;
const UNTIL_IT_LISTENS = `until ss -Hltn 'sport = :${PORT}' | grep -q .; do sleep 0.05; done`;
/** A session of lich's: without one systemd ends all that is lich's as soon as linger is off. */
const LOGIN = "systemd-run --quiet --unit=login -p User=lich -p PAMName=login sleep infinity";

const FAULTS: Readonly<Record<string, Fault>> = {
  "linger is off": {
    given: () => root(LOGIN),
    make: () => root("loginctl disable-linger lich"),
    found: () => [["systemd.linger", "error", "linger is off for lich"]],
  },
  "the generator's link is gone": {
    make: () => root(`rm /usr/lib/${GENERATOR}`),
    found: () => [NO_GENERATOR],
  },
  "the generator's link leads nowhere": {
    make: () => root(`ln -sf /usr/lib/podman/quadlet /usr/lib/${GENERATOR}`),
    found: () => [NO_GENERATOR],
  },
  "the generator is masked, and systemd has noticed": {
    async make() {
      await root(`mkdir -p "$(dirname /etc/${GENERATOR})" && ln -s /dev/null /etc/${GENERATOR}`);
      return await lich("systemctl --user daemon-reload");
    },
    found: () => [
      ["quadlet.generator", "error", `the generator is masked by /etc/${GENERATOR}`],
    ],
  },
  "the user has no sub-ids": {
    async make() {
      await root("sed -i /^lich:/d /etc/subuid /etc/subgid");
      // Else Podman goes on with what it took before.
      return await lich("podman system migrate");
    },
    found: () => [["podman.subids", "error", "lich has fewer than 65536 sub-uids and sub-gids"]],
  },
  "a process of the user holds a port": {
    make: () => lich(`setsid ${LISTEN} &> /dev/null & echo $! | tee holder; ${UNTIL_IT_LISTENS}`),
    found: (made) => [
      ["codex.ports", "error", `port ${PORT} of sage is held by busybox (${made.trim()})`],
    ],
  },
  "a unit of the user holds a port": {
    make: () => lich(`systemd-run --user --quiet --unit=holder ${LISTEN}; ${UNTIL_IT_LISTENS}`),
    found: () => [
      ["codex.ports", "error", `port ${PORT} of sage is held by busybox of holder.service`],
    ],
  },
  "a secret is missing": {
    make: () => lich("podman secret rm token"),
    found: () => [["codex.secrets", "error", "the secret token is not there"]],
    stdin: "secret",
  },
  "the source of a volume is missing": {
    make: () => lich("rmdir models"),
    found: () => [["codex.volumes", "error", "sage: /home/lich/models is not there"]],
  },
  "an image is missing that no registry has": {
    soulstones: { sage: { ...SAGE, image: OTHER_IMAGE } },
    given: () => lich(`echo FROM ${ENGINE_IMAGE} > Containerfile`),
    make: () => lich(`podman rmi ${OTHER_IMAGE}`),
    found: () => [["codex.images", "error", `${OTHER_IMAGE} is not there, and no registry has it`]],
  },
  "an engine failed": {
    soulstones: { sage: engine(PORT, { start_timeout_seconds: 2 }, ["--health", "fail"]) },
    make: () => lich("systemctl --user start soulstone-sage.service 2>&1 || true"),
    found:
      () => [["systemd.units", "error", "soulstone-sage.service is in the state failed (timeout)"]],
    shown: { words: /start operation timed out/, cure: startHealthySage },
  },
  "an engine ends again and again": {
    soulstones: { sage: engine(PORT, {}, ["--exit-after", "3", "--exit-code", "3"]) },
    async make() {
      const state = "systemctl --user show -P SubState soulstone-sage.service";
      await lich("systemctl --user start soulstone-sage.service");
      await until("it ended", 20, async () => /auto-restart/.test(await lich(state)));
      return "";
    },
    found: () => [
      ["systemd.units", "error", "soulstone-sage.service is started again and again, and ends"],
    ],
    shown: { words: /status=3/, cure: startHealthySage },
  },
  "a device has no specification": {
    soulstones: { sage: GPU_SAGE },
    given: giveGpu,
    make: () => root(`rm ${GPU_SPEC}`),
    found: () => [["cdi.devices", "error", `${GPU} is not defined`]],
    reachesGpu: false,
  },
  "a specification has the numbers of another boot": {
    soulstones: { sage: GPU_SAGE },
    given: giveGpu,
    make: () => root(`sed -i 's/major: 508/major: 511/' ${GPU_SPEC}`),
    found: () => [
      ["cdi.nodes", "warning", `${GPU_SPEC} says 511:0 of /dev/nvidia-uvm, which is 508:0`],
    ],
    reachesGpu: true,
  },
  "a specification names a library that is gone": {
    soulstones: { sage: GPU_SAGE },
    given: giveGpu,
    make: () =>
      root(`echo '    mounts: [{hostPath: ${LIBRARY}, containerPath: ${LIBRARY}}]' >> ${GPU_SPEC}`),
    found: () => [["cdi.nodes", "error", `${GPU_SPEC} names ${LIBRARY}, which is not there`]],
    reachesGpu: false,
  },
  "a specification lies where this Podman does not look": {
    soulstones: { sage: GPU_SAGE },
    given: giveGpu,
    async make() {
      // To a Podman that heeds the setting it takes the standard folders away; to an older one
      // nothing.
      if (!await heedsSetting()) await root(`mkdir /opt/cdi && mv ${GPU_SPEC} /opt/cdi`);
      return await root(`echo '${setting(`["/opt/cdi"]`)}' > ${SETTING}`);
    },
    async found() {
      const podman = `Podman ${await podmanVersion()}`;
      const what = await heedsSetting()
        ? `${GPU_SPEC} is not read: ${podman} looks into /opt/cdi only`
        : `/opt/cdi/nvidia.yaml is not read: ${podman} does not heed cdi_spec_dirs of ${SETTING}`;
      return [["cdi.folders", "error", what]];
    },
    reachesGpu: false,
  },
};

for (const [title, fault] of Object.entries(FAULTS)) {
  const { soulstones, given, make, found, stdin, reachesGpu, shown } = fault;
  hostTest(`${title}: found, mended by the command that is printed, found no more`, async () => {
    await given?.();
    const before = problemsIn(await doctor());
    if (reachesGpu !== undefined) assert.ok(await getsGpu());

    const made = await make();
    let now = problemsIn(await doctor());
    assert.deepEqual(without(before, now), []);
    assert.deepEqual(summaries(without(now, before)), await found(made));
    if (reachesGpu !== undefined) assert.equal(await getsGpu(), reachesGpu);

    // One at a time: what is told first may be why the others are.
    for (let [first] = without(now, before); first; [first] = without(now, before)) {
      const said = await runFix(first.fix, stdin);
      if (shown !== undefined) {
        assert.match(said, shown.words);
        await shown.cure();
      }
      now = problemsIn(await doctor());
      assert.deepEqual(without([first], now), [first], `it is still there after ${first.fix}`);
    }
    assert.deepEqual(summaries(now), summaries(before));
    if (reachesGpu !== undefined) assert.ok(await getsGpu());
  }, soulstones);
}

hostTest("on a host where all is well doctor finds nothing, and soon", async () => {
  await using shell = lichShell();
  // The best of some: others work on this machine too. It asks Podman, and much else at the same time.
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
  // What the lab cannot have, on a machine that keeps the controllers on cgroup v1.
  const hasControllers = /\bpids\b/.test(await lich("cat /sys/fs/cgroup/cgroup.controllers"));
  const noControllers = "the kernel has cpu, memory, pids on cgroup v1, or not at all";
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
  ]);
});

hostTest("ports that our own pod holds are no fault", async () => {
  await lich("systemctl --user start soulstone-sage.service");
  assert.deepEqual(summaries(await doctor("--only", "codex.ports")), [
    ["codex.ports", "ok", "our own pod holds 1, 0 ports free"],
  ]);
});

/** Where a specification may lie: in the standard folders, and in one of the operator's. */
const FOLDERS = ["/etc/cdi", "/var/run/cdi", "/opt/cdi"];
const USER = "/home/lich/.config/containers";

/** Settings of an operator: files in the order in which they are written. */
const FOLDER_SETTINGS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "none": {},
  "one folder": { [`${USER}/containers.conf`]: setting(`["/opt/cdi"]`) },
  "the user's wins over the system's": {
    [`${USER}/containers.conf`]: setting(`["/run/cdi"]`),
    [SETTING]: setting(`["/opt/cdi"]`),
  },
  "the last by name of one folder": {
    [`${USER}/containers.conf.d/20.conf`]: setting(`["/opt/cdi"]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi"]`),
  },
  "a drop-in wins over containers.conf": {
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/opt/cdi", "/etc/cdi"]`),
    [`${USER}/containers.conf`]: setting(`["/run/cdi"]`),
  },
  "a file that is no .conf": {
    [`${USER}/containers.conf.d/10.conf.bak`]: setting(`["/opt/cdi"]`),
  },
  "a folder to a line": {
    [`${USER}/containers.conf`]: setting(`[\n  "/opt/cdi",\n  "/etc/cdi"\n]`),
  },
  "two folders in one of several lines, and comments": {
    [`${USER}/containers.conf`]: setting(
      `[ # ours\n  "/opt/cdi", "/etc/cdi", # both\n  # "/run/cdi",\n]`,
    ),
  },
  "a comment with another folder": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi"] # not "/etc/cdi"`),
  },
  "a comment": { [`${USER}/containers.conf`]: `[engine]\n#cdi_spec_dirs = ["/opt/cdi"]\n` },
  "another key after it": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi"]\nhooks_dir = [\n  "/etc/cdi",\n]`),
  },
  "literal strings": { [`${USER}/containers.conf`]: setting(`[\n  '/opt/cdi',\n]`) },
  "appended": { [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`) },
  "appended to the system's": {
    [SETTING]: setting(`["/etc/cdi"]`),
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
  },
  "appended, and once more by a drop-in that does not say so": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi"]`),
  },
  "appended, and a drop-in that does not": {
    [`${USER}/containers.conf`]: setting(`["/opt/cdi", {append=true}]`),
    [`${USER}/containers.conf.d/10.conf`]: setting(`["/etc/cdi", {append=false}]`),
  },
  "an empty list": { [`${USER}/containers.conf`]: setting("[]") },
};

/** Files by the device that they define: of one folder, of all, and two of one folder. */
const PLACES: Readonly<Record<string, readonly string[]>> = {
  "lychd.test/etc=0": ["/etc/cdi/etc.yaml"],
  "lychd.test/run=0": ["/var/run/cdi/run.yaml"],
  "lychd.test/opt=0": ["/opt/cdi/opt.yaml"],
  "lychd.test/all=0": FOLDERS.map((folder) => `${folder}/all.yaml`),
  "lychd.test/twice=0": ["/etc/cdi/one.yaml", "/etc/cdi/two.yaml"],
};

hostTest(
  "the folders and files that doctor says Podman reads are those that it reads",
  async () => {
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
  },
  { sage: engine(PORT, { devices: Object.keys(PLACES) }) },
);

/** A specification whose device tells where it was found. */
function placeSpec(device: string, path: string): string {
  const [kind, name] = device.split("=");
  const devices = [{ name, containerEdits: { env: [`PLACE=${path}`] } }];
  return JSON.stringify({ cdiVersion: "0.5.0", kind, devices });
}

/** The file that defines each device, as doctor claims. */
async function claimedPlaces(): Promise<Record<string, string>> {
  const findings = await doctor("--only", "cdi.devices");
  return Object.fromEntries(findings.map(({ state, what }) => {
    const [device = "", place] = what.split(" is in ");
    return state === "ok"
      ? [device, realPath(place ?? "")]
      : [/^[^ :]+/.exec(what)?.[0], "nowhere"];
  }));
}

/** The same by a container to which Podman gives the device. */
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

/** /var/run is a link to /run. */
function realPath(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}

/** Podman's own, of which `podman info` locks and touches some; it also has a scope made by systemd. */
const OF_PODMAN = [
  "/home/lich/.local/share/containers",
  "/run/user/1000/containers",
  "/run/user/1000/libpod",
  "/run/user/1000/systemd/transient",
  "/run/user/1000/systemd/units",
];

hostTest("doctor writes nothing", async () => {
  const pruned = OF_PODMAN.map((path) => `-path ${path}`).join(" -o ");
  const listing = () =>
    root(`find /home/lich /etc /run/user/1000 \\( ${pruned} \\) -prune -o \\
      -printf '%p %y %m %U %s %T@ %C@ %l\\n' | sort`);
  const before = await listing();
  assert.match(before, /^\/home\/lich\/\.config\/containers\/systemd\/lychd\/soulstone-sage\./m);
  await doctor();
  await lich("lychd doctor --facts");
  assert.equal(await listing(), before);
});

hostTest("where Podman never ran doctor makes what podman info makes, and no more", async () => {
  const madeBy = (command: string) =>
    lich(`mkdir fresh && HOME=~/fresh ${command} > /dev/null && cd fresh && find . | sort`);
  const ofPodman = await madeBy("podman info");
  assert.match(ofPodman, /^\.\/\.local\/share\/containers\/storage$/m);
  await lich("rm -r fresh");
  assert.equal(await madeBy("lychd doctor"), ofPodman);
});

hostTest("facts for a report name neither user nor host, and say the same", async () => {
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
  // The Codex is read here in both cases, so some names are the real ones in both.
  const anonymous = (findings: readonly Finding[]) =>
    JSON.stringify(findings, null, 1).replaceAll("/home/lich", "/home/user")
      .replaceAll(/\blich\b/g, "user").replaceAll(host, "host");
  assert.equal(anonymous(there), anonymous(here));
}, { sage: GPU_SAGE });

for (
  const [how, script] of [["itself", "exec sleep 3600"], ["by a child", "sleep 3600"]] as const
) {
  hostTest(`a Podman that hangs ${how} is a fact, and doctor ends in time`, async () => {
    await write("/run/slow-podman", `#!/bin/sh\n${script}\n`);
    await root("chmod 755 /run/slow-podman; mount --bind /run/slow-podman /usr/bin/podman");
    const { code, stdout, stderr } = await lichExec(["lychd", "doctor"], { timeoutSeconds: 60 });
    assert.equal(code, 5);
    assert.match(stderr, /^lychd: still waiting for \/usr\/bin\/podman info --format json$/m);
    assert.match(stdout, /✗ error {3}version {6}Podman does not answer in time\n/);
    assert.match(stdout, /✓ ok {6}linger {7}linger is on for lich\n/);
    const { commands } = JSON.parse(await lich("lychd doctor --facts 2> /dev/null"));
    assert.deepEqual(commands["podman-info"], {
      command: "/usr/bin/podman info --format json",
      failed: "no answer in 3000 ms",
    });
  });
}

/** A test on a host where all is well: a rendered Codex, and all that it needs. */
function hostTest(
  name: string,
  body: () => Promise<void>,
  soulstones: Readonly<Record<string, Fields>> = { sage: SAGE },
): void {
  labTest(name, async () => {
    await labUp();
    await putBinary();
    // A test that was killed brought nothing back.
    await restoreHost();
    try {
      await putCodex(soulstones, SETTINGS);
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

/** Takes back whatever a test did, and does no harm where it did nothing. */
async function restoreHost(): Promise<void> {
  await root(`umount -q /usr/bin/podman || true
    loginctl enable-linger lich
    systemctl start user@1000
    systemctl stop --quiet login 2> /dev/null || true
    rm -rf /run/slow-podman ${FOLDERS.join(" ")} ${SETTING} /etc/systemd/user-generators
    rm -f /usr/bin/nvidia-ctk /dev/nvidia0 /dev/nvidia-uvm
    ln -sfn /usr/libexec/podman/quadlet /usr/lib/${GENERATOR}
    echo lich:100000:65536 | tee /etc/subuid > /etc/subgid`);
  await using shell = lichShell();
  await clear(shell);
  await lich(`systemctl --user stop --quiet holder 2> /dev/null || true
    [ ! -e holder ] || kill "$(cat holder)" 2> /dev/null || true
    rm -rf holder models fresh facts.json Containerfile
    podman system migrate
    podman secret rm --ignore token
    podman rmi --ignore ${OTHER_IMAGE}`);
}

/** Runs a script as lich, and throws what it said unless it succeeds. */
function lich(script: string, stdin?: string): Promise<string> {
  return run(script, { ...stdin === undefined ? {} : { stdin } });
}

/** The same as root. */
function root(script: string, stdin?: string): Promise<string> {
  return run(script, { root: true, ...stdin === undefined ? {} : { stdin } });
}

async function run(script: string, options: { root?: boolean; stdin?: string }): Promise<string> {
  const words = ["bash", "-ec", script];
  const { code, stdout, stderr } = await lichExec(words, { timeoutSeconds: 60, ...options });
  if (code !== 0) throw new Error(`exit ${code}: ${script}\n${stdout}${stderr}`);
  return stdout;
}

/** Writes a file and makes its folder; below lich's home it is lich's. */
async function write(path: string, text: string): Promise<void> {
  const as = path.startsWith("/home/lich/") ? lich : root;
  await as(`mkdir -p "$(dirname ${path})" && cat > ${path}`, text);
}

async function doctor(...args: string[]): Promise<readonly Finding[]> {
  const said = await lichExec(["lychd", "doctor", "--json", ...args], { timeoutSeconds: 60 });
  const { findings } = JSON.parse(said.stdout) as { findings: readonly Finding[] };
  assert.equal(said.code, findings.some(({ state }) => state === "error") ? 5 : 0, said.stderr);
  return findings;
}

function problemsIn(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ state }) => state === "warning" || state === "error");
}

function summaries(findings: readonly Finding[]): readonly Summary[] {
  return findings.map(({ id, state, what }) => [id, state, what]);
}

/** What is in `findings` and not in `others`. */
function without(findings: readonly Finding[], others: readonly Finding[]): readonly Finding[] {
  const known = new Set(summaries(others).map(String));
  return findings.filter((finding) => !known.has(String(summaries([finding])[0])));
}

/**
 * Runs the command of a finding as an operator does. The lab has no sudo: root runs what stands
 * behind it.
 */
async function runFix(fix: string | null, stdin = ""): Promise<string> {
  assert.ok(fix !== null);
  let said = "";
  for (const part of fix.replace(/ {4}# .*$/, "").split(" && ")) {
    const bare = part.replace(/^sudo /, "");
    assert.doesNotMatch(bare, /\bsudo\b/, fix);
    said += await run(bare, { root: bare !== part, stdin });
  }
  return said;
}

/** What the operator does who has read why the engine ended. */
async function startHealthySage(): Promise<void> {
  await putCodex({ sage: SAGE }, SETTINGS);
  await lich("lychd render && systemctl --user start soulstone-sage.service");
}

/** NVIDIA's nodes, with a specification that fits; 508 is a number that the kernel may give. */
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

/** Whether a container gets the GPU meanwhile. */
async function getsGpu(): Promise<boolean> {
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

/** Whether this Podman heeds cdi_spec_dirs: since 5.5 (podman#25691). */
async function heedsSetting(): Promise<boolean> {
  const [major = 0, minor = 0] = (await podmanVersion()).split(".").map(Number);
  return major > 5 || major === 5 && minor >= 5;
}
