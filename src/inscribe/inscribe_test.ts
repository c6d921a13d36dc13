/**
 * A whole inscription with its programs: it crashes at each step, and each program refuses. The programs
 * are simulated here; the real ones run in the lab.
 */
import assert from "node:assert/strict";
import { basename, dirname } from "node:path/posix";
import type { Rune } from "../core/compile/mod.ts";
import { serviceOf, unitOf } from "../core/rune/mod.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import type { FileStatus, Host, Ran } from "../host/host.ts";
import { type MemoryHost, memoryHost } from "../testing/memory_host.ts";
import { Crash, mortalHost } from "../testing/mortal_host.ts";
import { EXIT, type ExitCode, type InscribeOptions } from "../run/invocation.ts";
import type { CommandContext } from "../run/context.ts";
import { withRefusals } from "../run/refusal.ts";
import { inscribeAndApply } from "../apply/inscribe_and_apply.ts";
import type { Wanted } from "./inscribe.ts";
import { hostWith, memoryContext, type Output } from "../testing/memory_context.ts";
import { findPrograms } from "../run/programs.ts";
import { purge } from "../commands/purge.ts";
import { rollback } from "../commands/rollback.ts";
import { isTransient, recover } from "./transaction.ts";

const PROGRAMS = {
  ...findPrograms(() => false),
  systemctl: "/systemctl",
  systemdAnalyze: "/analyze",
  generator: "/quadlet",
};
const OPTIONS: InscribeOptions = {
  json: false,
  force: false,
  restart: false,
  verify: true,
  reload: true,
  waitSeconds: 0,
};

const folders = foldersOfHome("/home", { runtime: "/run/user/0", user: 0 });

function rune(path: string, text: string): Rune {
  return { path, text, mode: 0o600, provenance: new Map() };
}

const UNITS = "containers/systemd/lychd";
const OLD = [
  rune(`${UNITS}/lychd.pod`, "[Pod]\nPodName=lychd\n"),
  rune(`${UNITS}/soulstone-a.container`, "[Container]\nImage=a:1\n"),
  rune(`${UNITS}/soulstone-b.container`, "[Unit]\nConflicts=x.service\n[Container]\nImage=b\n"),
  rune("systemd/user/lychd-coven-x.target", "[Unit]\n"),
];
const NEW = [
  rune(`${UNITS}/lychd.pod`, "[Pod]\nPodName=lychd\n"),
  rune(`${UNITS}/soulstone-a.container`, "[Container]\nImage=a:2\n"),
  rune(`${UNITS}/soulstone-b.container`, "[Unit]\nConflicts=y.service\n[Container]\nImage=b\n"),
  rune(`${UNITS}/soulstone-c.container`, "[Container]\nImage=c\n"),
];

/** Results of programs, for tests in which they fail. */
type Broken =
  & Partial<Record<"quadlet" | "analyze" | "daemon-reload" | "files" | "show" | "reload", Ran>>
  & {
    /** A service that does not run; all others do. */
    readonly stopped?: string;
    /** A service that starts. */
    readonly starting?: string;
  };

/** Simulates the programs over the files in memory. */
function simulate(memory: () => MemoryHost, broken: Broken, calls: string[]): Host["run"] {
  let loaded: string[] = [];
  let restarts = 0;
  const answer = (stdout: string): Ran => ({ code: 0, stdout, stderr: "" });
  const below = (folder: string) =>
    [...memory().files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((p) =>
      basename(p)
    );
  return (program, args, env = {}) => {
    calls.push([program, ...args].join(" "));
    if (program === "/quadlet") {
      const files = below(env["QUADLET_UNIT_DIRS"] ?? "");
      const blocks = files.flatMap((f) => serviceOf(f) ?? []).map((s) => `---${s}---\n[Service]\n`);
      return Promise.resolve(broken.quadlet ?? answer(blocks.join("\n")));
    }
    if (program === "/analyze") return Promise.resolve(broken.analyze ?? answer(""));
    if (args.includes("daemon-reload")) {
      loaded = below("/home/.config").map((file) => serviceOf(file) ?? file);
      return Promise.resolve(broken["daemon-reload"] ?? answer(""));
    }
    if (args.includes("reload") && broken.reload !== undefined) {
      return Promise.resolve(broken.reload);
    }
    const units = args.slice(args.indexOf("--") + 1);
    if (args.includes("list-unit-files")) {
      const found = units.filter((unit) => loaded.includes(unit));
      return Promise.resolve(broken.files ?? answer(found.map((u) => `${u} static -`).join("\n")));
    }
    if (args.includes("try-restart")) restarts++;
    const names = units.map((unit) => unit.replace(/[[\]]/g, ""));
    const blocks = names.filter((unit) => unit !== broken.stopped).map((unit) =>
      `Id=${unit}\nLoadState=loaded\nActiveState=${
        unit === broken.starting ? "activating" : "active"
      }\nInvocationID=${restarts}`
    );
    return Promise.resolve(args.includes("--") && broken.show || answer(blocks.join("\n\n")));
  };
}

function contextOf(host: Host, output: Output): CommandContext {
  return memoryContext(output, { host, folders, programs: PROGRAMS });
}

/** Inscribes as a command does: prints a Refusal, and returns its exit code. */
function render(
  context: CommandContext,
  options: InscribeOptions,
  wanted: () => Wanted,
): Promise<ExitCode> {
  return withRefusals(context, options.json, () => inscribeAndApply(context, options, { wanted }));
}

/** A host with the old generation inscribed. */
async function oldHost(broken: Broken = {}, calls: string[] = []): Promise<MemoryHost> {
  const memory: MemoryHost = memoryHost({}, (...args) => run(...args));
  const healthy = simulate(() => memory, {}, []);
  let run = healthy;
  assert.equal(
    await render(contextOf(memory, { out: "", err: "" }), OPTIONS, () => ({ runes: OLD })),
    EXIT.ok,
  );
  run = simulate(() => memory, broken, calls);
  return memory;
}

/** Returns the units, without lychd's own files. */
function runesOf(memory: MemoryHost): Record<string, string> {
  const files: Record<string, string> = {};
  for (const [path, { bytes }] of memory.files) {
    if (!path.startsWith("/home/.config/") || basename(path).startsWith(".lychd-")) continue;
    files[path.slice("/home/.config/".length)] = new TextDecoder().decode(bytes);
  }
  return files;
}

function textsOf(runes: readonly Rune[]): Record<string, string> {
  return Object.fromEntries(runes.map(({ path, text }) => [path, text]));
}

function receiptOf(memory: MemoryHost): string[] {
  const file = memory.files.get(`/home/.config/${UNITS}/.lychd-receipt.json`);
  return Object.keys(JSON.parse(new TextDecoder().decode(file?.bytes)).files);
}

Deno.test("after a crash at any step, the next run finds the old state or the new one", async () => {
  let crashes = 0;
  for (let deadline = 0;; deadline++) {
    const memory = await oldHost();
    const output = { out: "", err: "" };
    try {
      await render(
        contextOf(mortalHost(memory, deadline), output),
        OPTIONS,
        () => ({ runes: NEW }),
      );
      break;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    crashes++;
    recover(memory, folders.config);
    const runes = runesOf(memory);
    const state =
      Object.keys(runes).length === NEW.length && `${UNITS}/soulstone-c.container` in runes
        ? NEW
        : OLD;
    assert.deepEqual(runes, textsOf(state), `crash point ${deadline}`);
    assert.deepEqual(
      receiptOf(memory).sort(),
      Object.keys(textsOf(state)).sort(),
      `at ${deadline}`,
    );
    assert.equal(
      await render(contextOf(memory, output), OPTIONS, () => ({ runes: NEW })),
      EXIT.ok,
      output.err,
    );
    assert.deepEqual(runesOf(memory), textsOf(NEW));
    const left = [...memory.files.keys()].filter((p) =>
      isTransient(basename(p)) || p.includes("/stage/")
    );
    assert.deepEqual(left, [], `crash point ${deadline}`);
  }
  // deno-lint-ignore no-console
  console.log(`${crashes} crash points of a whole inscription`);
  assert.ok(crashes > 80);
});

const FAILED: Ran = { code: 1, stdout: "", stderr: "it failed\n" };

const REFUSALS: readonly { name: string; broken: Broken; says: RegExp }[] = [
  {
    name: "a generator that drops a unit",
    broken: {
      quadlet: {
        code: 0,
        stdout: "---lychd-pod.service---\n---soulstone-a.service---\n---soulstone-c.service---\n",
        stderr: 'quadlet-generator[7]: converting "soulstone-b.container": unsupported key\n',
      },
    },
    says: /soulstone-b\.container: converting "soulstone-b\.container": unsupported key/,
  },
  {
    name: "a generator that silently drops a unit",
    broken: { quadlet: { code: 0, stdout: "", stderr: "" } },
    says: /soulstone-c\.container: the Quadlet generator writes no service for it/,
  },
  {
    name: "a reload that fails",
    broken: { "daemon-reload": FAILED },
    says: /the previous ones are restored\nit failed/,
  },
  {
    name: "a unit that systemd does not load",
    broken: {
      files: { code: 0, stdout: "soulstone-c.service bad -\n", stderr: "" },
    },
    says: /soulstone-c\.service: bad-setting/,
  },
];

for (const { name, broken, says } of REFUSALS) {
  Deno.test(`${name} changes nothing, and exits with code 6`, async () => {
    const memory = await oldHost(broken);
    const output = { out: "", err: "" };
    assert.equal(
      await render(contextOf(memory, output), OPTIONS, () => ({ runes: NEW })),
      EXIT.hostRefused,
    );
    assert.match(output.err, says);
    assert.deepEqual(runesOf(memory), textsOf(OLD));
    assert.deepEqual(receiptOf(memory).sort(), Object.keys(textsOf(OLD)).sort());
  });
}

const COMPLAINT =
  "/run/user/0/x/lychd-coven-x.target:2: Unknown key 'Foo' in section [Unit], ignoring.\n";
const TARGET = rune("systemd/user/lychd-coven-x.target", "[Unit]\nFoo=bar\n");

for (
  const [name, analyze] of [
    ["finds a problem in and exits with 0", { code: 0, stdout: "", stderr: COMPLAINT }],
    ["fails on silently", { code: 1, stdout: "", stderr: "" }],
  ] as const
) {
  Deno.test(`a target that systemd-analyze ${name} changes nothing`, async () => {
    const memory = await oldHost({ analyze });
    const output = { out: "", err: "" };
    const wanted = [...OLD.slice(0, -1), TARGET];
    assert.equal(
      await render(contextOf(memory, output), OPTIONS, () => ({ runes: wanted })),
      EXIT.hostRefused,
    );
    assert.match(
      output.err,
      /lychd-coven-x\.target:2: Unknown key|systemd-analyze verify failed with 1/,
    );
    assert.deepEqual(runesOf(memory), textsOf(OLD));
  });
}

Deno.test("running services that changed are restarted, and removed ones are stopped", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  const restart = { ...OPTIONS, restart: true };
  assert.equal(
    await render(contextOf(memory, output), restart, () => ({ runes: NEW })),
    EXIT.ok,
    output.err,
  );
  const orders = calls.filter((call) => /restart|stop/.test(call));
  assert.deepEqual(orders, ["/systemctl --user try-restart --no-block -- soulstone-a.service"]);
  await render(contextOf(memory, output), restart, () => ({ runes: OLD }));
  assert.ok(calls.includes("/systemctl --user stop -- soulstone-c.service"));
});

Deno.test("an edit that is reverted before its restart needs no restart", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: NEW }));
  assert.match(output.err, /not applied yet: a must restart\n/);
  output.err = "";
  const back = [...OLD, rune(`${UNITS}/soulstone-c.container`, "[Container]\nImage=c\n")];
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: back }));
  assert.equal(output.err, "");
  await render(contextOf(memory, output), { ...OPTIONS, restart: true }, () => ({ runes: back }));
  assert.deepEqual(orders(calls), []);
  assert.equal(memory.files.has(`/home/.config/${UNITS}/.lychd-notes.json`), false);
});

Deno.test("after two edits, what runs is compared with what it was started with", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  const withImage = (image: string) =>
    OLD.map((old) =>
      old.path.includes("soulstone-a") ? rune(old.path, `[Container]\nImage=${image}\n`) : old
    );
  for (const image of ["a:2", "a:3", "a:1"]) {
    await render(contextOf(memory, output), OPTIONS, () => ({ runes: withImage(image) }));
  }
  await render(contextOf(memory, output), { ...OPTIONS, restart: true }, () => ({ runes: OLD }));
  assert.deepEqual(orders(calls), []);
});

const podOf = (...ports: readonly number[]) =>
  rune(
    `${UNITS}/lychd.pod`,
    `[Pod]\nPodName=lychd\n${ports.map((p) => `PublishPort=127.0.0.1:${p}:${p}\n`).join("")}`,
  );
const engineAt = (name: string, port: number) =>
  rune(
    `${UNITS}/soulstone-${name}.container`,
    `[Container]\nImage=${name}\n[X-Lychd]\nSoulstone=${name}\nPort=${port}\n`,
  );

Deno.test("the pod restarts for a new port, and not for that of a removed Soulstone", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  const restart = { ...OPTIONS, restart: true };
  const both = [podOf(80, 81), engineAt("a", 80), engineAt("b", 81)];
  const one = [podOf(80), engineAt("a", 80)];
  await render(contextOf(memory, output), restart, () => ({ runes: both }));
  calls.length = 0;
  await render(contextOf(memory, output), restart, () => ({ runes: one }));
  assert.deepEqual(orders(calls), ["stop -- soulstone-b.service"]);
  calls.length = 0;
  // The pod publishes the port still.
  await render(contextOf(memory, output), restart, () => ({ runes: both }));
  assert.deepEqual(orders(calls), []);
  const other = [podOf(80, 82), engineAt("a", 80), engineAt("b", 82)];
  await render(contextOf(memory, output), restart, () => ({ runes: other }));
  assert.deepEqual(orders(calls), ["try-restart --no-block -- lychd-pod.service"]);
});

Deno.test("a removed Soulstone that still starts is stopped before its unit is gone", async () => {
  const calls: string[] = [];
  const memory = await oldHost({ starting: "soulstone-b.service" }, calls);
  const output = { out: "", err: "" };
  const without = OLD.filter(({ path }) => !path.includes("soulstone-b"));
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: without }));
  const stop = calls.indexOf("/systemctl --user stop -- soulstone-b.service");
  assert.ok(stop >= 0 && stop < calls.indexOf("/systemctl --user daemon-reload"), calls.join("\n"));
});

Deno.test("an inscription without changes only asks whether systemd answers", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  assert.equal(await render(contextOf(memory, output), OPTIONS, () => ({ runes: OLD })), EXIT.ok);
  assert.deepEqual(calls, ["/systemctl --user show --property=Version"]);
  assert.match(output.out, /0 created, 0 updated, 0 removed, 4 unchanged/);
});

Deno.test("a running Soulstone that was removed is stopped by a later --restart", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  const without = OLD.filter(({ path }) => !path.includes("soulstone-b"));
  assert.equal(
    await render(contextOf(memory, output), OPTIONS, () => ({ runes: without })),
    EXIT.ok,
  );
  assert.match(
    output.err,
    /not applied yet: b must stop, since no unit is rendered for it\nhint: lychd apply\n/,
  );
  await render(
    contextOf(memory, output),
    { ...OPTIONS, restart: true },
    () => ({ runes: without }),
  );
  assert.ok(calls.includes("/systemctl --user stop -- soulstone-b.service"));
});

Deno.test("needed restarts are kept when systemd does not answer", async () => {
  const calls: string[] = [];
  const broken: Broken = {};
  const memory = await oldHost(broken, calls);
  const output = { out: "", err: "" };
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: NEW }));
  broken.show = { code: 1, stdout: "", stderr: "Connection timed out" };
  const restart = { ...OPTIONS, restart: true };
  assert.equal(
    await render(contextOf(memory, output), restart, () => ({ runes: NEW })),
    EXIT.hostRefused,
  );
  assert.match(output.err, /Connection timed out; the new units are in place/);
  delete broken.show;
  await render(contextOf(memory, output), restart, () => ({ runes: NEW }));
  assert.ok(calls.includes("/systemctl --user try-restart --no-block -- soulstone-a.service"));
});

Deno.test("a masked unit is rendered, with the command that unmasks it", async () => {
  const files = NEW.map(({ path }) => unitOf(path))
    .map((unit) => `${unit} ${unit === "soulstone-a.service" ? "masked" : "generated"} -`);
  const memory = await oldHost({ files: { code: 0, stdout: files.join("\n"), stderr: "" } });
  const output = { out: "", err: "" };
  const wanted = () => ({ runes: NEW });
  assert.equal(await render(contextOf(memory, output), OPTIONS, wanted), EXIT.ok);
  assert.deepEqual(runesOf(memory), textsOf(NEW));
  assert.ok(
    output.err.startsWith(
      "warning: soulstone-a.service is masked: systemd does not start what is masked\n" +
        "hint: systemctl --user unmask soulstone-a.service\n",
    ),
    output.err,
  );
});

Deno.test("units that were not verified or loaded are by the next render", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  const alone = { ...OPTIONS, verify: false, reload: false };
  await render(contextOf(memory, output), alone, () => ({ runes: NEW }));
  assert.equal(calls.length, 0);
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: NEW }));
  assert.ok(calls.some((call) => call.startsWith("/quadlet")));
  assert.ok(calls.includes("/systemctl --user daemon-reload"));
});

const WATCHERS = [
  ...OLD,
  rune(`${UNITS}/harvester.container`, "[Container]\nImage=p\n"),
  rune(`${UNITS}/harvester/prometheus.yml`, "a: 1\n"),
  rune(`${UNITS}/scribe.container`, "[Container]\nImage=g\n"),
  rune(`${UNITS}/scribe/dashboards/x.json`, "{}\n"),
  rune("systemd/user/lychd-watchers.target", "[Unit]\n"),
];

/** Returns the same files with other `texts`. */
function withTexts(texts: Readonly<Record<string, string>>): Rune[] {
  return WATCHERS.map((old) => rune(old.path, texts[old.path] ?? old.text));
}

/** A host that runs the Watchers. */
async function watchedHost(broken: Broken, calls: string[]): Promise<MemoryHost> {
  const memory = await oldHost(broken, calls);
  const context = contextOf(memory, { out: "", err: "" });
  assert.equal(await render(context, OPTIONS, () => ({ runes: WATCHERS })), EXIT.ok);
  calls.length = 0;
  return memory;
}

/** Returns the operations that systemd got, without queries and reloads. */
function orders(calls: readonly string[]): string[] {
  return calls.flatMap((call) =>
    /^\/systemctl --user (?!show|daemon-reload|list-unit-files)(.*)$/.exec(call)?.[1] ?? []
  );
}

const NEW_CONFIGURATION = { [`${UNITS}/harvester/prometheus.yml`]: "a: 2\n" };

Deno.test("a new configuration needs a reload, and a new dashboard nothing", async () => {
  const calls: string[] = [];
  const memory = await watchedHost({}, calls);
  const output = { out: "", err: "" };
  const runes = withTexts({ ...NEW_CONFIGURATION, [`${UNITS}/scribe/dashboards/x.json`]: "[]\n" });
  assert.equal(await render(contextOf(memory, output), OPTIONS, () => ({ runes: runes })), EXIT.ok);
  assert.deepEqual(orders(calls), ["reload -- harvester.service"]);
  assert.match(output.out, /^reloaded without a restart: harvester$/m);
  assert.equal(output.err, "");
  calls.length = 0;
  await render(contextOf(memory, output), { ...OPTIONS, restart: true }, () => ({ runes: runes }));
  assert.deepEqual(orders(calls), []);
});

Deno.test("a Harvester that waits for its restart is not reloaded before", async () => {
  const calls: string[] = [];
  const memory = await watchedHost({}, calls);
  const output = { out: "", err: "" };
  const runes = withTexts({
    ...NEW_CONFIGURATION,
    [`${UNITS}/harvester.container`]: "[Container]\nImage=p:2\n",
  });
  assert.equal(await render(contextOf(memory, output), OPTIONS, () => ({ runes: runes })), EXIT.ok);
  assert.match(output.err, /not applied yet: harvester must restart\nhint: lychd apply\n/);
  const later = runes.map((old) =>
    old.path.endsWith("prometheus.yml") ? rune(old.path, "a: 3\n") : old
  );
  await render(contextOf(memory, output), OPTIONS, () => ({ runes: later }));
  assert.deepEqual(orders(calls), []);
  await render(contextOf(memory, output), { ...OPTIONS, restart: true }, () => ({ runes: later }));
  assert.deepEqual(orders(calls), ["try-restart --no-block -- harvester.service"]);
});

Deno.test("a configuration that the Harvester refuses is reported, and retried by the next render", async () => {
  const calls: string[] = [];
  const broken: Broken = { reload: { code: 1, stdout: "", stderr: "Job for harvester failed.\n" } };
  const memory = await watchedHost(broken, calls);
  const output = { out: "", err: "" };
  const runes = withTexts(NEW_CONFIGURATION);
  assert.equal(
    await render(contextOf(memory, output), OPTIONS, () => ({ runes: runes })),
    EXIT.hostRefused,
  );
  assert.match(output.err, /^lychd: a reload failed: Job for harvester failed\.$/m);
  delete broken.reload;
  calls.length = 0;
  assert.equal(await render(contextOf(memory, output), OPTIONS, () => ({ runes: runes })), EXIT.ok);
  assert.deepEqual(orders(calls), ["reload -- harvester.service"]);
});

Deno.test("a new Watcher starts beside running ones only with --restart", async () => {
  const runes = [...WATCHERS, rune(`${UNITS}/gpu-exporter.container`, "[Container]\nImage=e\n")];
  for (const restart of [false, true]) {
    const calls: string[] = [];
    const memory = await watchedHost({ stopped: "gpu-exporter.service" }, calls);
    const output = { out: "", err: "" };
    await render(contextOf(memory, output), { ...OPTIONS, restart }, () => ({ runes: runes }));
    assert.deepEqual(orders(calls), restart ? ["start --no-block -- lychd-watchers.target"] : []);
  }
});

Deno.test("removed Watchers are stopped, without --restart too, and leave no folder", async () => {
  for (const restart of [false, true]) {
    const calls: string[] = [];
    const memory = await watchedHost({}, calls);
    const output = { out: "", err: "" };
    await render(contextOf(memory, output), { ...OPTIONS, restart }, () => ({ runes: OLD }));
    assert.deepEqual(orders(calls), [
      "stop -- harvester.service lychd-watchers.target scribe.service",
    ]);
    assert.match(output.out, /^stopped: harvester, lychd-watchers\.target, scribe$/m);
    assert.equal(output.err, "");
    const left = [...memory.folders].filter((path) => /harvester|scribe/.test(path));
    assert.deepEqual(left, []);
  }
});

const VESSEL = [
  rune("systemd/user/lychd-vessel.service", "[Service]\nExecStart=/lychd serve\n"),
  rune("systemd/user/lychd-hold.service", "[Service]\nExecStart=/bin/sh -c :\n"),
];

Deno.test("a new Vessel starts at once, and a disabled one stops without waiting for its requests", async () => {
  const calls: string[] = [];
  const memory = await oldHost({}, calls);
  const output = { out: "", err: "" };
  for (
    const [runes, order, line] of [
      [[...OLD, ...VESSEL], "start -- lychd-vessel.service", "started: vessel"],
      [
        OLD,
        "stop --no-block -- lychd-hold.service lychd-vessel.service",
        "stopped: lychd-hold\nstopping: vessel",
      ],
    ] as const
  ) {
    calls.length = 0;
    const context = contextOf(memory, output);
    assert.equal(await render(context, OPTIONS, () => ({ runes })), EXIT.ok);
    assert.deepEqual(orders(calls), [order]);
    assert.ok(output.out.includes(`\n${line}\n`), output.out);
    assert.equal(output.err, "");
  }
});

const receipt = (path: string) =>
  JSON.stringify({ lychd: 1, files: { [path]: { sha256: "0".repeat(64), mode: 0o600 } } });

const BAD_RECEIPTS: Readonly<Record<string, string>> = {
  "empty": "",
  "not JSON": "{",
  "null": "null",
  "a list": "[]",
  "of another program": '{"version": 3, "units": []}',
  "a newer version": '{"lychd": 2, "files": {}}',
  "files that are a list": '{"lychd": 1, "files": []}',
  "a path out of the folder": receipt("containers/systemd/lychd/../../../precious"),
  "a path out of the home": receipt("systemd/user/../../../../precious"),
  "an absolute path": receipt("/etc/passwd"),
  "a path to the Codex": receipt("lychd/soulstones/eye.toml"),
  "a path with a dot": receipt("systemd/user/./x"),
  "a path with an empty part": receipt("systemd/user//x"),
  "a folder": receipt("systemd/user/"),
  "a path with NUL": receipt("systemd/user/x\0y"),
  "an entry without a digest": '{"lychd": 1, "files": {"systemd/user/x": {"mode": 384}}}',
  "an entry that is null": '{"lychd": 1, "files": {"systemd/user/x": null}}',
};

/** The digest of "x": if lychd trusted such a journal, it would remove the file. */
const PRECIOUS = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
const journal = (path: string) =>
  JSON.stringify({ lychd: 1, entries: [{ path, hadBefore: false, sha256: PRECIOUS }] });

const BAD_JOURNALS: Readonly<Record<string, string>> = {
  "empty": "",
  "not JSON": "{",
  "null": "null",
  "a newer version": '{"lychd": 2, "entries": []}',
  "entries that are not a list": '{"lychd": 1, "entries": {}}',
  "a path out of the folder": journal("containers/systemd/lychd/../../../precious"),
  "an absolute path": journal("/etc/passwd"),
  "a path to the Codex": journal("lychd/soulstones/eye.toml"),
};

/** Bad files of lychd, and the message of every command. */
const INTRUSIONS = [
  ["receipt", BAD_RECEIPTS, /^lychd: the receipt \/home\/\S+ cannot be used: [^\n]+\n$/],
  [
    "journal",
    BAD_JOURNALS,
    /^lychd: \/home\/\S+: the journal (?:was not written by lychd: move it away|is of a newer lychd .*); /,
  ],
] as const;

for (const [name, texts, output] of INTRUSIONS) {
  Deno.test(`a ${name} that is broken, newer, or hostile stops every command that writes`, async () => {
    for (const [what, text] of Object.entries(texts)) {
      for (const command of WRITING) {
        const memory = await oldHost();
        // A second generation, so that there is a previous one.
        await render(contextOf(memory, { out: "", err: "" }), OPTIONS, () => ({ runes: NEW }));
        for (const path of ["precious", "lychd/soulstones/eye.toml", "systemd/user/x"]) {
          lay(memory, path, "x");
        }
        lay(memory, `${UNITS}/.lychd-${name}.json`, text);
        const before = filesOf(memory);
        const heard = { out: "", err: "" };
        const context = contextOf(memory, heard);
        const code = await obey(command, context);
        const words = `${command} with a ${name}: ${what}`;
        assert.equal(code, EXIT.failure, words);
        assert.match(heard.err, output, words);
        assert.deepEqual(filesOf(memory), before, words);
      }
    }
  });
}

/** The commands that write. */
const WRITING = ["render", "rollback", "purge"] as const;

function obey(command: typeof WRITING[number], context: CommandContext): Promise<ExitCode> {
  const options = { ...OPTIONS, force: true };
  return withRefusals(context, false, () => {
    switch (command) {
      case "render":
        return inscribeAndApply(context, options, { wanted: () => ({ runes: OLD }) });
      case "rollback":
        return rollback(options, context);
      case "purge":
        return purge({ command, yes: true, ...options }, context);
    }
  });
}

/** The folders that lychd writes to, and those above them. */
const FOLDERS = [
  ...["containers", "containers/systemd", "containers/systemd/lychd"],
  ...["systemd", "systemd/user", "systemd/user/default.target.d"],
];

const UNTRUSTED: readonly (readonly [status: Partial<FileStatus>, problem: RegExp])[] = [
  [
    { kind: "symlink" },
    / is a symlink; lychd never writes through symlinks; nothing was changed\nhint: /,
  ],
  [{ kind: "file" }, / is a file, not a folder; nothing was changed\nhint: /],
  [{ owner: 65534 }, / belongs to user 65534, not to 0; nothing was changed\nhint: sudo chown -R /],
  [
    { mode: 0o777 },
    /^lychd: \S+ is writable by everyone; nothing was changed\nhint: chmod -R o-w /,
  ],
];

Deno.test("no command writes below a folder that another user can change", async () => {
  for (const folder of FOLDERS) {
    for (const [status, problem] of UNTRUSTED) {
      for (const command of WRITING) {
        const memory = await oldHost();
        await render(contextOf(memory, { out: "", err: "" }), OPTIONS, () => ({ runes: NEW }));
        const place = `/home/.config/${folder}`;
        memory.makeFolder(place);
        const before = filesOf(memory);
        const host = hostWith(memory, place, status);
        const heard = { out: "", err: "" };
        const words = `${command}, ${folder}: ${JSON.stringify(status)}`;
        assert.equal(await obey(command, contextOf(host, heard)), EXIT.failure, words);
        assert.ok(heard.err.includes(place), words);
        assert.match(heard.err, problem, words);
        assert.deepEqual(filesOf(memory), before, words);
      }
    }
  }
});

Deno.test("a purge removes its lock last, and never the lock of another run", async () => {
  const memory = await oldHost();
  const lock = `/home/.config/${UNITS}/.lychd-lock`;
  const holders = () => new TextDecoder().decode(memory.files.get(lock)?.bytes);
  const hold = (holder: string) => lay(memory, `${UNITS}/.lychd-lock`, holder);
  const reloaded: string[] = [];
  const host: Host = {
    ...memory,
    lock(_, holder) {
      hold(holder);
      return Promise.resolve({ release() {} });
    },
    run(program, args, ...rest) {
      if (args.includes("daemon-reload")) reloaded.push(holders());
      return memory.run(program, args, ...rest);
    },
    remove(path) {
      memory.remove(path);
      // The name is free: another run locks it at once.
      if (path === lock) hold("process 2");
    },
  };
  const output = { out: "", err: "" };
  const purged = await purge(
    { command: "purge", yes: true, ...OPTIONS, force: true },
    contextOf(host, output),
  );
  assert.equal(purged, EXIT.ok, output.err);
  assert.deepEqual(reloaded, ["process 1"]);
  assert.equal(holders(), "process 2");
});

function lay(memory: MemoryHost, path: string, text: string): void {
  memory.makeFolder(dirname(`/home/.config/${path}`));
  const bytes = new TextEncoder().encode(text);
  memory.files.set(`/home/.config/${path}`, { bytes, mode: 0o600 });
}

/** Returns all files except the lock, which names its last holder. */
function filesOf(memory: MemoryHost): string[] {
  return [...memory.files].filter(([path]) => !path.endsWith("/.lychd-lock"))
    .map(([path, { bytes }]) => `${path} ${new TextDecoder().decode(bytes)}`).sort();
}

const STAGE = folders.stage ?? "";

/** Renders with another status for one path: from the start, or since the stage was made. */
async function renderedWith(
  place: string,
  status: Partial<FileStatus>,
  { isLate = false } = {},
): Promise<{ output: Output; code: ExitCode; created: string[] }> {
  const output = { out: "", err: "" };
  const memory = await oldHost();
  if (!isLate) memory.makeFolder(place);
  const before = new Set(memory.folders);
  const created: string[] = [];
  const host: Host = {
    ...hostWith(memory, place, status),
    create(path, ...rest) {
      created.push(path);
      memory.create(path, ...rest);
    },
  };
  const code = await render(contextOf(host, output), OPTIONS, () => ({ runes: NEW }));
  if (!isLate) created.push(...memory.folders.difference(before));
  return { output, code, created };
}

Deno.test("nothing is written to a stage that another user can change", async () => {
  const above = dirname(STAGE);
  const untrusted: readonly (readonly [string, Partial<FileStatus>, string])[] = [
    [STAGE, { kind: "symlink" }, `${STAGE} is a symlink; lychd never writes through symlinks`],
    [above, { kind: "symlink" }, `${above} is a symlink; lychd never writes through symlinks`],
    [above, { owner: 65534 }, `${above} belongs to user 65534, not to 0`],
    [STAGE, { mode: 0o777 }, `${STAGE} is writable by everyone`],
  ];
  for (const [place, status, problem] of untrusted) {
    for (const isLate of [false, true]) {
      const { output, code, created } = await renderedWith(place, status, { isLate });
      assert.ok(output.err.startsWith(`lychd: ${problem}`), output.err);
      assert.ok(output.err.includes("; nothing was changed\nhint: "), output.err);
      assert.equal(code, EXIT.failure);
      assert.deepEqual(created, []);
    }
  }
});

Deno.test("no unit is written to a folder that is writable by everyone", async () => {
  const folder = "/home/.config/containers/systemd/lychd/observer";
  const output = { out: "", err: "" };
  const memory = await oldHost();
  memory.makeFolder(folder);
  const host = hostWith(memory, folder, { mode: 0o777 });
  const runes = [...NEW, rune(`${UNITS}/observer/observe.sh`, "")];
  const before = runesOf(memory);
  const code = await render(contextOf(host, output), OPTIONS, () => ({ runes }));
  assert.equal(code, EXIT.failure);
  assert.match(
    output.err,
    /^lychd: \S+\/observer is writable by everyone; [^\n]+\nhint: chmod -R o-w /,
  );
  assert.deepEqual(runesOf(memory), before);
});
