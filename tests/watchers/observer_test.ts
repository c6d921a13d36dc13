/**
 * Checks the metrics that the observer writes for each state of a unit. systemctl is simulated; the
 * lab tests use the real one.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { join } from "node:path/posix";
import { findProgramFolders, versionOf } from "../dashboards/prometheus.ts";

const SCRIPT = fileURLToPath(new URL("../../templates/observe.sh", import.meta.url));

/** The properties of a unit; missing times are empty. */
type Properties = Readonly<Record<string, string>>;

const TIMES = {
  ActiveEnterTimestamp: "@100",
  InactiveExitTimestamp: "@200",
  InactiveEnterTimestamp: "@300",
  StateChangeTimestamp: "@400",
};

interface Row {
  readonly claim: string;
  readonly properties: Properties;
  readonly state: string;
  readonly since: number | undefined;
  readonly restarts?: number;
  /** The output of list-jobs for the engine. */
  readonly jobs?: string;
}

const ROWS: readonly Row[] = [
  {
    claim: "an engine that was never started is stopped, without a time",
    properties: { ActiveState: "inactive", SubState: "dead", NRestarts: "0" },
    state: "stopped",
    since: undefined,
  },
  {
    claim: "an engine that was stopped is stopped since the stop",
    properties: { ActiveState: "inactive", SubState: "dead", NRestarts: "0", ...TIMES },
    state: "stopped",
    since: 300,
  },
  {
    claim: "an engine that loads its model is starting since its start",
    properties: { ActiveState: "activating", SubState: "start", NRestarts: "0", ...TIMES },
    state: "starting",
    since: 200,
  },
  {
    claim: "an engine that answers is running since it became ready",
    properties: { ActiveState: "active", SubState: "running", NRestarts: "0", ...TIMES },
    state: "running",
    since: 100,
  },
  {
    claim: "an engine that reloads its files is running",
    properties: { ActiveState: "reloading", SubState: "reload", NRestarts: "0", ...TIMES },
    state: "running",
    since: 100,
  },
  {
    claim: "an engine that stops is stopping",
    properties: { ActiveState: "deactivating", SubState: "stop-sigterm", NRestarts: "0", ...TIMES },
    state: "stopping",
    since: 400,
  },
  {
    claim: "an engine that stops on request is stopping, even if it had to be killed",
    properties: {
      ActiveState: "deactivating",
      SubState: "stop-post",
      NRestarts: "0",
      Result: "exit-code",
      Job: "7",
      ...TIMES,
    },
    jobs: "7 soulstone-eye.service stop running",
    state: "stopping",
    since: 400,
  },
  {
    claim: "an engine that is restarted by hand is stopping, even if it had to be killed",
    properties: {
      ActiveState: "deactivating",
      SubState: "stop-post",
      NRestarts: "0",
      Result: "exit-code",
      Job: "7",
      ...TIMES,
    },
    jobs: "7 soulstone-eye.service restart running",
    state: "stopping",
    since: 400,
  },
  {
    claim: "an engine that crashed while it loads has failed, although its start job waits",
    properties: {
      ActiveState: "deactivating",
      SubState: "stop-post",
      NRestarts: "2",
      Result: "exit-code",
      Job: "7",
      ...TIMES,
    },
    jobs: "6 soulstone-sage.service stop waiting\n7 soulstone-eye.service start running",
    state: "failed",
    since: 400,
    restarts: 2,
  },
  {
    claim: "an engine that crashed has failed while systemd cleans up",
    properties: {
      ActiveState: "deactivating",
      SubState: "stop-post",
      NRestarts: "0",
      Result: "exit-code",
      ...TIMES,
    },
    state: "failed",
    since: 400,
  },
  {
    claim: "an engine that systemd does not restart again has failed",
    properties: { ActiveState: "failed", SubState: "failed", NRestarts: "0", ...TIMES },
    state: "failed",
    since: 300,
  },
  {
    claim: "an engine that waits for its restart has failed",
    properties: { ActiveState: "activating", SubState: "auto-restart", NRestarts: "0", ...TIMES },
    state: "failed",
    since: 300,
  },
  {
    claim: "an engine that systemd started again has failed until it is ready",
    properties: { ActiveState: "activating", SubState: "start", NRestarts: "3", ...TIMES },
    state: "failed",
    since: 300,
    restarts: 3,
  },
  {
    claim: "an engine that is ready again is running and keeps its count of restarts",
    properties: { ActiveState: "active", SubState: "running", NRestarts: "3", ...TIMES },
    state: "running",
    since: 100,
    restarts: 3,
  },
];

/** Runs the script with `properties` of one engine and one Coven. */
async function observe(
  properties: Properties,
  coven: Properties = { ActiveState: "inactive" },
  conflicts = "",
  jobs = "",
  door?: { readonly before: string | undefined; readonly now: string | undefined },
): Promise<{ code: number; stderr: string; text: string; names: string[]; vessel: string }> {
  const folder = await Deno.makeTempDir();
  try {
    const block = (id: string, values: Properties) =>
      Object.entries({ Id: id, ...values }).map(([k, v]) => `${k}=${v}\n`).join("");
    await Deno.writeTextFile(
      join(folder, "answer"),
      `${block("soulstone-eye.service", properties)}\n${block("lychd-coven-a.b.target", coven)}`,
    );
    const played = `#!/bin/sh
case $* in
*Conflicts*) echo "${conflicts}" ;;
*list-jobs*) echo "${jobs}" ;;
*) echo "$@" >"\${0%/*}/asked"; cat "\${0%/*}/answer" ;;
esac
`;
    await Deno.writeTextFile(join(folder, "systemctl"), played, { mode: 0o755 });
    await Deno.mkdir(join(folder, "units"));
    await Deno.mkdir(join(folder, "lychd-vessel"));
    for (
      const [file, text] of [
        ["units/vessel.txt", door?.before],
        ["lychd-vessel/metrics.txt", door?.now],
      ] as const
    ) if (text !== undefined) await Deno.writeTextFile(join(folder, file), text);
    const process = new Deno.Command("sh", {
      args: [SCRIPT],
      env: { PATH: `${folder}:${Deno.env.get("PATH")}`, RUNTIME_DIRECTORY: join(folder, "units") },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(
      'soulstone-eye.service soulstone="eye",covens="a.b",engine_kind="vllm"\n' +
        'lychd-coven-a.b.target coven="a.b"\n',
    ));
    await writer.close();
    const { code, stderr } = await process.output();
    assert.match(
      await Deno.readTextFile(join(folder, "asked")),
      /^--user show .*-- soulstone-eye\.service lychd-coven-a\.b\.target\n$/,
    );
    return {
      code,
      stderr: new TextDecoder().decode(stderr),
      text: await Deno.readTextFile(join(folder, "units/units.txt")).catch(() => ""),
      vessel: await Deno.readTextFile(join(folder, "units/vessel.txt")).catch(() => ""),
      names: [...Deno.readDirSync(join(folder, "units"))].map(({ name }) => name),
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const OF = 'soulstone="eye",covens="a.b",engine_kind="vllm"';

for (const { claim, properties, state, since, restarts = 0, jobs } of ROWS) {
  Deno.test(claim, async () => {
    const { code, stderr, text, names } = await observe(properties, undefined, undefined, jobs);
    assert.deepEqual({ code, stderr, names }, { code: 0, stderr: "", names: ["units.txt"] });
    const states = [...text.matchAll(/^lychd_soulstone_state\{(.*),state="(.*)"\} (\d)$/gm)];
    assert.deepEqual(
      states.map(([, labels, name, value]) => [labels, name, value]),
      ["running", "starting", "stopping", "stopped", "failed"]
        .map((name) => [OF, name, name === state ? "1" : "0"]),
    );
    assert.ok(text.includes(`\nlychd_soulstone_restarts{${OF}} ${restarts}\n`), text);
    assert.equal(
      /^lychd_soulstone_state_since_timestamp_seconds\{.*\} (\d+)$/m.exec(text)?.[1],
      since?.toString(),
    );
  });
}

Deno.test("a Coven is active if its target is, with the time of the observation", async () => {
  for (const [ActiveState, value] of [["active", 1], ["inactive", 0], ["failed", 0]] as const) {
    const startSeconds = Math.floor(Date.now() / 1000);
    const { text } = await observe(ROWS[0]?.properties ?? {}, { ActiveState });
    assert.ok(text.includes(`\nlychd_coven_active{coven="a.b"} ${value}\n`), text);
    const seen = Number(/^lychd_observed_timestamp_seconds (\d+)$/m.exec(text)?.[1]);
    assert.ok(seen >= startSeconds && seen <= Date.now() / 1000, text);
  }
});

Deno.test("each activation of a Coven has its time; without an activation there is none", async () => {
  const name = "lychd_coven_activated_timestamp_seconds";
  const activation = async (ActiveEnterTimestamp: string) => {
    const { text } = await observe(ROWS[0]?.properties ?? {}, {
      ActiveState: "active",
      ActiveEnterTimestamp,
    });
    return new RegExp(`^${name}\\{coven="a.b"\\} (\\d+)$`, "m").exec(text)?.[1];
  };
  assert.equal(await activation("@1764000000"), "1764000000");
  assert.equal(await activation(""), undefined);
});

Deno.test("a failed engine is replaced when a conflicting unit runs", async () => {
  const failed = { ActiveState: "failed", NRestarts: "0" };
  const stopped = { ActiveState: "inactive", NRestarts: "0" };
  const target = "lychd-coven-a.b.target";
  const rows = [
    [failed, "active", `shutdown.target ${target}`, 1],
    [failed, "activating", target, 1],
    [failed, "inactive", target, 0],
    [failed, "active", "shutdown.target", 0],
    [stopped, "active", target, 0],
  ] as const;
  for (const [properties, ActiveState, conflicts, value] of rows) {
    const { text } = await observe(properties, { ActiveState }, conflicts);
    assert.ok(text.includes(`\nlychd_soulstone_replaced{${OF}} ${value}\n`), text);
  }
});

Deno.test("the figures of the front door are copied while it runs, also if systemd omits a unit", async () => {
  const door = { before: "lychd_vessel_x 1\n", now: "lychd_vessel_x 2\n" };
  for (const Id of ["soulstone-eye.service", "soulstone-other.service"]) {
    const { vessel } = await observe({ ...ROWS[0]?.properties, Id }, undefined, "", "", door);
    assert.equal(vessel, door.now);
  }
  const { code, stderr, names } = await observe(ROWS[0]?.properties ?? {}, undefined, "", "", {
    ...door,
    now: undefined,
  });
  assert.deepEqual({ code, stderr, names }, { code: 0, stderr: "", names: ["units.txt"] });
});

Deno.test("if systemd omits a unit, the old file is kept and an error is printed", async () => {
  const { code, stderr, text } = await observe({ Id: "soulstone-other.service" });
  assert.deepEqual({ code, text }, { code: 1, text: "" });
  assert.equal(stderr, "systemd returned no state of soulstone-eye.service\n");
});

for (const folder of findProgramFolders()) {
  Deno.test(`promtool ${versionOf(folder)} finds no problem in the observer's metrics`, async () => {
    const { text } = await observe(ROWS[3]?.properties ?? {});
    const process = new Deno.Command(join(folder, "promtool"), {
      args: ["check", "metrics"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = process.stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
    const { code, stdout, stderr } = await process.output();
    assert.deepEqual([code, ...[stdout, stderr].map((b) => new TextDecoder().decode(b))], [
      0,
      "",
      "",
    ]);
  });
}
