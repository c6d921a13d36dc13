import { deepStrictEqual } from "node:assert/strict";
import { readCodex } from "../codex/mod.ts";
import { GLOBAL_OPTIONS, QUADLET_KEYS, RUN_OPTIONS, SYSTEMD_KEYS } from "../rune/mod.ts";
import { compile } from "./compile.ts";
import { ENGINE_RULES, REFUSED_OPTIONS, WATCHER_RULES, WEAKENING } from "./quadlet_rules.ts";

/** Returns the findings of Soulstones, each with its `quadlet` table. */
async function findingsOf(tables: Record<string, string>, settings = "harvester.enabled = false") {
  const encoder = new TextEncoder();
  const soulstones = Object.entries(tables).map(([name, quadlet], i) =>
    `[${name}]\nimage = "localhost/x"\nport = ${8780 + i}\nexec = "{port}"\nquadlet = ${quadlet}\n`
  );
  const files = { "lychd.toml": settings, "soulstones/all.toml": soulstones.join("") };
  const { codex, findings } = readCodex({
    folder: "c",
    files: Object.entries(files).map(([path, text]) => ({ path, bytes: encoder.encode(text) })),
  });
  return [...findings, ...(await compile(codex)).findings];
}

async function codesOf(section: string, key: string, value: unknown): Promise<string> {
  const toml = JSON.stringify(value);
  const found = await findingsOf({ eye: `{ ${section} = { ${key} = ${toml} } }` });
  return found.map(({ code }) => code).join(" ");
}

/** Options of which each alone is refused: what the pod, Quadlet and systemd own. */
const REFUSED = `
  --network=host --net=host --network=container:other --pod=other --pod= --pod-id-file=
  --pod-id-file=/x --name=other --cidfile=/tmp/x --cgroups=enabled --cgroups=no-conmon
  --cgroups=disabled --cgroup-parent=/x --userns=host --userns=keep-id --uidmap=0:0:1 --gidmap=0:0:1
  --subuidname=x --subgidname=x --sdnotify=ignore --detach=false -d=false -d --attach=stdout
  --restart=always --replace=false --rm=false --rm --rmi -p=1:1 -p1:1 --publish=1:1 --publish-all -P
  --hostname=x -hx --add-host=a:1.2.3.4 --ip=10.0.0.2 --ip6=::2 --mac-address=92:d0:c6:0a:29:33
  --network-alias=x --no-hosts --hosts-file=none --rootfs --requires=x --volumes-from=x
  --pid=container:x --ipc=container:x --uts=container:x --cgroupns=container:x --pid=ns:/proc/1/ns/pid
  --pidfile=/x --conmon-pidfile=/x --help --root=/x --runroot=/x --url=ssh://x/y --remote -r
  --connection=x --identity=/x --module=/x --config=/x --storage-opt=x --storage-driver=vfs
  --cgroup-manager=cgroupfs --transient-store --runtime=/x --conmon=/x --tmpdir=/x --volumepath=/x
  --imagestore=/x --hooks-dir=/x --runtime-flag=x --network-config-dir=/x --out=/x
`.trim().split(/\s+/);

/** Lists that are refused as a whole. */
const REFUSED_LISTS: readonly (readonly [words: readonly string[], code: string])[] = [
  [["image"], "quadlet-value-reserved"],
  [["--cpus=4", "--", "--network=host"], "quadlet-value-reserved"],
  [["--init", "false"], "quadlet-value-reserved"],
  [["--cpus"], "quadlet-value-reserved"],
  [["-e"], "quadlet-value-reserved"],
  [["--label", "--network=host"], "quadlet-value-reserved"],
  [["-l=", "--network=host"], "quadlet-value-reserved"],
  [["-itd"], "quadlet-value-reserved"],
  [["-ip", "1:1"], "quadlet-value-reserved"],
  [["--network", "host"], "quadlet-value-reserved"],
  [["--override-arch=x"], "podman-option-unknown"],
  [["--purge=false"], "podman-option-unknown"],
  [["--of-tomorrow", "--network=host"], "podman-option-unknown"],
  [["---network=host"], "podman-option-unknown"],
  [["-z"], "podman-option-unknown"],
];

/** Lists that are passed on, with the warning of those that weaken the isolation. */
const PASSED: readonly (readonly [words: readonly string[], warning: string])[] = [
  [["--gpus=all", "--cpus", "4", "-e", "A=--network=host", "-it", "--memory=8g"], ""],
  [["--security-opt=no-new-privileges", "--privileged=false", "--pid=private"], ""],
  [["--security-opt", "label=disable"], "isolation-weak"],
  [["--privileged", "--pid=host"], "isolation-weak isolation-weak"],
  [["--cap-add=SYS_PTRACE"], "isolation-weak"],
  [["--ipc=host"], "isolation-weak"],
  [["--device-cgroup-rule=c 1:* r"], "isolation-weak"],
  [["--tls-verify=false"], "isolation-weak"],
  [["--log-level=debug", "--syslog"], ""],
];

Deno.test("options of podman run that leave the pod or the control of systemd are refused", async () => {
  for (const word of REFUSED) {
    deepStrictEqual(
      await codesOf("Container", "PodmanArgs", [word]),
      "quadlet-value-reserved",
      word,
    );
  }
  for (const [words, code] of [...REFUSED_LISTS, ...PASSED]) {
    deepStrictEqual(await codesOf("Container", "PodmanArgs", words), code, words.join(" "));
  }
});

Deno.test("a global option of Podman is refused, unless it changes only what Podman prints", async () => {
  for (const name of GLOBAL_OPTIONS) {
    const isHarmless = name === "log-level" || name === "syslog";
    const word = `--${name}=debug`;
    const code = isHarmless ? "" : "quadlet-value-reserved";
    deepStrictEqual(await codesOf("Container", "GlobalArgs", [word]), code, word);
  }
  for (const word of ["-c=x", "-r", "-v", "run", "--cpus=4", "--privileged"]) {
    deepStrictEqual(
      await codesOf("Container", "GlobalArgs", [word]),
      "quadlet-value-reserved",
      word,
    );
  }
});

const VALUES: readonly (readonly [section: string, key: string, value: unknown, code: string])[] = [
  ["Unit", "Upholds", "soulstone-b.service", "quadlet-value-reserved"],
  ["Unit", "OnSuccess", "x.service lychd-coven-b.target", "quadlet-value-reserved"],
  ["Unit", "OnFailure", ["x.service", "'soulstone-'b.service"], "quadlet-value-reserved"],
  ["Unit", "Wants", '"lychd-pod.service"', "quadlet-value-reserved"],
  ["Unit", "OnSuccess", "default.target", "quadlet-value-reserved"],
  ["Unit", "OnFailure", "exit.target", "quadlet-value-reserved"],
  ["Unit", "PropagatesStopTo", "app.slice", "quadlet-value-reserved"],
  ["Unit", "PropagatesStopTo", ["x.service", "'basic.target'"], "quadlet-value-reserved"],
  ["Unit", "PartOf", "graphical-session.target", ""],
  ["Unit", "Requires", "harvester-data-volume.service", "quadlet-value-reserved"],
  ["Unit", "Requires", "database.service", ""],
  ["Unit", "OnFailure", "notify@%n.service", ""],
  ["Unit", "After", "soulstone-b.service", ""],
  ["Unit", "After", "database.service", ""],
  ["Unit", "Before", "lychd-pod.service", "quadlet-value-reserved"],
  ["Unit", "OnFailureJobMode", "isolate", "quadlet-key-reserved"],
  ["Unit", "JobRunningTimeoutSec", "1", "quadlet-key-reserved"],
  ["Service", "Environment", "HTTPS_PROXY=http://proxy TMPDIR=/srv/tmp", ""],
  ["Service", "Environment", "A=1 CONTAINER_HOST=x", "quadlet-value-reserved"],
  ["Service", "Environment", "'CONTAINERS_CONF=/x y'", "quadlet-value-reserved"],
  ["Service", "Environment", '"" XDG_DATA_HOME=/x', "quadlet-value-reserved"],
  ["Service", "Environment", "CONTAINER\\x5fHOST=x", "quadlet-value-reserved"],
  ["Service", "Environment", "\\x25j=x", "quadlet-value-reserved"],
  ["Service", "PassEnvironment", "LANG HOME", "quadlet-value-reserved"],
  ["Service", "UnsetEnvironment", "XDG_RUNTIME_DIR", "quadlet-value-reserved"],
  ["Service", "EnvironmentFile", "/x", "quadlet-key-reserved"],
  ["Service", "SendSIGKILL", "no", "quadlet-key-reserved"],
  ["Service", "BindLogSockets", "yes", "quadlet-key-reserved"],
  ["Service", "FinalKillSignal", "SIGWINCH", "quadlet-key-reserved"],
  ["Service", "Slice", "engines.slice", ""],
  ["Service", "KillSignal", "SIGINT", ""],
  ["Container", "CgroupsMode", "enabled", "quadlet-key-reserved"],
  ["Container", "ContainersConfModule", "/x", "quadlet-key-reserved"],
  ["Container", "AddCapability", "SYS_PTRACE", "isolation-weak"],
  ["Container", "SecurityLabelDisable", true, "isolation-weak"],
  ["Container", "SecurityLabelDisable", false, ""],
  ["Container", "Unmask", "ALL", "isolation-weak"],
];

Deno.test("a key is refused, reported or passed on by what its value does", async () => {
  for (const [section, key, value, code] of VALUES) {
    deepStrictEqual(await codesOf(section, key, value), code, `${key} = ${JSON.stringify(value)}`);
  }
});

/** Soulstones that exclude each other, and how many of their orders are refused. */
const ORDERS: readonly (readonly [tables: Record<string, string>, refused: number])[] = [
  [{ a: after("b"), b: "{}" }, 1],
  [{ a: "{}", b: after("a") }, 0],
  [{ a: before("b"), b: "{}" }, 0],
  [{ a: "{}", b: before("a") }, 1],
  [{ b: `{ Unit = { Before = "x.service" } }`, a: after("x") }, 2],
  [{ a: after("a") }, 1],
  [{ a: after("x"), b: after("x") }, 0],
];

function after(name: string): string {
  return `{ Unit = { After = "${name === "x" ? name : `soulstone-${name}`}.service" } }`;
}

function before(name: string): string {
  return `{ Unit = { Before = "soulstone-${name}.service" } }`;
}

Deno.test("an order that makes a cycle with the exclusivity rule is refused", async () => {
  for (const [tables, refused] of ORDERS) {
    const found = await findingsOf(tables);
    const codes = found.map(({ code }) => code);
    deepStrictEqual(codes, Array(refused).fill("quadlet-value-reserved"), JSON.stringify(tables));
  }
});

Deno.test("the rules hold for Watchers too", async () => {
  const found = await findingsOf(
    { eye: "{}" },
    '[harvester.quadlet]\nContainer.PodmanArgs = ["--memory=2g", "--network=host"]\n' +
      'Unit.Upholds = "soulstone-eye.service"\nUnit.After = "soulstone-eye.service"\n',
  );
  deepStrictEqual(found.map(({ code }) => code), Array(3).fill("quadlet-value-reserved"));
});

Deno.test("every key and option of the rules exists", () => {
  const keys = new Set([
    ...Object.keys(QUADLET_KEYS.Container).map((key) => `Container.${key}`),
    ...Object.entries(SYSTEMD_KEYS).flatMap(([section, known]) =>
      [...known].map((key) => `${section}.${key}`)
    ),
  ]);
  const options = new Set([...RUN_OPTIONS, ...GLOBAL_OPTIONS]);
  const named = WEAKENING.flatMap(({ settings }) => settings.split(" "));
  deepStrictEqual(
    [
      ...Object.keys({ ...ENGINE_RULES, ...WATCHER_RULES }),
      ...named.filter((name) => !name.startsWith("--")).map((name) => `Container.${name}`),
    ].filter((name) => !keys.has(name)),
    [],
  );
  deepStrictEqual(
    [
      ...REFUSED_OPTIONS.keys(),
      ...named.filter((name) => name.startsWith("--")).map((name) => name.slice(2)),
    ].filter((name) => !options.has(name)),
    [],
  );
});
