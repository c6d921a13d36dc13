/** Tests of `lychd summon`, `banish` and `status` on a real host, with the binary. */
import assert from "node:assert/strict";
import {
  engine,
  GPU_FOLDER,
  must,
  type Output,
  run,
  show,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { simulateGpu, SMI } from "./simulated_gpu.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import {
  eventsOf,
  gpuEngine,
  install,
  installNodes,
  running,
  SETTINGS,
  THREE_COVENS,
} from "./summon.ts";

labTest("an engine that never becomes healthy is reported, and --fallback undoes it", async () => {
  await labUp();
  await using shell = lichShell();
  const healthFail = { groups: ["two"], start_timeout_seconds: 4 };
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    sick: engine(8781, healthFail, ["--health", "fail", "--model", "sick-model"]),
  });
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const notReady = await run(shell, "summon", "two");
  assert.equal(notReady.code, 1, notReady.stderr);
  assert.match(
    notReady.stderr,
    /\nlychd: sick is not ready: \/health did not answer 2xx within start_timeout_seconds \(4 s\)\n/,
  );
  assert.match(notReady.stderr, /\n {2}\S+ \d+ start sick-model\n/);
  assert.match(notReady.stderr, /\nhint: lychd logs sick\n/);
  assert.match(notReady.stderr, /\nhint: lychd summon coven:one restores what ran before\n$/);
  assert.deepEqual(await running(shell, ["a", "sick"]), []);
  const failed = await run(shell, "status");
  assert.match(failed.stdout, /\nsick +failed +\S+ +http:\/\/localhost:8781\/v1/);
  assert.match(
    failed.stdout,
    /\n {2}\/health did not answer 2xx within start_timeout_seconds \(4 s\): lychd logs sick\n/,
  );
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const undone = await run(shell, "summon", "two", "--fallback");
  assert.equal(undone.code, 1, undone.stderr);
  assert.match(undone.stderr, /\nrestoring a\n[^]*\nrestored a\n$/);
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
  const late = await run(shell, "summon", "two", "--timeout", "3", "--fallback");
  assert.equal(late.code, 1);
  // On a busy machine the stop of the other engine alone may take that long.
  assert.match(
    late.stderr,
    /\nlychd: not (?:ready after 3 s: sick|stopped after 3 s: a); systemd continues\n/,
  );
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
});

labTest("summon gives up on an engine after its second crash", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    broken: engine(8781, { groups: ["one"] }, ["--exit-after", "0.3", "--load-seconds", "60"]),
  });
  const result = await run(shell, "summon", "one", "--json");
  assert.equal(result.code, 1, result.stderr);
  const lost = eventsOf(result).find(({ event }) => event === "lost");
  assert.equal(lost?.["name"], "broken");
  assert.equal(lost?.["why"], "it exited with status 1, and again after a restart");
  assert.ok((lost?.["journal"] as string[]).some((line) => / gone /.test(line)));
});

labTest("summon waits while systemd restarts an engine that was killed", async () => {
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
  await waitUntil("b loads", 60, async () => (await containerState(other, "b")) === "true");
  // Only once: summon treats a second kill as a crash loop.
  await must(other, "podman kill --signal KILL soulstone-b");
  assert.ok(!isOver, "it was ready before it could be killed");
  const result = await summoned;
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(await running(shell, ["a", "b"]), ["b"]);
  const restarts = await show(shell, ["soulstone-b.service"], ["NRestarts"]);
  assert.equal(restarts.get("soulstone-b.service")?.["NRestarts"], "1");
});

/** Returns `true` or `false` from Podman: the container of a Soulstone runs or not. */
async function containerState(shell: LichShell, name: string): Promise<string> {
  const format = "--format '{{.State.Running}}'";
  return (await shell.run(`podman container inspect ${format} soulstone-${name}`)).stdout.trim();
}

labTest("summon queries a flapping engine itself and waits until it is healthy", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }, ["--health", "flap"]) });
  const uptime = async () => Number(await must(shell, "cut -d' ' -f1 /proc/uptime"));
  const reports: string[] = [];
  for (let i = 0; i < 5; i++) {
    const started = performance.now();
    const result = await run(shell, "summon", "one");
    const seconds = (performance.now() - started) / 1000;
    reports.push(result.stderr);
    const now = await uptime();
    assert.equal(result.code, 0, result.stderr);
    // The engine records when it became ready. It must be healthy when summon returns.
    const ready = Number(await must(shell, "podman exec soulstone-a cat /tmp/engine/ready"));
    const phase = (now - ready) % 6;
    // It may turn unhealthy while lychd exits, but not before summon queried it.
    assert.ok(phase < 3 + seconds, `unhealthy for ${phase - 3} s after a summon of ${seconds} s`);
    await must(shell, "sleep 1.1");
  }
  // It alternates every three seconds, so one of the later summons had to wait.
  const hasWaited = (report: string) => /^ {2}healthy .* a$/m.test(report);
  assert.ok(reports.slice(1).some(hasWaited), reports.join("\n"));
});

/** Returns a script that waits for a state of a unit: a fixed delay depends on the machine. */
function untilState(name: string, state: string): string {
  const query = `systemctl --user show -P ActiveState soulstone-${name}.service`;
  return `until [ "$(${query})" = ${state} ]; do sleep 0.05; done`;
}

labTest("after an interrupt systemd finishes the swap, and summon reports it", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["two"] }, ["--load-seconds", "6"]),
  });
  const isSwapped = async () => (await running(shell, ["a", "b"])).join() === "b";
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const result = await shell.run(
    `lychd summon two & pid=$!; ${untilState("b", "activating")}; kill -INT $pid; wait $pid`,
    { timeoutSeconds: 60 },
  );
  assert.equal(result.code, 130, result.stderr);
  assert.match(
    result.stderr,
    /\nlychd: interrupted; systemd continues, not ready yet: b\nhint: lychd status --watch shows progress, lychd banish two stops it\n$/,
  );
  await waitUntil("b runs", 60, isSwapped);
  // At a terminal, Ctrl+C also reaches the programs that lychd runs, at any moment.
  for (const pause of ["0", "0.1", "0.3"]) {
    assert.equal((await run(shell, "summon", "one")).code, 0);
    const onTerminal = await shell.run(
      `(${untilState("b", "activating")}; sleep ${pause}; printf '\\003'; sleep 2) |
         script -qec 'lychd summon two' /dev/null`,
      { timeoutSeconds: 60 },
    );
    assert.equal(onTerminal.code, 130, onTerminal.stdout);
    assert.match(
      onTerminal.stdout,
      /lychd: interrupted; systemd continues, not ready yet: b\r?\n/,
    );
    await waitUntil("b runs", 60, isSwapped);
  }
});

labTest("a swap keeps a shared Soulstone, and the plan shows it", async () => {
  await labUp();
  await using shell = lichShell();
  await installNodes(shell, THREE_COVENS);
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const pid = "systemctl --user show -P MainPID soulstone-both.service";
  const before = await must(shell, pid);
  const dry = await run(shell, "summon", "two", "--dry-run");
  assert.equal(
    dry.stderr,
    "Coven two: this Coven was requested\n  stop   a     conflicts with c\n  start  c\n" +
      "  keep   both\n",
  );
  assert.deepEqual(await running(shell, ["a", "both", "c"]), ["a", "both"]);
  const result = await run(shell, "summon", "two");
  assert.equal(result.stdout, "both  http://localhost:8781/v1\nc     http://localhost:8782/v1\n");
  assert.equal(await must(shell, pid), before);
});

labTest("a start waits until the memory of the GPU is free", async () => {
  await labUp();
  await simulateGpu(true);
  try {
    await using shell = lichShell();
    const usesGpu = { devices: ["nvidia.com/gpu=all"] };
    await install(shell, {
      a: gpuEngine("a", 8780, { groups: ["one"], vram_mib: 20000, ...usesGpu }),
      b: gpuEngine("b", 8781, { groups: ["two"], vram_mib: 21000, ...usesGpu }),
    });
    const free = (mib: number) => must(shell, `echo '0, GPU-5ebe, 24576, ${mib}' > ${SMI}`);
    await free(24000);
    assert.equal((await run(shell, "summon", "one")).code, 0);
    await free(4000);
    // The driver frees the memory two seconds after the process has exited.
    const result = await shell.run(
      `{ while ! grep -q 'gone a' ${GPU_FOLDER.host}/log; do sleep 0.05; done
         sleep 2; cut -d' ' -f1 /proc/uptime > ${GPU_FOLDER.host}/freed
         echo '0, GPU-5ebe, 24576, 22000' > ${SMI}; } &
       lychd summon two --json; code=$?; wait; exit $code`,
      { timeoutSeconds: 60 },
    );
    assert.equal(result.code, 0, result.stderr);
    const phases = eventsOf(result).filter(({ event }) => event === "phase");
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
    // If the memory never becomes free, summon starts the engine anyway and reports it.
    await free(3000);
    const impatient = await run(shell, "summon", "one", "--memory-timeout", "1");
    assert.equal(impatient.code, 0, impatient.stderr);
    assert.match(
      impatient.stderr,
      /3000 MiB free, 20000 MiB needed on nvidia 0: stopped waiting\n/,
    );
    const known = await run(shell, "status");
    assert.match(known.stdout, /\nGPU nvidia 0: 21576 of 24576 MiB in use\n/);
  } finally {
    await simulateGpu(false);
  }
});

/** Summons `two` while the GPU is full, and runs `meanwhile` while the summon waits. */
async function whileItWaits(
  shell: LichShell,
  flags: string,
  meanwhile: (pid: string) => Promise<void>,
): Promise<Output> {
  await using other = lichShell();
  const line = `lychd summon two ${flags} & echo $! >~/pid; wait $!`;
  const summoned = other.run(line, { timeoutSeconds: 120 });
  await must(shell, untilState("a", "inactive"));
  await meanwhile((await must(shell, "cat ~/pid")).trim());
  return await summoned;
}

labTest("a summon that waits for memory yields to other starts and to interrupts", async () => {
  await labUp();
  await simulateGpu(true);
  try {
    await using shell = lichShell();
    const usesGpu = { devices: ["nvidia.com/gpu=all"], vram_mib: 20000 };
    const sick = { groups: ["ill"], start_timeout_seconds: 3, ...usesGpu };
    await install(shell, {
      a: gpuEngine("a", 8780, { groups: ["one"], ...usesGpu }),
      b: gpuEngine("b", 8781, { groups: ["two"], ...usesGpu }),
      c: gpuEngine("c", 8782, { groups: ["three"] }),
      sick: gpuEngine("sick", 8783, sick, ["--health", "fail"]),
    });
    const names = ["a", "b", "c", "sick"];
    const free = (mib: number) => must(shell, `echo '0, GPU-5ebe, 24576, ${mib}' > ${SMI}`);
    const startOne = async () => {
      await free(24000);
      assert.equal((await run(shell, "summon", "one")).code, 0);
      await free(4000);
    };
    await startOne();
    const overtaken = await whileItWaits(shell, "", async () => {
      await must(shell, "systemctl --user start lychd-coven-three.target");
      await free(24000);
    });
    assert.equal(overtaken.code, 6, overtaken.stderr);
    assert.match(
      overtaken.stderr,
      /\nlychd: something else started c meanwhile; nothing was started; stopped: a\n/,
    );
    assert.deepEqual(await running(shell, names), ["c"]);
    await startOne();
    const interrupted = await whileItWaits(shell, "", async (pid) => {
      await must(shell, `kill -INT ${pid}`);
    });
    assert.equal(interrupted.code, 130, interrupted.stderr);
    assert.match(
      interrupted.stderr,
      /lychd: interrupted before the start: nothing was started; (?:stopped:|systemd still stops) a; no engine runs now\nhint: lychd summon two continues\nhint: lychd summon coven:one restores what ran before\n$/,
    );
    assert.deepEqual(await running(shell, names), []);
    // With --no-wait, summon does not wait for the engines, but still waits for the memory.
    await startOne();
    const notWaiting = await whileItWaits(shell, "--no-wait", async () => {
      await must(shell, "sleep 1");
      const state = await shell.run("systemctl --user is-active soulstone-b.service");
      assert.equal(state.stdout, "inactive\n");
      await free(24000);
    });
    assert.equal(notWaiting.code, 0, notWaiting.stderr);
    assert.match(notWaiting.stderr, / memory +[0-9.]+ s .*\nsystemd starts it; /);
    await waitUntil("b runs", 60, async () => (await running(shell, names)).join() === "b");
    // The fallback also waits for the memory.
    await startOne();
    await free(24000);
    const back = await shell.run(
      `{ ${untilState("sick", "activating")}; echo '0, GPU-5ebe, 24576, 4000' > ${SMI}
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
    await simulateGpu(false);
  }
});

labTest("summon warns about a Coven too large for the GPU, and does not wait", async () => {
  await labUp();
  await simulateGpu(true);
  try {
    await using shell = lichShell();
    const usesGpu = { devices: ["nvidia.com/gpu=all"], groups: ["one"] };
    await install(shell, {
      a: gpuEngine("a", 8780, { vram_mib: 20000, ...usesGpu }),
      b: gpuEngine("b", 8781, { vram_mib: 21000, ...usesGpu }),
    });
    await must(shell, `echo '0, GPU-5ebe, 24576, 24000' > ${SMI}`);
    const words = /41000 MiB of GPU memory.*, more than the 24576 MiB of nvidia 0/;
    assert.match((await run(shell, "covens")).stderr, words);
    const result = await run(shell, "summon", "one");
    assert.equal(result.code, 0, result.stderr);
    assert.match(result.stderr, words);
    assert.doesNotMatch(result.stderr, / memory +[0-9.]+ s /);
  } finally {
    await simulateGpu(false);
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
  "banish stops a Soulstone, a Coven except its residents, or all engines, but no Watcher",
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
    assert.equal(
      (await run(shell, "banish", "one")).stdout,
      "one is not running; nothing to stop\n",
    );
    await run(shell, "summon", "one", "--no-wait");
    const all = await run(shell, "banish", "--json");
    assert.deepEqual(JSON.parse(all.stdout).stopped, names);
    assert.deepEqual(await running(shell, names), []);
    const states = await show(shell, ["harvester.service", "lychd-pod.service"], ["ActiveState"]);
    assert.deepEqual([...states.values()].map((s) => s["ActiveState"]), ["active", "active"]);
  },
);

labTest("differences between Codex and units are reported with a hint", async () => {
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
    /\nwarning: the Codex differs from the last render: c is not rendered, a changed, /,
  );
  await must(shell, "rm -r ~/.config/lychd");
  assert.match(
    (await run(shell, "summon", "one")).stderr,
    /\nwarning: the Codex has errors; the units of the last render are used\nhint: lychd check\n/,
  );
  await must(
    shell,
    "rm ~/.config/containers/systemd/lychd/soulstone-b.container; systemctl --user daemon-reload",
  );
  const gone = await run(shell, "summon", "two");
  assert.equal(gone.code, 2, gone.stderr);
  const words = "lychd: Coven `two` cannot start: there is no unit for b\nhint: lychd render\n";
  assert.equal(gone.stderr, words);
  assert.deepEqual(await running(shell, ["a"]), ["a"]);
  // It runs, but its unit file is gone.
  await must(shell, "rm ~/.config/containers/systemd/lychd/soulstone-a.container");
  const seen = await run(shell, "status");
  assert.match(
    seen.stderr,
    /^warning: running, but no longer rendered: a\nhint: lychd banish soulstone:a\n/,
  );
  await must(shell, "systemctl --user daemon-reload");
  assert.match((await run(shell, "banish", "a")).stdout, /^stopped: a \(/);
});

labTest("a rollback, an edit by hand and another Codex also cause the warning", async () => {
  await labUp();
  await using shell = lichShell();
  const codex = { a: engine(8780, { groups: ["one"] }), b: engine(8781, { groups: ["two"] }) };
  await install(shell, codex);
  const warning =
    /\nwarning: the Codex differs from the last render: (.*)\nhint: lychd render --dry-run/;
  const differences = async (...words: string[]) =>
    warning.exec((await run(shell, "summon", "one", ...words)).stderr)?.[1];
  assert.equal(await differences(), undefined);
  await must(shell, "mkdir -p ~/other && cp -r ~/.config/lychd/. ~/other");
  assert.equal(await differences("--codex", "~/other"), undefined);
  await must(shell, 'sed -i \'s/"two"/"three"/\' ~/other/soulstones/all.toml');
  assert.match(await differences("--codex", "~/other") ?? "", /^Coven three is not rendered, /);
  const unit = "~/.config/containers/systemd/lychd/soulstone-b.container";
  await must(shell, `cp -p ${unit} ~/kept && echo '# mine' >>${unit}`);
  assert.equal(await differences(), "b was edited by hand");
  await must(shell, `mv ~/kept ${unit}`);
  assert.equal(await differences(), undefined);
  await writeCodex({ ...codex, c: engine(8782, { groups: ["two"] }) }, SETTINGS);
  assert.equal((await run(shell, "render")).code, 0);
  assert.equal(await differences(), undefined);
  assert.equal((await run(shell, "rollback")).code, 0);
  const { stderr } = await run(shell, "summon", "one");
  assert.match(
    stderr,
    /warning: the units are those of a rollback; the Codex still has the edit: c is /,
  );
  assert.doesNotMatch(stderr, /lychd render/);
  // Another edit corrects it, so a render is right again.
  await must(shell, "echo '# corrected' >> ~/.config/lychd/soulstones/all.toml");
  assert.match(await differences() ?? "", /^c is not rendered, /);
});

labTest("an engine whose Soulstone was removed is stopped before anything starts", async () => {
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
  assert.match(seen.stdout, /\nghost: runs, but is no longer rendered: lychd banish /);
  const gone = "  stop   ghost  runs, but is no longer rendered\n";
  assert.ok((await run(shell, "plan", "one")).stdout.includes(gone));
  const result = await run(shell, "summon", "one");
  assert.equal(result.code, 0, result.stderr);
  assert.ok(result.stderr.includes(gone), result.stderr);
  assert.deepEqual(await running(shell, ["a", "ghost", "home"]), ["a", "home"]);
  const log = await must(shell, `cat ${GPU_FOLDER.host}/log`);
  const at = (event: string) => log.split("\n").findIndex((line) => line.endsWith(event));
  assert.ok(at("gone ghost") >= 0 && at("gone ghost") < at("start a"), log);
});

labTest("if Covens share members, the fallback and its commands restore what ran", async () => {
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
  const failed = await run(shell, "summon", "four");
  assert.equal(failed.code, 1);
  const [, command = ""] = /\nhint: (.*) restores what ran before\n$/.exec(failed.stderr) ??
    [];
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
  assert.match(undone.stderr, /\nrestoring p, q, r\n[^]*\nrestored p, q, r\n$/);
  assert.deepEqual(await running(shell, names), ["p", "q", "r"]);
});

labTest("summon does not give up on an engine because of an old crash", async () => {
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
  const isRestarted = (times: string) => async () => {
    const now = await restarts();
    return now?.["NRestarts"] === times && now["ActiveState"] === "active";
  };
  await must(shell, "podman kill --signal KILL soulstone-a");
  await waitUntil("a has restarted", 60, isRestarted("1"));
  await using other = lichShell();
  const summoned = other.run("lychd summon one", { timeoutSeconds: 120 });
  await must(shell, untilState("b", "activating"));
  await must(shell, "podman kill --signal KILL soulstone-a");
  const result = await summoned;
  assert.equal(result.code, 0, result.stderr);
  assert.ok(await isRestarted("2")());
});

labTest("a masked unit is reported with the command that unmasks it", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }) });
  await must(shell, "systemctl --user mask --quiet soulstone-a.service");
  const unmask = "systemctl --user unmask soulstone-a.service";
  const result = await run(shell, "summon", "one");
  assert.equal(result.code, 6);
  const refused =
    `lychd: a cannot start: its unit is masked; nothing was changed\nhint: ${unmask}\n`;
  assert.equal(result.stderr, refused);
  const seen = (await run(shell, "status")).stdout;
  assert.match(seen, /\na +masked /);
  assert.ok(seen.includes(`\n  its unit is masked: ${unmask}\n`), seen);
  await writeCodex({ a: engine(8780, { groups: ["one"], description: "changed" }) }, SETTINGS);
  const rendered = await run(shell, "render");
  assert.equal(rendered.code, 0, rendered.stderr);
  assert.equal(
    rendered.stderr,
    "warning: soulstone-a.service is masked: systemd does not start what is masked\n" +
      `hint: ${unmask}\n`,
  );
  const planned = await run(shell, "plan a");
  assert.ok(
    planned.stderr.includes(`warning: a cannot start: its unit is masked\nhint: ${unmask}\n`),
    planned.stderr,
  );
  await must(shell, unmask);
  assert.equal((await run(shell, "summon", "one")).code, 0);
  assert.match(await must(shell, "systemctl --user show soulstone-a.service"), /=changed\n/);
});

labTest("plan names an image that Podman does not have", async () => {
  await labUp();
  await using shell = lichShell();
  const image = "registry.example/absent:1";
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["one"], image }),
  });
  const { code, stderr } = await run(shell, "plan", "one");
  assert.equal(code, 0, stderr);
  assert.equal(
    stderr,
    `warning: Podman does not have the image of b: ${image}\nhint: lychd pull b\n`,
  );
});

labTest("in a pipe status --watch prints only changes", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780, { groups: ["one"] }) });
  assert.equal((await run(shell, "summon", "one")).code, 0);
  const statesDuring = async (script: string) => {
    const text = await must(
      shell,
      `{ timeout 8 lychd status --watch || true; } >~/watched & sleep 3; ${script}; wait
       cat ~/watched`,
    );
    return [...text.matchAll(/^a +(\w+)/gm)].map(([, state]) => state);
  };
  assert.deepEqual(await statesDuring("true"), ["running"]);
  // The state `stopping` may be printed too.
  const states = (await statesDuring("lychd banish a >/dev/null")).filter((state) =>
    state !== "stopping"
  );
  assert.deepEqual(states, ["running", "stopped"]);
});

labTest("on a terminal summon updates one line and offers to restore what ran before", async () => {
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
  const prompted = await onTerminal("lychd summon two", "y");
  assert.match(prompted, /restore what ran before \(a\)\? \[Y\/n\]/);
  assert.match(prompted, /restored a\r?\n/);
  assert.deepEqual(await running(shell, ["a", "sick"]), ["a"]);
  // The end of input is not a yes.
  const unanswered = await must(
    shell,
    "(printf '\\004'; sleep 8) | script -qec 'lychd summon two' /dev/null || true",
  );
  assert.match(unanswered, /\[Y\/n\] [^]*hint: lychd summon coven:one restores/);
  assert.deepEqual(await running(shell, ["a", "sick"]), []);
});
