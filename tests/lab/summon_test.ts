/** Summons on a real host, by the binary: whatever happens meanwhile is told, and mended. */
import assert from "node:assert/strict";
import { engine, GPU_FOLDER, must, show, until } from "./host_codex.ts";
import { run, type Said, writeCodex } from "./host_program.ts";
import { labTest, labUp, lichExec, type LichShell, lichShell } from "./lab.ts";
import { eventsOf, gpuEngine, install, installNodes, RIVALS, running, SETTINGS } from "./summon.ts";

labTest("an engine that never gets healthy is told with its journal, and undone", async () => {
  await labUp();
  await using shell = lichShell();
  const healthFail = { groups: ["two"], start_timeout_seconds: 4 };
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    sick: engine(8781, healthFail, ["--health", "fail", "--model", "sick-model"]),
  });
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const left = await run(shell, "summon", "two");
  assert.equal(left.code, 1, left.stderr);
  assert.match(left.stderr, /\nlychd: sick is not ready: it was not ready in time\n/);
  assert.match(left.stderr, /\n {2}\S+ \d+ start sick-model\n/);
  assert.match(left.stderr, /\nhint: lychd logs sick\n/);
  assert.match(left.stderr, /\nhint: lychd summon coven:one brings back what ran before\n$/);
  assert.deepEqual(await running(shell, ["a", "sick"]), []);
  const failed = await run(shell, "status");
  assert.match(failed.stdout, /\nsick +failed +\S+ +http:\/\/localhost:8781\/v1/);
  assert.match(failed.stdout, /\n {2}it was not ready in time: lychd logs sick\n/);
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const undone = await run(shell, "summon", "two", "--fallback");
  assert.equal(undone.code, 1, undone.stderr);
  assert.match(undone.stderr, /\nbringing back a\n[^]*\na back again\n$/);
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
  const late = await run(shell, "summon", "two", "--timeout", "2", "--fallback");
  assert.equal(late.code, 1);
  assert.match(late.stderr, /\nlychd: not ready after 2 s: sick; systemd goes on\n/);
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
});

labTest("an engine that always crashes is given up after its second crash", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    broken: engine(8781, { groups: ["one"] }, ["--exit-after", "0.3", "--load-seconds", "60"]),
  });
  const said = await run(shell, "summon", "one", "--json");
  assert.equal(said.code, 1, said.stderr);
  const lost = eventsOf(said).find(({ event }) => event === "lost");
  assert.equal(lost?.["name"], "broken");
  assert.equal(lost?.["why"], "it ended with status 1, and again after a restart");
  assert.ok((lost?.["journal"] as string[]).some((line) => / gone /.test(line)));
});

labTest(
  "an engine that is killed during the swap is waited for while systemd restarts it",
  async () => {
    await labUp();
    await using shell = lichShell();
    await install(shell, {
      a: engine(8780, { groups: ["one"] }),
      b: engine(8781, { groups: ["two"] }, ["--load-seconds", "10"]),
    });
    assert.equal((await run(shell, "summon", "one")).code, 0);
    let isOver = false;
    const summoned = shell.run("lychd summon two", { timeoutSeconds: 120 })
      .finally(() => isOver = true);
    await using other = lichShell();
    await until("b loads", 60, async () => (await containerState(other, "b")) === "true");
    // Once: a second kill would be an engine that ends again and again.
    await must(other, "podman kill --signal KILL soulstone-b");
    assert.ok(!isOver, "it was ready before it could be killed");
    const said = await summoned;
    assert.equal(said.code, 0, said.stderr);
    assert.deepEqual(await running(shell, ["a", "b"]), ["b"]);
    const restarts = await show(shell, ["soulstone-b.service"], ["NRestarts"]);
    assert.equal(restarts.get("soulstone-b.service")?.["NRestarts"], "1");
  },
);

/** What Podman says of whether the container of a Soulstone runs. */
async function containerState(shell: LichShell, name: string): Promise<string> {
  const format = "--format '{{.State.Running}}'";
  return (await shell.run(`podman container inspect ${format} soulstone-${name}`)).stdout.trim();
}

labTest("health that flaps is waited for, and an engine is asked itself", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }, ["--health", "flap"]) });
  const uptime = async () => Number(await must(shell, "cut -d' ' -f1 /proc/uptime"));
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    const said = await run(shell, "summon", "one");
    took.push(performance.now() - begun);
    const ended = await uptime();
    assert.equal(said.code, 0, said.stderr);
    // When it became healthy is in its own file; that it was, shortly before the summon said so.
    const ready = Number(await must(shell, "podman exec soulstone-a cat /tmp/engine/ready"));
    const phase = (ended - ready) % 6;
    assert.ok(phase < 3 + 0.7, `it was ill for ${phase - 3} s when the summon ended`);
    await must(shell, "sleep 1.1");
  }
  // It is well for three seconds and ill for three: one of the later ones had to wait.
  const later = took.slice(1);
  assert.ok(Math.max(...later) > 2 * Math.min(...later), `they took ${took} ms`);
});

/** Waits until a unit is in a state: a second by the clock says nothing of how far a machine is. */
function whenIs(name: string, state: string): string {
  const asks = `systemctl --user show -P ActiveState soulstone-${name}.service`;
  return `until [ "$(${asks})" = ${state} ]; do sleep 0.05; done`;
}

labTest("an interrupt leaves systemd to finish, and says so", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["two"] }, ["--load-seconds", "6"]),
  });
  const isBack = async () => (await running(shell, ["a", "b"])).join() === "b";
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const said = await shell.run(
    `lychd summon two & pid=$!; ${whenIs("b", "activating")}; kill -INT $pid; wait $pid`,
    { timeoutSeconds: 60 },
  );
  assert.equal(said.code, 130, said.stderr);
  assert.match(said.stderr, /\nlychd: interrupted; systemd goes on, still waited for: b\nhint: /);
  await until("b runs", 60, isBack);
  // At a terminal the programs that lychd runs would hear it too, whatever they are at.
  for (const pause of ["0", "0.1", "0.3"]) {
    assert.equal((await run(shell, "summon", "one")).code, 0);
    const onTerminal = await shell.run(
      `(${whenIs("b", "activating")}; sleep ${pause}; printf '\\003'; sleep 2) |
         script -qec 'lychd summon two' /dev/null`,
      { timeoutSeconds: 60 },
    );
    assert.equal(onTerminal.code, 130, onTerminal.stdout);
    assert.match(
      onTerminal.stdout,
      /lychd: interrupted; systemd goes on, still waited for: b\r?\n/,
    );
    await until("b runs", 60, isBack);
  }
});

labTest("a swap keeps what both need, and says so beforehand", async () => {
  await labUp();
  await using shell = lichShell();
  await installNodes(shell, RIVALS);
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const pid = "systemctl --user show -P MainPID soulstone-both.service";
  const before = await must(shell, pid);
  const dry = await run(shell, "summon", "two", "--dry-run");
  assert.equal(
    dry.stderr,
    "Coven two: this Coven was asked for\n  stop   a     cannot run beside c\n  start  c\n" +
      "  keep   both\n",
  );
  assert.deepEqual(await running(shell, ["a", "both", "c"]), ["a", "both"]);
  const said = await run(shell, "summon", "two");
  assert.equal(said.stdout, "both  http://localhost:8781/v1\nc     http://localhost:8782/v1\n");
  assert.equal(await must(shell, pid), before);
});

/** Plays nvidia-smi: it prints a file that the test writes. */
const SMI = `${GPU_FOLDER.host}/smi`;
const SPECIFICATION = `cdiVersion: "0.5.0"
kind: nvidia.com/gpu
devices:
  - name: all
    containerEdits:
      env: [LYCHD_TEST_GPU=all]
`;

async function playGpu(isThere: boolean): Promise<void> {
  const script = isThere
    ? `mkdir -p /etc/cdi && cat > /etc/cdi/nvidia.yaml &&
       printf '#!/bin/sh\\ncat ${SMI}\\n' > /usr/bin/nvidia-smi && chmod 755 /usr/bin/nvidia-smi`
    : "rm -f /etc/cdi/nvidia.yaml /usr/bin/nvidia-smi";
  const { code, stderr } = await lichExec(["sh", "-c", script], {
    root: true,
    stdin: isThere ? SPECIFICATION : "",
  });
  assert.equal(code, 0, stderr);
}

labTest("a start waits until the memory of the GPU is really free", async () => {
  await labUp();
  await playGpu(true);
  try {
    await using shell = lichShell();
    const on = { devices: ["nvidia.com/gpu=all"] };
    await install(shell, {
      a: gpuEngine("a", 8780, { groups: ["one"], vram_mib: 20000, ...on }),
      b: gpuEngine("b", 8781, { groups: ["two"], vram_mib: 21000, ...on }),
    });
    const free = (mib: number) => must(shell, `echo '0, GPU-5ebe, 24576, ${mib}' > ${SMI}`);
    await free(24000);
    assert.equal((await run(shell, "summon", "one")).code, 0);
    await free(4000);
    // The driver gives the memory back two seconds after the process is gone.
    const said = await shell.run(
      `{ while ! grep -q 'gone a' ${GPU_FOLDER.host}/log; do sleep 0.05; done
         sleep 2; cut -d' ' -f1 /proc/uptime > ${GPU_FOLDER.host}/freed
         echo '0, GPU-5ebe, 24576, 22000' > ${SMI}; } &
       lychd summon two --json; code=$?; wait; exit $code`,
      { timeoutSeconds: 60 },
    );
    assert.equal(said.code, 0, said.stderr);
    const phases = eventsOf(said).filter(({ event }) => event === "phase");
    const order = ["stop", "memory", "start", "healthy"];
    assert.deepEqual(phases.map(({ phase }) => phase), order);
    assert.ok(phases.every(({ seconds, done }) => typeof seconds === "number" && done === true));
    const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
    const at = (event: string) =>
      Number(log.split("\n").find((l) => l.endsWith(event))?.split(" ")[0]);
    const freed = Number(await must(shell, `cat ${GPU_FOLDER.host}/freed`));
    assert.ok(at("start b") >= freed, `${log}${freed}`);
    // It waited while neither engine ran; the log has hundredths of a second.
    const seconds = Number(phases[1]?.["seconds"]);
    const most = at("start b") - at("gone a") + 0.02;
    assert.ok(seconds > 0 && seconds <= most, `it waited ${seconds} s of ${most}`);
    // What never gets free is started all the same, and that is told.
    await free(3000);
    const tired = await run(shell, "summon", "one", "--memory-timeout", "1");
    assert.equal(tired.code, 0, tired.stderr);
    assert.match(
      tired.stderr,
      /3000 MiB free, 20000 MiB wanted of nvidia 0: not waited for any longer\n/,
    );
    const known = await run(shell, "status");
    assert.match(known.stdout, /\nGPU nvidia 0: 21576 of 24576 MiB in use\n/);
  } finally {
    await playGpu(false);
  }
});

/** A summon of `two` while the GPU is full, with what happens while it waits. */
async function whileItWaits(
  shell: LichShell,
  flags: string,
  meanwhile: (pid: string) => Promise<void>,
): Promise<Said> {
  await using other = lichShell();
  const line = `lychd summon two ${flags} & echo $! >~/pid; wait $!`;
  const summoned = other.run(line, { timeoutSeconds: 120 });
  await must(shell, whenIs("a", "inactive"));
  await meanwhile((await must(shell, "cat ~/pid")).trim());
  return await summoned;
}

labTest(
  "while a summon waits for memory it takes nothing from others, and can be ended",
  async () => {
    await labUp();
    await playGpu(true);
    try {
      await using shell = lichShell();
      const on = { devices: ["nvidia.com/gpu=all"], vram_mib: 20000 };
      const sick = { groups: ["ill"], start_timeout_seconds: 3, ...on };
      await install(shell, {
        a: gpuEngine("a", 8780, { groups: ["one"], ...on }),
        b: gpuEngine("b", 8781, { groups: ["two"], ...on }),
        c: gpuEngine("c", 8782, { groups: ["three"] }),
        sick: gpuEngine("sick", 8783, sick, ["--health", "fail"]),
      });
      const names = ["a", "b", "c", "sick"];
      const free = (mib: number) => must(shell, `echo '0, GPU-5ebe, 24576, ${mib}' > ${SMI}`);
      const begin = async () => {
        await free(24000);
        assert.equal((await run(shell, "summon", "one")).code, 0);
        await free(4000);
      };
      await begin();
      const overtaken = await whileItWaits(shell, "", async () => {
        await must(shell, "systemctl --user start lychd-coven-three.target");
        await free(24000);
      });
      assert.equal(overtaken.code, 6, overtaken.stderr);
      assert.match(
        overtaken.stderr,
        /\nlychd: started by somebody else meanwhile: c; nothing was started; stopped before: a\n/,
      );
      assert.deepEqual(await running(shell, names), ["c"]);
      await begin();
      const ended = await whileItWaits(shell, "", async (pid) => {
        await must(shell, `kill -INT ${pid}`);
      });
      assert.equal(ended.code, 130, ended.stderr);
      assert.match(
        ended.stderr,
        /lychd: interrupted before the start: nothing was started; (?:stopped:|systemd still stops) a; no engine runs now\nhint: lychd summon two goes on\nhint: lychd summon coven:one brings back what ran before\n$/,
      );
      assert.deepEqual(await running(shell, names), []);
      // Not to wait is not to wait for the engines; the memory comes first.
      await begin();
      const untied = await whileItWaits(shell, "--no-wait", async () => {
        await must(shell, "sleep 1");
        const state = await shell.run("systemctl --user is-active soulstone-b.service");
        assert.equal(state.stdout, "inactive\n");
        await free(24000);
      });
      assert.equal(untied.code, 0, untied.stderr);
      assert.match(untied.stderr, / memory +[0-9.]+ s .*\nsystemd is told; /);
      await until("b runs", 60, async () => (await running(shell, names)).join() === "b");
      // The way back waits too.
      await begin();
      await free(24000);
      const back = await shell.run(
        `{ ${whenIs("sick", "activating")}; echo '0, GPU-5ebe, 24576, 4000' > ${SMI}
         while ! grep -q 'gone sick' ${GPU_FOLDER.host}/log; do sleep 0.05; done
         sleep 2; echo '0, GPU-5ebe, 24576, 24000' > ${SMI}; } &
       lychd summon ill --fallback --json; code=$?; wait; exit $code`,
        { timeoutSeconds: 120 },
      );
      assert.equal(back.code, 1, back.stderr);
      const events = eventsOf(back);
      const since = events.findIndex(({ event }) => event === "fallback");
      const waited = events.slice(since).find(({ phase }) => phase === "memory");
      assert.ok(Number(waited?.["seconds"]) > 0, back.stdout);
      assert.deepEqual(await running(shell, names), ["a"]);
    } finally {
      await playGpu(false);
    }
  },
);

labTest("a Coven that declares more than the GPU has is warned of and not waited for", async () => {
  await labUp();
  await playGpu(true);
  try {
    await using shell = lichShell();
    const on = { devices: ["nvidia.com/gpu=all"], groups: ["one"] };
    await install(shell, {
      a: gpuEngine("a", 8780, { vram_mib: 20000, ...on }),
      b: gpuEngine("b", 8781, { vram_mib: 21000, ...on }),
    });
    await must(shell, `echo '0, GPU-5ebe, 24576, 24000' > ${SMI}`);
    const words = /41000 MiB of GPU memory.*, more than the 24576 MiB of nvidia 0/;
    assert.match((await run(shell, "covens")).stderr, words);
    const said = await run(shell, "summon", "one");
    assert.equal(said.code, 0, said.stderr);
    assert.match(said.stderr, words);
    assert.doesNotMatch(said.stderr, / memory +[0-9.]+ s /);
  } finally {
    await playGpu(false);
  }
});

const HARVESTER = `[Container]
Image=localhost/fake-engine:latest
ContainerName=harvester
Pod=lychd.pod
StartWithPod=false
Exec=--port 9090
[Quadlet]
DefaultDependencies=false
`;

labTest(
  "banish stops a Soulstone, a Coven but for residents, or all engines; no Watcher",
  async () => {
    await labUp();
    await using shell = lichShell();
    await install(shell, {
      a: engine(8780, { groups: ["one"] }),
      b: engine(8781, { groups: ["one"] }),
      home: engine(8782, { resident: true }),
    });
    await must(
      shell,
      `cat > ~/.config/containers/systemd/harvester.container <<'END'\n${HARVESTER}END
     systemctl --user daemon-reload && systemctl --user start harvester.service`,
    );
    const names = ["a", "b", "home"];
    assert.equal((await run(shell, "summon", "one")).code, 0);
    assert.match((await run(shell, "banish", "a")).stdout, /^stopped: a \([0-9.]+ s\)\n$/);
    assert.deepEqual(await running(shell, names), ["b", "home"]);
    assert.match((await run(shell, "banish", "one")).stdout, /^stopped: b \(/);
    assert.deepEqual(await running(shell, names), ["home"]);
    assert.equal((await run(shell, "banish", "one")).stdout, "nothing runs of that\n");
    await run(shell, "summon", "one", "--no-wait");
    const all = await run(shell, "banish", "--json");
    assert.deepEqual(JSON.parse(all.stdout).stopped, names);
    assert.deepEqual(await running(shell, names), []);
    const states = await show(shell, ["harvester.service", "lychd-pod.service"], ["ActiveState"]);
    assert.deepEqual([...states.values()].map((s) => s["ActiveState"]), ["active", "active"]);
  },
);

labTest("what is not as it was rendered is told, with what helps", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["two"] }),
  });
  await writeCodex({
    a: engine(8780, { groups: ["one"] }, ["--model", "other"]),
    b: engine(8781, { groups: ["two"] }),
    c: engine(8782, { groups: ["two"] }),
  }, SETTINGS);
  const changed = await run(shell, "summon", "one");
  assert.equal(changed.code, 0);
  assert.match(
    changed.stderr,
    /\nwarning: the Codex is not what was rendered: c is not rendered, a changed, /,
  );
  await must(shell, "rm -r ~/.config/lychd");
  assert.match(
    (await run(shell, "summon", "one")).stderr,
    /\nwarning: the Codex has faults; what was rendered last counts\nhint: lychd check\n/,
  );
  await must(
    shell,
    "rm ~/.config/containers/systemd/lychd/soulstone-b.container; systemctl --user daemon-reload",
  );
  const gone = await run(shell, "summon", "two");
  assert.equal(gone.code, 2, gone.stderr);
  const words = "lychd: Coven `two` cannot start: there is no unit of b\nhint: lychd render\n";
  assert.equal(gone.stderr, words);
  assert.deepEqual(await running(shell, ["a"]), ["a"]);
  // It runs, and nothing that was rendered knows it.
  await must(shell, "rm ~/.config/containers/systemd/lychd/soulstone-a.container");
  const seen = await run(shell, "status");
  assert.match(
    seen.stderr,
    /^warning: not rendered any more, but still running: a\nhint: lychd banish soulstone:a\n/,
  );
  await must(shell, "systemctl --user daemon-reload");
  assert.match((await run(shell, "banish", "a")).stdout, /^stopped: a \(/);
});

labTest(
  "the difference is told too after a rollback, an edit by hand, with another Codex",
  async () => {
    await labUp();
    await using shell = lichShell();
    const codex = { a: engine(8780, { groups: ["one"] }), b: engine(8781, { groups: ["two"] }) };
    await install(shell, codex);
    const warning =
      /\nwarning: the Codex is not what was rendered: (.*)\nhint: lychd render --dry-run/;
    const told = async (...words: string[]) =>
      warning.exec((await run(shell, "summon", "one", ...words)).stderr)?.[1];
    assert.equal(await told(), undefined);
    await must(shell, "mkdir -p ~/other && cp -r ~/.config/lychd/. ~/other");
    assert.equal(await told("--codex", "~/other"), undefined);
    await must(shell, 'sed -i \'s/"two"/"three"/\' ~/other/soulstones/all.toml');
    assert.match(await told("--codex", "~/other") ?? "", /^Coven three is not rendered, /);
    const unit = "~/.config/containers/systemd/lychd/soulstone-b.container";
    await must(shell, `cp -p ${unit} ~/kept && echo '# mine' >>${unit}`);
    assert.equal(await told(), "b was edited by hand");
    await must(shell, `mv ~/kept ${unit}`);
    assert.equal(await told(), undefined);
    await writeCodex({ ...codex, c: engine(8782, { groups: ["two"] }) }, SETTINGS);
    assert.equal((await run(shell, "render")).code, 0);
    assert.equal(await told(), undefined);
    assert.equal((await run(shell, "rollback")).code, 0);
    assert.match(await told() ?? "", /^c is not rendered, /);
  },
);

labTest("an engine whose Soulstone is gone is stopped before anything starts", async () => {
  await labUp();
  await using shell = lichShell();
  const a = gpuEngine("a", 8780, { groups: ["one"] });
  const home = engine(8782, { resident: true });
  await install(shell, { a, home, ghost: gpuEngine("ghost", 8783, { groups: ["two"] }) });
  assert.equal((await run(shell, "summon", "two")).code, 0);
  await writeCodex({ a, home }, SETTINGS);
  assert.equal((await run(shell, "render")).code, 0);
  const ghost = await shell.run("systemctl --user is-active soulstone-ghost.service");
  assert.equal(ghost.stdout, "active\n");
  const seen = await run(shell, "status");
  assert.match(seen.stdout, /\nghost: not rendered any more, but still running: lychd banish /);
  const gone = "  stop   ghost  runs, but its Soulstone is gone\n";
  assert.ok((await run(shell, "plan", "one")).stdout.includes(gone));
  const said = await run(shell, "summon", "one");
  assert.equal(said.code, 0, said.stderr);
  assert.ok(said.stderr.includes(gone), said.stderr);
  assert.deepEqual(await running(shell, ["a", "ghost", "home"]), ["a", "home"]);
  const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
  const at = (event: string) => log.split("\n").findIndex((line) => line.endsWith(event));
  assert.ok(at("gone ghost") >= 0 && at("gone ghost") < at("start a"), log);
});

labTest(
  "Covens that share members pairwise: what ran comes back exactly, also by hand",
  async () => {
    await labUp();
    await using shell = lichShell();
    const sick = { groups: ["four"], start_timeout_seconds: 4 };
    await install(shell, {
      p: engine(8780, { groups: ["one", "three"] }),
      q: engine(8781, { groups: ["one", "two"] }),
      r: engine(8782, { groups: ["two", "three"] }),
      d: engine(8783, { groups: ["four"] }),
      sick: engine(8784, sick, ["--health", "fail"]),
    });
    const names = ["p", "q", "r", "d", "sick"];
    for (const name of ["p", "q", "r"]) assert.equal((await run(shell, "summon", name)).code, 0);
    const left = await run(shell, "summon", "four");
    assert.equal(left.code, 1);
    const [, command = ""] = /\nhint: (.*) brings back what ran before\n$/.exec(left.stderr) ?? [];
    assert.equal(
      command,
      "lychd banish soulstone:d && " +
        ["p", "q", "r"].map((name) => `lychd summon soulstone:${name}`).join(" && "),
    );
    assert.deepEqual(await running(shell, names), ["d"]);
    await must(shell, command);
    assert.deepEqual(await running(shell, names), ["p", "q", "r"]);
    const undone = await run(shell, "summon", "four", "--fallback");
    assert.equal(undone.code, 1, undone.stderr);
    assert.match(undone.stderr, /\nbringing back p, q, r\n[^]*\np, q, r back again\n$/);
    assert.deepEqual(await running(shell, names), ["p", "q", "r"]);
  },
);

labTest("that an engine crashed long ago is no reason to give it up", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["one"] }, ["--load-seconds", "6"]),
  });
  assert.equal((await run(shell, "summon", "a")).code, 0);
  const restarts = async () =>
    (await show(shell, ["soulstone-a.service"], ["NRestarts", "ActiveState"]))
      .get("soulstone-a.service");
  const isBack = (times: string) => async () => {
    const now = await restarts();
    return now?.["NRestarts"] === times && now["ActiveState"] === "active";
  };
  await must(shell, "podman kill --signal KILL soulstone-a");
  await until("a is back", 60, isBack("1"));
  await using other = lichShell();
  const summoned = other.run("lychd summon one", { timeoutSeconds: 120 });
  await must(shell, whenIs("b", "activating"));
  await must(shell, "podman kill --signal KILL soulstone-a");
  const said = await summoned;
  assert.equal(said.code, 0, said.stderr);
  assert.ok(await isBack("2")());
});

labTest("a unit that is masked is told with the command that helps", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }) });
  await must(shell, "systemctl --user mask --quiet soulstone-a.service");
  const help = "systemctl --user unmask soulstone-a.service";
  const said = await run(shell, "summon", "one");
  assert.equal(said.code, 6);
  const refused = `lychd: a cannot start: its unit is masked; nothing was changed\nhint: ${help}\n`;
  assert.equal(said.stderr, refused);
  const seen = (await run(shell, "status")).stdout;
  assert.match(seen, /\na +masked /);
  assert.ok(seen.includes(`\n  its unit is masked: ${help}\n`), seen);
  await must(shell, help);
  assert.equal((await run(shell, "summon", "one")).code, 0);
});

labTest("what is watched in a pipe is told when it is news", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }) });
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const told = async (words: string) => {
    const text = await must(
      shell,
      `{ timeout 8 lychd status --watch || true; } >~/watched & sleep 3; ${words}; wait
       cat ~/watched`,
    );
    return [...text.matchAll(/^a +(\w+)/gm)].map(([, state]) => state);
  };
  assert.deepEqual(await told("true"), ["running"]);
  // It may have been seen while it stopped.
  const states = (await told("lychd banish a >/dev/null")).filter((state) => state !== "stopping");
  assert.deepEqual(states, ["running", "stopped"]);
});

labTest("on a terminal one line is written over, and what ran before is offered", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }, ["--load-seconds", "1"]),
    sick: engine(8781, { groups: ["two"], start_timeout_seconds: 2 }, ["--health", "fail"]),
  });
  const onTerminal = (line: string, answer: string) =>
    must(shell, `(sleep 6; echo ${answer}) | script -qec '${line}' /dev/null || true`);
  const live = await onTerminal("lychd summon one", "");
  assert.ok(live.includes("\u001b[2K\u001b[1G"), live);
  assert.match(live, /a {2}http:\/\/localhost:8780\/v1/);
  const asked = await onTerminal("lychd summon two", "y");
  assert.match(asked, /bring back what ran before \(a\)\? \[Y\/n\]/);
  assert.match(asked, /a back again/);
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
  // Who has gone away has not said yes.
  const nobody = await must(
    shell,
    "(printf '\\004'; sleep 8) | script -qec 'lychd summon two' /dev/null || true",
  );
  assert.match(nobody, /\[Y\/n\] [^]*hint: lychd summon coven:one brings back/);
  assert.deepEqual(await running(shell, ["a", "sick"]), []);
});
