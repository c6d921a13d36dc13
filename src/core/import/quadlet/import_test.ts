import { EMPTY_HOST } from "../empty_host.ts";
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import type { ImportContext, ImportResult } from "../imported.ts";
import { importQuadlet } from "./import.ts";
import type { UnitInput } from "./units.ts";

function file(path: string, text: string) {
  return { path, bytes: new TextEncoder().encode(text) };
}

/** Imports units by name, from one folder. */
function importUnits(
  units: Readonly<Record<string, string>>,
  context: Partial<ImportContext> = {},
  dropIns: Readonly<Record<string, string>> = {},
): Promise<ImportResult> {
  const inputs = Object.entries(units).map(([path, text]): UnitInput => ({
    file: file(path, text),
    folder: "/etc/units",
    dropIns: Object.entries(dropIns).filter(([name]) => name.startsWith(`${path}.d/`))
      .map(([name, content]) => file(name, content)),
  }));
  return importQuadlet(inputs, { ...EMPTY_HOST, ...context });
}

/** Returns the lines of a Soulstone without its comments. */
function linesOf(result: ImportResult, name: string): string[] {
  const text = result.imported?.soulstones.find((s) => s.name === name)?.text ?? "";
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

function groupsOf(result: ImportResult, name: string): string | undefined {
  return linesOf(result, name).find((line) => line.startsWith("groups"));
}

const unit = (more = "", sections = "") =>
  `[Container]\nImage=localhost/engine:1\n${more}\n${sections}`;

Deno.test("units without a conflict run together", async () => {
  const result = await importUnits({ "a.container": unit(), "b.container": unit() });
  strictEqual(groupsOf(result, "a"), 'groups = ["together"]');
  strictEqual(groupsOf(result, "b"), 'groups = ["together"]');
});

Deno.test("a one-sided conflict separates two units, but not from the third", async () => {
  const result = await importUnits({
    "a.container": unit("", "[Unit]\nConflicts=b.service ollama.service"),
    "b.container": unit("", "[Unit]\nAfter=a.service\nWants=c.service"),
    "c.container": unit(),
  });
  const slotOf = (name: string) => linesOf(result, name).find((line) => line.startsWith("slot"));
  deepStrictEqual(["a", "b", "c"].map(slotOf), ['slot = "a"', 'slot = "a"', 'slot = "c"']);
  // Units that are not imported stay as they are; imported ones have new names.
  deepStrictEqual(linesOf(result, "a").at(-1), 'Conflicts = "ollama.service"');
  const lost = result.imported?.report.filter((entry) => entry.outcome === "lost") ?? [];
  deepStrictEqual(lost.map(({ item }) => item), ["Wants=c.service"]);
  // lychd orders conflicting units by itself.
  strictEqual(linesOf(result, "b").some((line) => line.startsWith("After")), false);
});

Deno.test("conflicts are found by the names of services and files", async () => {
  const result = await importUnits({
    "a.container": unit("ServiceName=alpha"),
    "b.container": unit("", "[Unit]\nConflicts=alpha.service"),
    "c.container": unit("", "[Unit]\nConflicts=b.container"),
  });
  deepStrictEqual(
    ["a", "b", "c"].map((name) => groupsOf(result, name)),
    ['groups = ["together"]', undefined, 'groups = ["together"]'],
  );
});

Deno.test("the groups of an existing Codex are not reused", async () => {
  const units = { "a.container": unit(), "b.container": unit() };
  const result = await importUnits(units, { takenGroups: new Set(["together"]) });
  strictEqual(groupsOf(result, "a"), 'groups = ["together-2"]');
});

Deno.test("units that start with the host become the boot Coven", async () => {
  const wanted = "[Install]\nWantedBy=default.target";
  const both = await importUnits({
    "a.container": unit("", wanted),
    "b.container": unit("", wanted),
    "c.container": unit(),
  });
  strictEqual(both.imported?.bootCoven, "boot");
  strictEqual(groupsOf(both, "a"), 'groups = ["together", "boot"]');
  strictEqual(groupsOf(both, "c"), 'groups = ["together"]');
  const apart = await importUnits({
    "a.container": unit("", `${wanted}\n[Unit]\nConflicts=b.service`),
    "b.container": unit("", wanted),
  });
  strictEqual(apart.imported?.bootCoven, undefined);
  const lost = apart.imported?.report.filter((note) => note.outcome === "lost") ?? [];
  deepStrictEqual(lost.map((note) => note.item), Array(2).fill("WantedBy=default.target"));
});

Deno.test("containers get images, volume names and ports from other units", async () => {
  const result = await importUnits({
    "eye.container": unit("Pod=own.pod\nVolume=models.volume:/models\nExec=serve --port 9000")
      .replace("Image=localhost/engine:1", "Image=eye.image"),
    "eye.image": "[Image]\nImage=localhost/lent:2\nArch=amd64",
    "models.volume": "[Volume]\nVolumeName=big-models\nDriver=local",
    "own.pod": "[Pod]\nPublishPort=9001:9000\nPublishPort=53:53/udp\nPodName=own",
  });
  const lines = linesOf(result, "eye");
  for (
    const line of [
      'image = "localhost/lent:2"',
      "port = 9001",
      'exec = ["serve", "--port", "{port}"]',
      'volumes = ["big-models:/models"]',
    ]
  ) strictEqual(lines.includes(line), true, line);
  const lost = result.imported?.report.filter((note) => note.outcome === "lost") ?? [];
  deepStrictEqual(lost.map((note) => note.item), [
    "Arch=amd64",
    "Driver=local",
    "PublishPort=53:53/udp",
    "PodName=own",
  ]);
  match(lost[0]?.why ?? "", /lychd writes no \.image unit/);
});

Deno.test("each of two containers in a pod gets the port on which it listens", async () => {
  const result = await importUnits({
    "a.container": unit("Pod=p.pod\nExec=--port 8001"),
    "b.container": unit("Pod=p.pod\nExec=--port 8002"),
    "p.pod": "[Pod]\nPublishPort=9002:8002\nPublishPort=9001:8001",
  });
  strictEqual(linesOf(result, "a").includes("port = 9001"), true);
  strictEqual(linesOf(result, "b").includes("port = 9002"), true);
});

Deno.test("drop-ins are merged as Quadlet does, and reported with their own places", async () => {
  const result = await importUnits({ "a.container": unit("Exec=first\nLabel=a=1") }, {}, {
    "a.container.d/10-x.conf": "[Container]\nExec=second\nLabel=\nLabel=b=2\nAddHost=a:10.0.0.1",
  });
  const lines = linesOf(result, "a");
  strictEqual(lines.includes('exec = ["second"]'), true);
  strictEqual(lines.includes('Label = "b=2"'), true);
  const lost = result.imported?.report.find((note) => note.outcome === "lost");
  deepStrictEqual([lost?.place.file, lost?.place.start.line], ["a.container.d/10-x.conf", 5]);
});

Deno.test("used ports are not given, and a requested port goes to the engine that requested it", async () => {
  const result = await importUnits(
    {
      "a.container": unit("PublishPort=8000:8000"),
      "b.container": unit("Exec=--port 8000\nPublishPort=8000:8000"),
      "c.container": unit("PublishPort=8001:8001"),
      "d.container": unit("Exec=--port 7000\nPublishPort=7000:7000"),
    },
    { takenPorts: new Map([[7000, "Soulstone `old`"]]) },
  );
  deepStrictEqual(
    ["a", "b", "c", "d"].map((name) =>
      linesOf(result, name).find((line) => line.startsWith("port "))
    ),
    ["port = 8000", "port = 8002", "port = 8001", "port = 7001"],
  );
});

Deno.test("only the port changes in a health command", async () => {
  const result = await importUnits({
    "a.container": unit(
      "Exec=--port 8000\nPublishPort=9000:8000\n" +
        "HealthCmd=test 18000 -gt 80001 && curl http://localhost:8000/x8000 && nc -z localhost 8000",
    ),
  });
  const health = linesOf(result, "a").find((line) => line.startsWith("cmd"));
  strictEqual(
    health,
    'cmd = "test 18000 -gt 80001 && curl http://localhost:9000/x8000 && nc -z localhost 9000"',
  );
});

Deno.test("names of object properties are ordinary keys", async () => {
  const result = await importUnits({
    "a.container": unit("Environment=toString=1", "[Service]\nconstructor=x\n__proto__=y"),
  });
  strictEqual(linesOf(result, "a").includes('constructor = "x"'), true);
  strictEqual(linesOf(result, "a").includes('toString = "1"'), true);
  const lost = result.imported?.report.filter((note) => note.outcome === "lost") ?? [];
  deepStrictEqual(lost.map(({ item }) => item), ["__proto__=y"]);
});

Deno.test("every unreadable unit is reported with its line", async () => {
  const result = await importQuadlet([
    { file: file("a.container", "[Container]\nImage=x\nno key"), folder: "/", dropIns: [] },
    { file: file("b.service", "[Service]\n"), folder: "/", dropIns: [] },
    { file: { path: "c.container", unreadable: "it is a pipe" }, folder: "/", dropIns: [] },
    {
      file: file("d.container", unit()),
      folder: "/",
      dropIns: [file("d.container.d/x.conf", "=1")],
    },
    { file: file("x/e.container", unit()), folder: "/", dropIns: [] },
    { file: file("y/e.container", unit()), folder: "/", dropIns: [] },
    {
      file: { path: "f.container", bytes: new Uint8Array([0xff]) },
      folder: "/",
      dropIns: [],
    },
    { file: file("g.container", "\ufeff[Container]\nImage=x\n"), folder: "/", dropIns: [] },
  ], EMPTY_HOST);
  strictEqual(result.imported, undefined);
  deepStrictEqual(
    result.findings.map(({ code, place }) => `${code} ${place.file}:${place.start.line}`),
    [
      "unit-broken a.container:3",
      "import-kind b.service:1",
      "file-unreadable c.container:1",
      "unit-broken d.container.d/x.conf:1",
      "file-not-utf8 f.container:1",
      "unit-broken g.container:1",
      "import-twice y/e.container:1",
    ],
  );
});

Deno.test("a unit without an image is lost, and the others are imported", async () => {
  const result = await importUnits({
    "a.container": "[Container]\nRootfs=/srv\nLabel=a=b\n",
    "b.container": unit(),
    "c.network": "[Network]\nSubnet=10.0.0.0/24\n",
  });
  deepStrictEqual(result.imported?.soulstones.map(({ name }) => name), ["b"]);
  const lost = result.imported?.report.filter((note) => note.outcome === "lost") ?? [];
  deepStrictEqual(lost.map(({ item }) => item), ["a.container", "Subnet=10.0.0.0/24"]);
  match(lost[0]?.why ?? "", /a\.container has no Image=/);
});

Deno.test("times above the limit are shortened and reported", async () => {
  const result = await importUnits({
    "a.container": unit("StopTimeout=100000") + "[Service]\nTimeoutStartSec=2d\n",
    "b.container": unit("StopTimeout=-1"),
  });
  const lines = linesOf(result, "a");
  strictEqual(lines.includes("stop_timeout_seconds = 3600"), true);
  strictEqual(lines.includes("start_timeout_seconds = 86400"), true);
  deepStrictEqual(
    [...lines, ...linesOf(result, "b")].filter((line) =>
      /^(?:StopTimeout|TimeoutStart)/.test(line)
    ),
    [],
  );
  const reported = result.imported?.report.filter(({ item }) => /^(?:Stop|Timeout)/.test(item)) ??
    [];
  deepStrictEqual(reported.map(({ outcome, item }) => `${outcome} ${item}`), [
    "changed StopTimeout=100000",
    "changed TimeoutStartSec=2d",
    "lost StopTimeout=-1",
  ]);
});

Deno.test("a unit whose text and comments exceed a Codex file is refused", async () => {
  const lines = (count: number, line: (i: number) => string) =>
    Array.from({ length: count }, (_, i) => line(i)).join("\n");
  const variables = lines(120, (i) => `Environment=V${i}=${"x".repeat(900)}`);
  // Each becomes a comment of 110 bytes.
  const lost = lines(250, (i) => `Unknown${i}=x`);
  const { imported, findings } = await importUnits({
    "a.container": unit(`${variables}\n${lost}`),
  });
  strictEqual(imported, undefined);
  deepStrictEqual(findings.map(({ code }) => code), ["import-too-large"]);
  match(findings[0]?.message ?? "", /128 KiB for one Soulstone/);
});

/** Returns the outcome and the reason of the entries for an item. */
function outcomesOf({ imported }: ImportResult, item: string): string[] {
  return (imported?.report ?? []).filter((entry) => entry.item === item)
    .map(({ outcome, why }) => `${outcome}: ${why}`);
}

/** Returns true if a Soulstone has each of these lines. */
function hasLines(result: ImportResult, name: string, ...lines: readonly string[]): void {
  const text = linesOf(result, name);
  for (const line of lines) {
    strictEqual(text.includes(line), true, `${line} in\n${text.join("\n")}`);
  }
}

Deno.test("commands of the host name the new container, once for each command of Podman", async () => {
  const commands = [
    ["podman exec ollama ollama pull x", "podman exec soulstone-ollama ollama pull x"],
    [
      "podman exec -it -u 0 systemd-ollama ollama ps",
      "podman exec -it -u 0 soulstone-ollama ollama ps",
    ],
    ["-/usr/bin/podman rm -f ollama", "-/usr/bin/podman rm -f soulstone-ollama"],
    ["podman cp /a ollama:/b", "podman cp /a soulstone-ollama:/b"],
    [
      "/bin/sh -c 'sleep 5; podman exec ollama true && podman exec web true'",
      "/bin/sh -c 'sleep 5; podman exec soulstone-ollama true && podman exec soulstone-ui true'",
    ],
    ["podman pull docker.io/ollama/ollama", "podman pull docker.io/ollama/ollama"],
    ["podman exec ollama-2 true", "podman exec ollama-2 true"],
  ] as const;
  const service = commands.map(([old]) => `ExecStartPost=${old}`).join("\n");
  const result = await importUnits({
    "ollama.container": unit("", `[Service]\n${service}`),
    "ui.container": unit("ContainerName=web"),
  });
  const text = linesOf(result, "ollama").join("\n");
  for (const [, now] of commands) {
    strictEqual(text.includes(`  "${now}",`), true, `${now}\n${text}`);
  }
});

Deno.test("addresses of other containers become those of the pod", async () => {
  const result = await importUnits({
    "llm.container": unit(
      "ContainerName=llm\nNetworkAlias=brain\nExec=--port 8000\nPublishPort=9000:8000",
    ),
    "ui.container": unit(
      "Environment=A=http://llm:8000/v1 B=http://brain:8000 C=http://host.containers.internal:9000/v1 " +
        "D=http://other:8000 E=llm:70 F=http://user@llm:8000/x G=/models/llm:8000 H=http://xllm:8000\n" +
        'Exec=serve --api http://llm:8000/v1 "two llm:8000;llm:8000"',
    ),
  });
  hasLines(
    result,
    "ui",
    'A = "http://localhost:9000/v1"',
    'B = "http://localhost:9000"',
    'C = "http://localhost:9000/v1"',
    'D = "http://other:8000"',
    'E = "localhost:70"',
    'F = "http://user@localhost:9000/x"',
    'G = "/models/llm:8000"',
    'H = "http://xllm:8000"',
    'exec = ["serve", "--api", "http://localhost:9000/v1", "two localhost:9000;localhost:9000"]',
  );
  deepStrictEqual(outcomesOf(result, "Environment=A=http://llm:8000/v1"), [
    "changed: llm:8000 is localhost:9000 now",
  ]);
});

const ALIASES = [
  "NetworkAlias=llm",
  "HostName=llm",
  "Network=llm.network:alias=llm",
  "Network=llm.network:ip=10.89.0.5,alias=other,alias=llm",
  "Network=one.network\nNetwork=two:alias=llm",
  "PodmanArgs=--network-alias llm",
  "PodmanArgs=--network=two:alias=llm",
];

for (const alias of ALIASES) {
  Deno.test(`${alias.replace("\n", " and ")} is a name of the container in addresses`, async () => {
    const result = await importUnits({
      "llama.container": unit(
        `ContainerName=llama\n${alias}\nExec=--port 8000\nPublishPort=9000:8000`,
      ),
      "ui.container": unit("Environment=URLS=http://llama:8000/v1;http://llm:8000/v1"),
    });
    hasLines(result, "ui", 'URLS = "http://localhost:9000/v1;http://localhost:9000/v1"');
  });
}

Deno.test("localhost of a pod stays, with the new port of the container", async () => {
  const result = await importUnits({
    "llm.container": unit("Pod=a.pod\nExec=--port 80"),
    "ui.container": unit(
      "Pod=a.pod\nEnvironment=URL=http://localhost:80/v1 OWN=http://localhost:81/",
    ),
    "far.container": unit("Environment=URL=http://localhost:80/v1"),
    "a.pod": "[Pod]\nPublishPort=8085:80",
  });
  hasLines(result, "ui", 'URL = "http://localhost:8085/v1"', 'OWN = "http://localhost:81/"');
  hasLines(result, "far", 'URL = "http://localhost:80/v1"');
});

Deno.test("a pod that starts with the host starts its containers", async () => {
  const result = await importUnits({
    "a.container": unit("Pod=p.pod"),
    "b.container": unit("Pod=p.pod\nStartWithPod=false"),
    "p.pod": "[Pod]\n[Install]\nWantedBy=default.target",
  });
  strictEqual(result.imported?.bootCoven, "a");
  strictEqual(groupsOf(result, "a"), 'groups = ["together", "a"]');
  strictEqual(groupsOf(result, "b"), 'groups = ["together"]');
});

Deno.test("dependencies on units that lychd does not write are lost, those on other units stay", async () => {
  const result = await importUnits({
    "a.container": unit(
      "Network=near.network\nVolume=v.volume:/v",
      "[Unit]\nAfter=near-network.service v-volume.service build.service p-pod.service x.image " +
        "get.service\nWants=far-network.service",
    ),
    "get.container": unit("Exec=hf download x", "[Service]\nType=oneshot"),
    "p.pod": "[Pod]",
    "v.volume": "[Volume]",
  });
  hasLines(
    result,
    "a",
    'After = ["build.service", "get.service"]',
    'Wants = "far-network.service"',
  );
  deepStrictEqual(result.imported?.soulstones.map(({ name }) => name), ["a"]);
  deepStrictEqual(outcomesOf(result, "get.container"), [
    "lost: get.container is a job that ends (Type=oneshot), not an engine: keep that unit",
  ]);
});

const UNKNOWN_WORDS:
  readonly (readonly [image: string, lines: string, exec: string | undefined])[] = [
    ["vllm/vllm-openai", "Exec=org/m --api-key ${KEY} --max-model-len 9", '"--max-model-len", "9"'],
    ["vllm/vllm-openai", "Exec=org/m --enable-lora $EXTRA", '"--enable-lora"'],
    ["vllm/vllm-openai", "Exec=${MODEL} --max-model-len 9", undefined],
    ["vllm/vllm-openai", "Exec=--max-model-len 9 --model=${MODEL}", undefined],
    ["ghcr.io/ggml-org/llama.cpp:server", "Exec=-m /m/%H.gguf -c 9", undefined],
    ["ghcr.io/ggml-org/llama.cpp:server", "Exec=$LLAMA_ARGS", undefined],
    [
      "ghcr.io/ggml-org/llama.cpp:server",
      "Environment=LLAMA_ARG_MODEL=/m/${MODEL}\nExec=-c 9",
      undefined,
    ],
    [
      "ghcr.io/ggml-org/llama.cpp:server",
      "Environment=LLAMA_ARG_MODEL=/m/a\nExec=-c 9 $MORE",
      '"-c", "9"',
    ],
    ["localhost/engine", "Exec=/bin/sh -c 'exec server --level ${LEVEL}'", undefined],
  ];

Deno.test("a word that only systemd can expand is lost alone, unless it is the model", async () => {
  for (const [image, lines, exec] of UNKNOWN_WORDS) {
    const text = `[Container]\nImage=${image}\n${lines}`;
    const result = await importUnits({ "a.container": text, "b.container": unit() });
    const own = linesOf(result, "a").find((line) => line.startsWith("exec"));
    strictEqual(own, exec && `exec = [${exec}]`, lines);
    const missing = result.imported?.report.filter(({ item }) => item === "a.container") ?? [];
    strictEqual(missing.length, exec === undefined ? 1 : 0, lines);
    strictEqual(result.imported?.soulstones.length, exec === undefined ? 1 : 2);
  }
});

Deno.test("an artifact and a build give their names, and a volume that binds a folder the folder", async () => {
  const result = await importUnits({
    "a.container": unit(
      "Mount=type=artifact,source=m.artifact,destination=/m\nVolume=v.volume:/v:ro",
    )
      .replace("localhost/engine:1", "b.build"),
    "b.build": "[Build]\nImageTag=localhost/first:1\nImageTag=localhost/second:1",
    "m.artifact": "[Artifact]\nArtifact=quay.io/models/q:1",
    "v.volume": "[Volume]\nType=bind\nDevice=/srv/models\nOptions=ro",
  });
  hasLines(
    result,
    "a",
    'image = "localhost/first:1"',
    'volumes = ["/srv/models:/v:ro"]',
    'Mount = "type=artifact,source=quay.io/models/q:1,destination=/m"',
  );
});

const KEPT_IDS: readonly (readonly [lines: string, user: string | undefined])[] = [
  ["UserNS=keep-id", 'User = "0"'],
  ["UserNS=keep-id:uid=1001,gid=1001", 'User = "0"'],
  ["UserNS=keep-id\nUser=1000\nGroup=1000", 'User = "0"'],
  ["UserNS=keep-id\nUser=%U:%U", 'User = "0"'],
  ["UserNS=keep-id:uid=1001\nUser=1001", 'User = "0"'],
  ["PodmanArgs=--userns=keep-id", 'User = "0"'],
  ["UserNS=keep-id\nUser=0", 'User = "0"'],
  ["UserNS=keep-id\nUser=998", 'User = "998"'],
  ["UserNS=auto", undefined],
];

for (const [lines, user] of KEPT_IDS) {
  Deno.test(`${lines.replaceAll("\n", " and ")} becomes ${user ?? "nothing"}`, async () => {
    const result = await importUnits({ "a.container": unit(lines) });
    deepStrictEqual(
      linesOf(result, "a").filter((line) => /^(?:User|Group)\b/.test(line)),
      user === undefined ? [] : [user],
    );
    const namespace = result.imported?.report.filter(({ item }) => /userns/i.test(item)) ?? [];
    const isSame = !/User=(?:0|998)$|auto/.test(lines);
    deepStrictEqual(namespace.map(({ outcome }) => outcome), [isSame ? "changed" : "lost"]);
  });
}

Deno.test("a user namespace that was kept keeps the home folder that volumes show", async () => {
  const homes = [
    "Volume=/srv/a:/home/vllm/.cache",
    "Mount=type=bind,src=/srv/a,dst=/home/vllm/.cache",
  ];
  for (const home of homes) {
    const result = await importUnits({ "a.container": unit(`UserNS=keep-id\n${home}`) });
    hasLines(result, "a", 'HOME = "/home/vllm"');
  }
  const own = await importUnits({
    "a.container": unit(`UserNS=keep-id\nEnvironment=HOME=/x\n${homes[0]}`),
  });
  hasLines(own, "a", 'HOME = "/x"');
});

Deno.test("a variable that is a whole word becomes several words, in braces one", async () => {
  const result = await importUnits({
    "a.container": unit(
      "Exec=serve $FLAGS ${FLAGS} $NONE --port 8000\nLabel=$FLAGS",
      "[Service]\nEnvironment=\"FLAGS=--a 'b c'\" NONE=",
    ),
  });
  hasLines(result, "a", `exec = ["serve", "--a", "b c", "--a 'b c'", "--port", "{port}"]`);
});

Deno.test("the report shows the value of a variable without its secrets", async () => {
  const exec = "Exec=--api-key ${API_KEY} --hf-token=${B} --token ${C} $FLAGS --ctx ${N}";
  const result = await importUnits({
    "a.container": unit(
      exec,
      "[Service]\nEnvironment=API_KEY=hunter21 B=hunter22 C=hunter23 N=4096\n" +
        'Environment="FLAGS=-c 1 --password hunter24"',
    ),
  });
  deepStrictEqual(outcomesOf(result, exec), [
    "changed: ${API_KEY} is ***, ${B} is ***, ${C} is ***, $FLAGS is -c 1 --password ***, ${N} is 4096",
  ]);
});

Deno.test("options in PodmanArgs become what their keys become", async () => {
  const result = await importUnits({
    "a.container": unit(
      "PodmanArgs=--shm-size=1g --device /dev/dri --gpus 0,1 -v ./x:/x --env BARE --stop-timeout 60 " +
        "--health-cmd 'curl http://localhost:8000/h' --group-add keep-groups --init\n" +
        "PodmanArgs=-e TOKEN=a --env-file vars.env --entrypoint /bin/sh\nExec=-c 'serve --port 8000'\n" +
        "PublishPort=9000:8000",
    ),
  });
  hasLines(
    result,
    "a",
    'devices = ["/dev/dri", "nvidia.com/gpu=0", "nvidia.com/gpu=1"]',
    "stop_timeout_seconds = 60",
    'cmd = "curl http://localhost:8000/h"',
    'GroupAdd = "keep-groups"',
    'Entrypoint = "/bin/sh"',
    'TOKEN = "a"',
    'PodmanArgs = ["--volume=./x:/x", "--env=BARE", "--init", "--env-file=vars.env"]',
  );
});

Deno.test("what Podman versions read differently is reported with both readings", async () => {
  const result = await importUnits({
    "a.container": unit('Entrypoint=\nEnvironment=HF_TOKEN\nHealthCmd=test "a b" = "a b"'),
    "b.container": unit('Entrypoint=""\nHealthCmd="true"'),
  });
  for (const item of ["Entrypoint=", 'Entrypoint=""']) {
    match(outcomesOf(result, item)[0] ?? "", /^lost: Podman 5\.4 ignores it, later versions/);
  }
  hasLines(result, "a", 'PodmanArgs = "--env=HF_TOKEN"', 'cmd = "test \\"a b\\" = \\"a b\\""');
  hasLines(result, "b", 'cmd = "true"');
});

Deno.test("a container in the network of the host keeps the port on which it listens", async () => {
  const vllm = "Image=docker.io/vllm/vllm-openai:v1\nNetwork=host\nPublishPort=9000:8000\n";
  const result = await importUnits({
    "a.container": unit(`${vllm}Exec=--port 8010`),
    "b.container": unit("Network=host\nPublishPort=9001:7000"),
    "c.container": unit(
      "Environment=A=http://localhost:8010/v1 B=http://localhost:9000\nNetwork=host",
    ),
  });
  hasLines(result, "a", "port = 8010");
  hasLines(result, "b", "port = 7000");
  hasLines(result, "c", 'A = "http://localhost:8010/v1"', 'B = "http://localhost:9000"');
  deepStrictEqual(outcomesOf(result, "PublishPort=9000:8000"), [
    "carried: it has no effect in the network of the host",
  ]);
});

Deno.test("Text Embeddings Inference gets its port by the variable that its image sets", async () => {
  const tei = "PublishPort=8090:80\nImage=ghcr.io/huggingface/text-embeddings-inference:1.8\n";
  const result = await importUnits({
    "a.container": unit(tei),
    "b.container": unit(`${tei}Exec=--port 80`),
    "c.container": unit(`${tei}Environment=PORT=80`),
  });
  hasLines(result, "a", "port = 8090", 'PORT = "8090"');
  hasLines(result, "b", 'exec = ["--port", "{port}"]');
  hasLines(result, "c", 'PORT = "8092"');
  deepStrictEqual(linesOf(result, "b").filter((line) => line.startsWith("PORT")), []);
});

/** Health commands with a keyword of Podman, and what they become. */
const HEALTH_KEYWORDS: readonly (readonly [command: string, line: string])[] = [
  ["CMD-SHELL curl http://x/ || exit 1", 'cmd = "curl http://x/ || exit 1"'],
  ["CMD  curl -f http://x/health", 'cmd = "curl -f http://x/health"'],
  ["CMD sh -c 'exit 0'", `HealthCmd = "CMD sh -c 'exit 0'"`],
  ["CMD curl http://x/?a=1", 'HealthCmd = "CMD curl http://x/?a=1"'],
  ["cmd-shell true", 'HealthCmd = "cmd-shell true"'],
];

for (const [command, line] of HEALTH_KEYWORDS) {
  Deno.test(`HealthCmd=${command} becomes ${line}`, async () => {
    const result = await importUnits({ "a.container": unit(`HealthCmd=${command}`) });
    hasLines(result, "a", line);
    deepStrictEqual(outcomesOf(result, `HealthCmd=${command}`), ["carried: "]);
  });
}

const NAME_SPECIFIERS: readonly (readonly [file: string, lines: string, words: string])[] = [
  ["vllm@qwen.container", "", '"vllm@qwen", "vllm@qwen.service", "vllm", "qwen"'],
  ["big-vllm.container", "ServiceName=x-y\n", '"x-y", "x-y.service", "x-y", "-"'],
  ["t@.container", "", '"t"'],
];

for (const [file, lines, words] of NAME_SPECIFIERS) {
  Deno.test(`the specifiers of names in ${file} are ${words}`, async () => {
    const exec = words.endsWith('"-"') ? "Exec=%N %n %p -" : "Exec=%N %n %p %i";
    const result = await importUnits({ [file]: unit(`${lines}${exec}`) });
    const [name = ""] = result.imported?.soulstones.map((soulstone) => soulstone.name) ?? [];
    const [line = ""] = linesOf(result, name).filter((each) => each.startsWith("exec"));
    strictEqual(line, `exec = [${words}]`);
  });
}

Deno.test("values of Restart= that systemd ignores are lost", async () => {
  for (const value of ["always", "on-abnormal", "no"]) {
    const result = await importUnits({ "a.container": unit("", `[Service]\nRestart=${value}`) });
    hasLines(result, "a", `Restart = "${value}"`);
  }
  for (const value of ["unless-stopped", "yes", "on-failure:5"]) {
    const result = await importUnits({ "a.container": unit("", `[Service]\nRestart=${value}`) });
    match(outcomesOf(result, `Restart=${value}`)[0] ?? "", /^lost: systemd ignores it/);
  }
});
