/** Tests of what `lychd status`, `logs` and `summon` print about the pod and the Watchers. */
import assert from "node:assert/strict";
import { engine, ENGINE_IMAGE, must, run, start, waitUntil } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import { eventsOf, install } from "./summon.ts";
import { makeImages, WATCHERS } from "./watchers.ts";

const EYE = engine(8790, { groups: ["vision"] });
const LISTEN = "busybox nc -ll -p 8790 -e true";
const UNTIL_IT_LISTENS = "until ss -Hltn 'sport = :8790' | grep -q LISTEN; do sleep 0.05; done";

/** Holders of a port of the pod: how each starts and stops, and how lychd names it. */
const HOLDERS: Readonly<
  Record<string, { start: string; stop: string; name: RegExp; hint: string }>
> = {
  "a container": {
    start: `podman run -d --name holder -p 8790:80 ${ENGINE_IMAGE} --port 80`,
    stop: "podman stop holder",
    name: /container holder/,
    hint: "podman stop holder",
  },
  "a process": {
    start: `setsid ${LISTEN} &>/dev/null & echo $! >~/holder`,
    stop: "kill $(cat ~/holder)",
    name: /busybox \(PID \d+\)/,
    hint: "lychd doctor --only codex.ports",
  },
};

for (const [title, holder] of Object.entries(HOLDERS)) {
  labTest(`summon and status name ${title} that holds a port of the pod`, async () => {
    await labUp();
    await using shell = lichShell();
    await install(shell, { eye: EYE, deep: engine(8791, { groups: ["think"] }) });
    await must(shell, `podman rm -f -i -t 0 holder; ${holder.start}; ${UNTIL_IT_LISTENS}`);
    try {
      const why = new RegExp(
        `could not start: port 8790 is used by ${holder.name.source}; no engine can start`,
      );
      const failed = await run(shell, "summon", "vision");
      assert.equal(failed.code, 1, failed.stderr);
      assert.match(failed.stderr, new RegExp(`\nlychd: the pod ${why.source}\nhint: `));
      assert.ok(failed.stderr.endsWith(`\nhint: ${holder.hint}\n`), failed.stderr);
      assert.doesNotMatch(failed.stderr, /something else|journal|eye is not ready/);
      await waitUntil(
        "systemd has given up",
        30,
        async () => (await shell.run("systemctl --user is-failed -q lychd-pod.service")).code === 0,
      );
      const { soulstones, services } = JSON.parse((await run(shell, "status", "--json")).stdout);
      assert.match(services[0].why, new RegExp(`^it ${why.source}$`));
      assert.deepEqual(
        [services[0].name, services[0].state, services[0].hint],
        ["pod", "failed", holder.hint],
      );
      // The engine that was not asked for is only stopped.
      assert.deepEqual(
        soulstones.map((
          s: { name: string; state: string; why?: string },
        ) => [s.name, s.state, s.why]),
        [["deep", "stopped", undefined], ["eye", "stopped", "the pod could not start"]],
      );
      assert.match(
        (await run(shell, "logs", "pod")).stdout,
        /\b8790\b[^\n]*Address already in use/,
      );
      await must(shell, holder.stop);
      const { stdout: free } = await run(shell, "status", "pod");
      assert.match(free, /it could not start: port 8790 was in use, but is free now: lychd summon/);
      const summoned = await run(shell, "summon", "vision");
      assert.equal(summoned.code, 0, summoned.stderr);
    } finally {
      await shell.run(`${holder.stop}; podman rm -f -i -t 0 holder`);
    }
  });
}

/** Commands that end the pod from outside. */
const KILLS: Readonly<Record<string, string>> = {
  "podman pod kill": "podman pod kill lychd",
  "podman pod rm": "podman pod rm -f -t 0 lychd",
  "a kill of the infra container":
    "kill -9 $(podman inspect --format '{{.State.ConmonPid}}' lychd-infra)",
};

/** Returns the state of each engine, with the reason if there is one. */
async function statesOf(shell: LichShell): Promise<Record<string, string>> {
  const { soulstones } = JSON.parse((await run(shell, "status", "--json")).stdout) as {
    soulstones: { name: string; state: string; why?: string }[];
  };
  return Object.fromEntries(
    soulstones.map((
      { name, state, why },
    ) => [name, why === undefined ? state : `${state}: ${why}`]),
  );
}

/** An engine that returned with the pod; or was killed so long before it that it stays stopped. */
const SETTLED = /^(?:(?:stopped|failed): stopped by the failure of the pod|running)$/;

for (const [title, kill] of Object.entries(KILLS)) {
  // A command of Podman kills the engines too, some of them before the pod.
  const settled = title.startsWith("podman") ? SETTLED : /^running$/;
  labTest(`after ${title} exactly the engines that ran start again with the pod`, async () => {
    await labUp();
    await using shell = lichShell();
    await install(shell, {
      banished: engine(8791, { groups: ["vision"] }),
      eye: EYE,
      idle: engine(8792, { groups: ["think"] }),
      loading: engine(8793, { groups: ["vision"] }, ["--load-seconds", "5"]),
    });
    for (const name of ["eye", "banished"]) {
      assert.equal((await run(shell, "summon", name)).code, 0);
    }
    assert.equal((await run(shell, "banish", "banished")).code, 0);
    await must(shell, "systemctl --user start --no-block soulstone-loading.service; sleep 2");
    await must(shell, kill);
    await waitUntil("systemd has restarted the pod", 60, async () => {
      const { stdout } = await run(shell, "status", "pod", "--short");
      return /^pod +running +it failed, and systemd restarted it 1 time: /.test(stdout);
    });
    // The journal may lag behind.
    await waitUntil("both engines run again", 60, async () => {
      const { eye, loading } = await statesOf(shell);
      return [eye, loading].every((state = "") => settled.test(state));
    });
    const { banished, idle } = await statesOf(shell);
    assert.deepEqual([banished, idle], ["stopped", "stopped"]);
    // A stop on request is not undone, and ends the reason.
    assert.equal((await run(shell, "summon", "soulstone:eye")).code, 0);
    assert.equal((await run(shell, "banish")).code, 0);
    assert.equal((await statesOf(shell))["eye"], "stopped");
  });
}

labTest("a start that replaces an engine wins over its return with a killed pod", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    deep: engine(8791, { groups: ["think"] }),
    eye: engine(8790, { groups: ["vision"] }, ["--stop-seconds", "3"]),
  });
  assert.equal((await run(shell, "summon", "vision")).code, 0);
  await must(shell, "systemctl --user start --no-block lychd-coven-think.target; sleep 1");
  await must(shell, KILLS["a kill of the infra container"]!);
  await waitUntil("nothing starts or stops", 60, async () => {
    const states = Object.values(await statesOf(shell));
    return states.every((state) => !/^(?:starting|stopping|restarting)/.test(state));
  });
  assert.match((await statesOf(shell))["eye"]!, /^stopped/);
});

labTest("a summon whose pod is killed goes on with the next pod", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { eye: engine(8790, { groups: ["vision"] }, ["--load-seconds", "8"]) });
  const result = await shell.run(
    `{ until [ "$(podman inspect --format '{{.State.Running}}' soulstone-eye)" = true ]; do
         sleep 0.1; done; ${KILLS["a kill of the infra container"]}; } &>/dev/null &
     lychd summon vision --json`,
    { timeoutSeconds: 60 },
  );
  assert.equal(result.code, 0, result.stdout);
  assert.deepEqual(eventsOf(result).filter(({ event }) => event === "lost"), []);
  const { services } = JSON.parse((await run(shell, "status", "--json")).stdout);
  assert.match(services[0].why, /^it failed, and systemd restarted it 1 time/);
});

labTest("logs prints the output of engines, and with --all the messages of Podman", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    eye: engine(8790, { groups: ["vision"] }, ["--model", "eye-model"]),
    sage: engine(8791, { groups: ["vision"] }, ["--model", "sage-model"]),
  });
  await must(shell, "date '+%F %T' >~/since");
  assert.equal((await run(shell, "summon", "vision")).code, 0);
  const logs = async (...args: string[]) =>
    (await run(shell, "logs", "--since", '"$(cat ~/since)"', ...args)).stdout.trim().split("\n");
  const eye = await logs("eye");
  // The journal has its own clock and host name before each line.
  assert.deepEqual(
    eye.map((line) => /soulstone-eye\[\d+\]: \S+ \d+ (.*)$/.exec(line)?.[1]),
    ["start eye-model", "ready eye-model"],
  );
  const both = await logs();
  assert.deepEqual(
    both.map((line) => /(soulstone-\w+)\[\d+\]: \S+ \d+ (.*)$/.exec(line)?.slice(1).join(" "))
      .sort(),
    ["eye", "sage"].flatMap((name) =>
      ["ready", "start"].map((event) => `soulstone-${name} ${event} ${name}-model`)
    ),
  );
  const all = (await logs("--all")).join("\n");
  assert.match(all, / podman\[\d+\]: .* container start /);
  assert.match(all, / systemd\[\d+\]: Started soulstone-eye\.service /);
  assert.match(all, / systemd\[\d+\]: Started lychd-pod\.service /);
  // Podman's own errors are the output of a service that does not start.
  await must(
    shell,
    `sed -i 's/^Image=.*/Image=localhost\\/nosuch/' \
    ~/.config/containers/systemd/lychd/soulstone-eye.container; systemctl --user daemon-reload
    lychd banish; date '+%F %T' >~/since; sleep 1`,
  );
  await start(shell, "soulstone-eye.service");
  const failed = (await logs("eye")).join("\n");
  assert.match(failed, /soulstone-eye\[\d+\]: Error: .*nosuch/);
  assert.match(failed, /systemd\[\d+\]: soulstone-eye\.service: Failed with result 'exit-code'/);
  // journald does not find the unit of a process that ended too early.
  await must(
    shell,
    `systemd-cat --identifier=soulstone-eye echo Error: ended at once
    until journalctl --quiet --lines=1 --identifier=soulstone-eye | grep 'ended at once'; do sleep 0.1; done`,
  );
  assert.match((await logs("eye")).join("\n"), /: Error: ended at once$/);
});

labTest("status, logs and summon show the Watchers", async () => {
  await labUp();
  await using shell = lichShell();
  await makeImages(shell);
  const scribe = { ...WATCHERS.scribe, quadlet: { Container: { Environment: "START_SECONDS=2" } } };
  await install(shell, { eye: EYE }, { ...WATCHERS, scribe });
  assert.equal((await run(shell, "summon", "vision")).code, 0);
  const isUp = async () => !/ starting /.test((await run(shell, "status", "--short")).stdout);
  await waitUntil("the Watchers run", 60, isUp);
  const table = (await run(shell, "status")).stdout;
  assert.match(table, /\n\nSERVICE +STATE +SINCE +URI .*\npod +running +\S+/);
  assert.match(table, /\nharvester +running +\S+ +http:\/\/localhost:9090\b/);
  assert.match(table, /\nscribe +running +\S+ +http:\/\/localhost:3000\b/);
  const again = await run(shell, "summon", "vision");
  assert.equal(again.stdout, "eye  http://localhost:8790/v1\n");
  assert.ok(again.stderr.endsWith("\ndashboards: http://localhost:3000\n"), again.stderr);
  assert.match((await run(shell, "logs", "harvester")).stdout, /Server is ready to receive/);
  const details = (await run(shell, "status", "harvester")).stdout;
  assert.match(details, /^harvester: running\n {2}unit +harvester\.service\n/);
  assert.match(details, /\n {2}last lines \(lychd logs harvester\):\n {4}\S/);
  const doctor = async () => (await run(shell, "doctor", "--only", "systemd.units")).stdout;
  assert.match(await doctor(), / 8 units are loaded, none has failed\n/);
  // A Watcher that has failed is reported by doctor and by the next summon.
  await must(shell, "systemctl --user stop scribe.service");
  await must(
    shell,
    `mkdir -p ~/.config/systemd/user/scribe.service.d
    printf '[Service]\\nRestart=no\\nExecStartPre=/bin/false\\n' \
      > ~/.config/systemd/user/scribe.service.d/broken.conf
    systemctl --user daemon-reload; systemctl --user start scribe.service; true`,
  );
  assert.match(await doctor(), / scribe\.service has failed \(exit-code\)\n/);
  const warned = await run(shell, "summon", "vision");
  assert.equal(warned.code, 0, warned.stderr);
  assert.match(
    warned.stderr,
    /\nwarning: scribe: a command of its unit failed\nhint: lychd logs scribe\n$/,
  );
});
