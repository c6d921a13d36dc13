/** Tests of the Watchers, with Debian's Prometheus and stand-ins for engines and for Grafana. */
import assert from "node:assert/strict";
import {
  active,
  engine,
  type Fields,
  freshHost,
  install,
  must,
  reboot,
  run,
  show,
  start,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { DOOR, installDoor } from "./door.ts";
import { labTest, labUp, lichExec, type LichShell, lichShell } from "./lab.ts";
import { makeImages, panelQuery, queryNow, queryRange, WATCHERS } from "./watchers.ts";

const METRICS = { metrics: { path: "/metrics" } };
const SOULSTONES = {
  a: engine(8780, { groups: ["one"], ...METRICS }, ["--model", "a"]),
  b: engine(8781, { groups: ["two"], ...METRICS }, ["--model", "b"]),
  home: engine(8782, { resident: true }),
};
const SERVICES = ["harvester.service", "scribe.service"];
const TIMER = "lychd-observer.timer";

async function installWatched(
  shell: LichShell,
  soulstones: Readonly<Record<string, Fields>> = SOULSTONES,
  settings: Fields = {},
): Promise<void> {
  await makeImages(shell);
  await install(shell, soulstones, { ...WATCHERS, ...settings });
}

async function waitForWatchers(shell: LichShell): Promise<void> {
  await waitUntil(
    "the Watchers run",
    30,
    async () => (await active(shell, [...SERVICES, TIMER])).length === 3,
  );
}

/** Waits until a query has a series whose value is `value`. */
async function waitForValue(
  shell: LichShell,
  query: string,
  value: number,
  seconds = 20,
): Promise<void> {
  let last: unknown;
  const holds = async () => {
    const series = await queryNow(shell, query);
    last = series;
    return series.some(({ values }) => values[0]?.[1] === value);
  };
  await waitUntil(`${query} is ${value}`, seconds, holds).catch((error) => {
    throw new Error(`${error.message}, last ${JSON.stringify(last)}`);
  });
}

const state = (soulstone: string, name: string) =>
  `lychd_soulstone_state{soulstone="${soulstone}",state="${name}"}`;

async function render(shell: LichShell): Promise<void> {
  const result = await run(shell, "render");
  assert.equal(result.code, 0, result.stderr);
}

async function mainPids(shell: LichShell): Promise<string[]> {
  const states = await show(shell, [...SERVICES, "lychd-pod.service"], ["MainPID", "InvocationID"]);
  return [...states.values()].map((s) => `${s["MainPID"]} ${s["InvocationID"]}`);
}

labTest("the first engine starts the Watchers, which show what runs", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  assert.deepEqual(await active(shell, ["lychd-watchers.target"]), ["lychd-watchers.target"]);
  await waitForValue(shell, state("a", "running"), 1);
  await waitForValue(shell, state("b", "stopped"), 1);
  await waitForValue(
    shell,
    'up{job="soulstone",soulstone="a",covens="one",engine_kind="generic"}',
    1,
  );
  await waitForValue(shell, 'up{job="soulstone",soulstone="b"}', 0);
  await waitForValue(shell, 'fake_engine_uptime_seconds{soulstone="a"} > bool 0', 1);
  // A resident without metrics is only observed through its unit.
  await waitForValue(shell, state("home", "stopped"), 1);
  assert.deepEqual(await queryNow(shell, 'up{soulstone="home"}'), []);
  await waitForValue(shell, 'up{job="harvester"}', 1);
  await waitForValue(shell, 'up{job="lychd-units"}', 1);
  const jobs = (await queryNow(shell, "up")).map(({ metric }) => metric["job"]);
  assert.deepEqual([...new Set(jobs)].sort(), ["harvester", "lychd-units", "soulstone"]);
  await waitForValue(shell, "prometheus_config_last_reload_successful", 1);
  const listening = await must(
    shell,
    "ss -Hltn | awk '{ print $4 }' | grep -E ':(9090|3000)$' | sort",
  );
  assert.deepEqual(listening.trim().split("\n"), ["127.0.0.1:3000", "127.0.0.1:9090"]);
});

labTest("after three swaps the dashboard of Covens shows the correct history", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell);
  const covens: { readonly asked: number; readonly started: number; readonly coven: string }[] = [];
  const now = async () => Number(await must(shell, "date +%s.%N"));
  const startSeconds = await now();
  for (const coven of ["one", "two", "one", "two"]) {
    const asked = await now();
    assert.equal((await start(shell, `lychd-coven-${coven}.target`)).code, 0);
    covens.push({ asked, started: await now(), coven });
    if (covens.length === 1) await waitForWatchers(shell);
    await must(shell, "sleep 10");
  }
  const end = await now();
  const from = covens[0]?.started ?? end;

  const history = await queryRange(shell, await panelQuery("Coven history"), [from, end]);
  const soulstones = await queryRange(shell, await panelQuery("Soulstone history"), [from, end]);
  let compared = 0;
  for (let time = Math.ceil(from); time < end - 2; time++) {
    // A swap appears with a delay: the observer, the Harvester and its rules run once a second.
    const current = covens.findLast(({ started }) => started + 4 < time);
    const later = covens.findLast(({ asked }) => asked < time + 2);
    if (current === undefined || current !== later) continue;
    const at = (series: typeof history, label: string, name: string) =>
      series.find(({ metric }) => metric[label] === name)?.values
        .find(([t]) => Math.abs(t - time) < 0.5)?.[1];
    // The first rules are computed a second after the first scrape.
    if (at(soulstones, "soulstone", "a") === undefined && compared === 0) continue;
    compared++;
    const { coven } = current;
    const shown = {
      one: at(history, "coven", "one"),
      two: at(history, "coven", "two"),
      a: at(soulstones, "soulstone", "a"),
      b: at(soulstones, "soulstone", "b"),
      home: at(soulstones, "soulstone", "home"),
    };
    const correct = coven === "one"
      ? { one: 1, two: 0, a: 2, b: 0, home: 2 }
      : { one: 0, two: 1, a: 0, b: 2, home: 2 };
    assert.deepEqual(shown, correct, `${time - from} s after the first start`);
  }
  const known = JSON.stringify({ covens, history, soulstones });
  assert.ok(compared >= 8, `${compared} moments compared of ${known}`);
  // Longer than the test: the first Coven started before the Harvester, and must be counted.
  const seconds = Math.ceil(end - startSeconds) + 30;
  const swaps = (await panelQuery("Swaps")).replaceAll("$__range_s", `${seconds}`)
    .replaceAll("$__range", `${seconds}s`);
  const counted = Object.fromEntries(
    (await queryNow(shell, swaps)).map(({ metric, values }) => [metric["coven"], values[0]?.[1]]),
  );
  assert.deepEqual(counted, { one: 2, two: 2 });
});

labTest("after a swap a killed engine is stopped, and a failed one has no alert", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell, {
    deaf: engine(8780, { groups: ["one"], stop_timeout_seconds: 1 }, ["--ignore-term"]),
    b: engine(8781, { groups: ["two"] }),
    mute: engine(8782, { groups: ["three"], start_timeout_seconds: 2 }, ["--health", "fail"]),
  });
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  await waitForWatchers(shell);
  await waitForValue(shell, state("deaf", "running"), 1);
  await start(shell, "soulstone-mute.service");
  await waitForValue(shell, state("deaf", "stopped"), 1);
  await waitForValue(shell, state("mute", "failed"), 1);
  const alerts = async () =>
    (await queryNow(shell, "ALERTS")).map(({ metric }) =>
      `${metric["alertname"]} ${metric["soulstone"]}`
    );
  await waitUntil("its alert is pending", 10, async () => (await alerts()).length === 1);
  assert.deepEqual(await alerts(), ["SoulstoneFailed mute"]);
  assert.equal((await start(shell, "lychd-coven-two.target")).code, 0);
  await waitForValue(shell, 'lychd_soulstone_replaced{soulstone="mute"}', 1);
  await waitUntil("its alert is gone", 10, async () => (await alerts()).length === 0);
  await waitForValue(shell, state("mute", "failed"), 1);
  await waitForValue(shell, 'soulstone:state:code{soulstone="mute"}', 3);
});

labTest("the Watchers survive swaps, a crash of an engine and a stop of all engines", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell);
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  await waitForWatchers(shell);
  const before = await mainPids(shell);
  for (const coven of ["two", "one", "two"]) {
    assert.equal((await start(shell, `lychd-coven-${coven}.target`)).code, 0);
  }
  await must(shell, "podman kill --signal KILL soulstone-b");
  for (const count of [0, 1]) {
    await waitUntil(
      `the engine is ${count === 0 ? "down" : "back"}`,
      20,
      async () => (await active(shell, ["soulstone-b.service"])).length === count,
    );
  }
  await must(shell, "systemctl --user stop 'soulstone-*.service' 'lychd-coven-*.target'; sleep 1");
  assert.deepEqual(await mainPids(shell), before);
  assert.deepEqual(await active(shell, [...SERVICES, TIMER]), [...SERVICES, TIMER]);
  await waitForValue(shell, state("b", "stopped"), 1);
});

labTest("a boot starts the Watchers without a Coven and without a delay", async () => {
  await labUp();
  {
    await using shell = lichShell();
    await installWatched(shell, SOULSTONES, {
      scribe: {
        ...WATCHERS.scribe,
        quadlet: { Container: { Environment: "START_SECONDS=5" } },
      },
    });
  }
  const since = (await lichExec(["date", "+@%s"], { root: true })).stdout.trim();
  await reboot();
  await using shell = lichShell();
  await waitUntil(
    "default.target is reached",
    4,
    async () => (await active(shell, ["default.target"])).length === 1,
  );
  assert.deepEqual(await active(shell, ["scribe.service"]), []);
  await waitForWatchers(shell);
  await waitForValue(shell, state("a", "stopped"), 1);
  assert.deepEqual(await active(shell, ["soulstone-a.service", "soulstone-b.service"]), []);
  assert.equal((await must(shell, "systemctl --user --failed --plain --no-legend")).trim(), "");
  const { stdout } = await lichExec(["journalctl", `--since=${since}`, "-o", "cat"], {
    root: true,
  });
  const complaints = stdout.split("\n").filter((line) => /lychd|harvester|scribe/.test(line))
    .filter((line) => /ordering cycle|Unknown key|Failed to add|Invalid|refus/i.test(line));
  assert.deepEqual(complaints, []);
});

labTest("a crash loop is shown as failed, an engine that never answers as starting", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell, {
    crash: engine(8780, { groups: ["one"] }, ["--load-seconds", "60", "--exit-after", "2"]),
    mute: engine(8781, { groups: ["one"], start_timeout_seconds: 25 }, ["--health", "fail"]),
  });
  // Start the Watchers first: Podman 5.8 creates no container in a pod while another one loads.
  await must(shell, "systemctl --user start lychd-watchers.target");
  await waitForWatchers(shell);
  const startSeconds = Number(await must(shell, "date +%s"));
  await must(shell, "systemctl --user start --no-block lychd-coven-one.target");
  await waitForValue(shell, state("mute", "starting"), 1);
  await waitForValue(shell, state("crash", "failed"), 1, 40);
  await waitForValue(shell, state("mute", "failed"), 1, 60);
  await waitForValue(shell, 'lychd_soulstone_restarts{soulstone="crash"} >= bool 2', 1, 40);
  // It stays failed after its first crash, also while it restarts.
  const end = Number(await must(shell, "date +%s"));
  const [failed] = await queryRange(shell, state("crash", "failed"), [startSeconds, end]);
  const values = failed?.values.map(([, value]) => value) ?? [];
  const crashed = values.indexOf(1);
  assert.ok(crashed >= 0 && values.slice(crashed).every((value) => value === 1), values.join(""));
  assert.ok(values.length - crashed >= 8, values.join(""));
});

labTest("the observer logs only problems", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  // systemd 262 warns about the missing pids controller, which the lab may lack and a host has.
  const journal = (cursor: string) =>
    must(
      shell,
      `journalctl --user --after-cursor='${cursor}' -o cat | grep -i observer |
         grep -v 'Failed to read pids.max' || true`,
    );
  const cursorNow = async () =>
    (await must(shell, "journalctl --user -n 0 --show-cursor | sed -n 's/^-- cursor: //p'")).trim();
  const ticks = async () =>
    (await queryNow(shell, "changes(lychd_observed_timestamp_seconds[1m])"))[0]?.values[0]?.[1] ??
      0;
  await waitForValue(shell, "changes(lychd_observed_timestamp_seconds[1m]) > bool 1", 1);
  const before = await ticks();
  const cursor = await cursorNow();
  await must(shell, "sleep 6");
  assert.ok(await ticks() >= before + 4);
  assert.equal(await journal(cursor), "");

  const broken = await cursorNow();
  await must(
    shell,
    "echo 'exit 7' > ~/.config/containers/systemd/lychd/observer/observe.sh; sleep 3",
  );
  assert.match(await journal(broken), /lychd-observer\.service: Main process exited.*status=7/);
  await waitForValue(shell, "time() - lychd_observed_timestamp_seconds > bool 3", 1);
});

labTest("after a crash the Harvester keeps its data and its timer runs again", async () => {
  await labUp();
  await using shell = lichShell();
  await installWatched(shell);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  await waitForValue(shell, state("a", "running"), 1);
  const then = Number(await must(shell, "sleep 2; date +%s"));
  await must(shell, "podman kill --signal KILL lychd-harvester");
  await waitUntil("the timer ends", 5, async () => (await active(shell, [TIMER])).length === 0);
  await waitForWatchers(shell);
  const [series] = await queryRange(shell, state("a", "running"), [then - 1, then]);
  assert.equal(series?.values[0]?.[1], 1);
  const folder = "$XDG_RUNTIME_DIR/lychd-units";
  assert.match(await must(shell, `ls -A ${folder}`), /^units\.txt$/m);
  await must(
    shell,
    "systemctl --user stop lychd-watchers.target harvester.service scribe.service",
  );
  assert.deepEqual(await active(shell, [...SERVICES, TIMER]), []);
  assert.equal((await must(shell, `ls -d ${folder} 2>/dev/null || true`)).trim(), "");
});

labTest("the Scribe gets its settings, secret and dashboards, and keeps its data", async () => {
  await labUp();
  await using shell = lichShell();
  await must(
    shell,
    "podman secret rm scribe-admin 2>/dev/null; printf secret-word | podman secret create scribe-admin -",
  );
  await installWatched(shell, SOULSTONES, {
    scribe: { ...WATCHERS.scribe, admin_password_secret: "scribe-admin" },
  });
  assert.equal((await start(shell, "lychd-watchers.target")).code, 0);
  const inside = (command: string) => must(shell, `podman exec lychd-scribe ${command}`);
  assert.equal((await inside("id -u")).trim(), "0");
  const env = await inside("busybox cat /var/lib/grafana/env");
  assert.match(env, /^GF_SERVER_HTTP_PORT=3000$/m);
  const secret = /^GF_SECURITY_ADMIN_PASSWORD__FILE=(.*)$/m.exec(env)?.[1];
  assert.equal(await inside(`busybox cat ${secret}`), "secret-word");
  const files = await inside("busybox find /etc/grafana/provisioning /etc/lychd -type f");
  assert.deepEqual(files.trim().split("\n").sort(), [
    "/etc/grafana/provisioning/dashboards/lychd.yml",
    "/etc/grafana/provisioning/datasources/lychd.yml",
    "/etc/lychd/dashboards/lychd-covens.json",
    "/etc/lychd/dashboards/soulstone-llamacpp.json",
    "/etc/lychd/dashboards/soulstone-sglang.json",
    "/etc/lychd/dashboards/soulstone-vllm.json",
  ]);
  const home = /^GF_USERS_HOME_PAGE=\/d\/(.*)$/m.exec(env)?.[1];
  const covens = JSON.parse(await inside("busybox cat /etc/lychd/dashboards/lychd-covens.json"));
  assert.equal(home, covens.uid);
  await inside("busybox touch /var/lib/grafana/kept");
  await must(shell, "systemctl --user restart scribe.service");
  await inside("busybox test -e /var/lib/grafana/kept");
});

const RESERVED = { ...WATCHERS, sepulcher: { reserve_ports: "8780-8799" } };

labTest("a new Soulstone is scraped without a restart of the Watchers", async () => {
  await labUp();
  await using shell = lichShell();
  await makeImages(shell);
  await freshHost(shell);
  await writeCodex({ a: SOULSTONES.a }, RESERVED);
  await render(shell);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  const before = await mainPids(shell);
  await writeCodex(SOULSTONES, RESERVED);
  const result = await run(shell, "render");
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stdout, /^reloaded without a restart: harvester$/m);
  assert.equal(result.stderr, "");
  await waitForValue(shell, 'up{job="soulstone",soulstone="b"}', 0);
  await waitForValue(shell, state("b", "stopped"), 1);
  assert.deepEqual(await mainPids(shell), before);
});

labTest("a configuration that Prometheus rejects is reported and does not apply", async () => {
  await labUp();
  await using shell = lichShell();
  await makeImages(shell);
  await freshHost(shell);
  await writeCodex(SOULSTONES, RESERVED);
  await render(shell);
  assert.equal((await start(shell, "lychd-watchers.target")).code, 0);
  await waitForValue(shell, "prometheus_config_last_reload_successful", 1);
  // An invalid regular expression in Go syntax, which lychd does not check.
  const invalid = {
    ...WATCHERS.harvester,
    extra_scrape_configs: [{ job_name: "x", relabel_configs: [{ regex: "(" }] }],
  };
  await writeCodex(SOULSTONES, { ...RESERVED, harvester: invalid });
  const result = await run(shell, "render");
  assert.equal(result.code, 6, result.stdout);
  assert.match(result.stderr, /^lychd: a reload failed: .*harvester\.service/m);
  assert.match(
    await must(shell, "journalctl --user -u harvester.service -n 30 -o cat"),
    /error parsing regexp/,
  );
  await waitForValue(shell, "prometheus_config_last_reload_successful", 1);
  assert.deepEqual(await queryNow(shell, 'up{job="x"}'), []);
  await writeCodex(SOULSTONES, RESERVED);
  await render(shell);
});

/** Lists the units of lychd that are active or have failed, except those of the pod and the Covens. */
const REMAINS = `systemctl --user list-units --plain --no-legend 'lychd-*' 'harvester*' \
  'scribe*' 'soulstone-*' | grep -vE '^lychd-(pod|coven-)'`;

labTest("disabled Watchers leave no unit, neither after a render nor after a purge", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  await makeImages(shell);
  const sick = { groups: ["two"], start_timeout_seconds: 2 };
  const soulstones = {
    a: engine(8780, { groups: ["one"] }),
    sick: engine(8781, sick, ["--health", "fail"]),
  };
  const remains = async () =>
    (await shell.run(REMAINS)).stdout.trim().split("\n").map((line) => line.replaceAll(/ +/g, " "));
  await writeCodex(soulstones, WATCHERS);
  await render(shell);
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  const engineOf = async () =>
    (await show(shell, ["soulstone-a.service"], ["InvocationID"])).get("soulstone-a.service");
  const before = await engineOf();
  await writeCodex(soulstones, {});
  const disabled = await run(shell, "render");
  assert.equal(disabled.code, 0, disabled.stderr);
  assert.match(disabled.stdout, /\nstopped: .*\bharvester\b.*\bscribe\b/);
  assert.equal(disabled.stderr, "");
  const running = "soulstone-a.service loaded active running LychD Soulstone a";
  assert.deepEqual(await remains(), [running]);
  assert.deepEqual(await engineOf(), before);
  assert.doesNotMatch((await run(shell, "status")).stdout, /harvester|scribe/);
  // An engine that has failed leaves nothing either.
  await start(shell, "soulstone-sick.service");
  assert.match((await remains()).join(), /soulstone-sick\.service loaded failed/);
  await writeCodex({ a: soulstones.a }, {});
  await render(shell);
  assert.doesNotMatch((await remains()).join(), /sick/);
  await writeCodex(soulstones, WATCHERS);
  assert.equal((await run(shell, "render", "--restart")).code, 0);
  await waitForWatchers(shell);
  await start(shell, "soulstone-sick.service");
  assert.equal((await run(shell, "purge", "--yes")).code, 0);
  assert.deepEqual(await remains(), [""]);
  assert.equal((await shell.run("systemctl --user --failed --plain --no-legend")).stdout, "");
});

labTest("purge stops the Watchers, keeps their data and reports it", async () => {
  await labUp();
  await using shell = lichShell();
  await makeImages(shell);
  await freshHost(shell);
  await writeCodex(SOULSTONES, RESERVED);
  await render(shell);
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  await waitForWatchers(shell);
  const result = await run(shell, "purge", "--yes");
  assert.equal(result.code, 0, result.stderr);
  assert.match(result.stderr, /^hint: podman volume rm lychd-harvester-data lychd-scribe-data$/m);
  const left = await must(shell, "cd ~/.config && find containers systemd 2>/dev/null || true");
  assert.deepEqual(
    left.trim().split("\n").filter((path) => /lychd|default\.target/.test(path)),
    [],
  );
  const units = await must(
    shell,
    "systemctl --user list-units --all --plain --no-legend 'soulstone-*' 'lychd-*' 'harvester*' " +
      "'scribe*' | grep -v not-found || true",
  );
  assert.equal(units.trim(), "");
  assert.equal((await must(shell, "podman ps -aq")).trim(), "");
  assert.equal(
    (await must(shell, "ls -d $XDG_RUNTIME_DIR/lychd-units 2>/dev/null || true")).trim(),
    "",
  );
  assert.equal(
    (await must(shell, "podman volume ls -q --filter name=lychd- | sort")).trim(),
    "lychd-harvester-data\nlychd-scribe-data",
  );
});

labTest("the Harvester uses the secret for the metrics of an engine", async () => {
  await labUp();
  await using shell = lichShell();
  await must(
    shell,
    "podman secret rm engine-key 2>/dev/null; printf key | podman secret create engine-key -",
  );
  await installWatched(shell, {
    a: engine(8780, { metrics: { path: "/metrics", secret: "engine-key" } }),
  });
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  await waitForWatchers(shell);
  await waitForValue(shell, 'up{job="soulstone",soulstone="a"}', 1);
  const { stdout } = await lichExec([
    "podman",
    "exec",
    "lychd-harvester",
    "promtool",
    "check",
    "config",
    "/etc/lychd/prometheus.yml",
  ]);
  assert.match(stdout, /SUCCESS/);
});

labTest(
  "the Harvester has the figures of the front door without a key, and none after its end",
  async () => {
    await labUp();
    await using shell = lichShell();
    await makeImages(shell);
    const digest = (await must(shell, "printf secret | sha256sum | cut -d' ' -f1")).trim();
    await installDoor(
      shell,
      { a: engine(8780) },
      { keys: { alice: `sha256:${digest}` } },
      WATCHERS,
    );
    const ask = (key: string) =>
      shell.run(
        `curl -sf -m 60 ${DOOR}/v1/chat/completions -H 'content-type: application/json' ` +
          `-H 'x-api-key: ${key}' -d '{"model": "a", "messages": []}'`,
        { timeoutSeconds: 70 },
      );
    await waitUntil("the front door answers", 60, async () => (await ask("secret")).code === 0);
    assert.notEqual((await ask("wrong")).code, 0);
    await waitForWatchers(shell);
    await waitForValue(shell, 'up{job="lychd-vessel"}', 1);
    await waitForValue(
      shell,
      'lychd_vessel_requests_total{job="lychd-vessel",instance="lychd",soulstone="a",' +
        'endpoint="/v1/chat/completions",code="2xx"}',
      1,
    );
    await waitForValue(
      shell,
      'lychd_vessel_swaps_total{to="a",reason="request",result="ready"}',
      1,
    );
    await waitForValue(shell, 'lychd_vessel_rejected_total{reason="bad_key"}', 1);
    await must(shell, "systemctl --user stop lychd-vessel");
    await waitForValue(shell, 'up{job="lychd-vessel"}', 0);
    assert.deepEqual(await queryNow(shell, "lychd_vessel_state"), []);
  },
);
