/** Tests of `lychd apply` and `restart`, and of what runs with the units of an earlier render. */
import assert from "node:assert/strict";
import {
  engine,
  ENGINE_IMAGE,
  type Fields,
  freshHost,
  must,
  run,
  show,
  waitUntil,
  writeCodex,
} from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import { eventsOf } from "./summon.ts";

const a = (model = "a", port = 8780) =>
  engine(port, { groups: ["one"] }, ["--model", model, "--load-seconds", "1"]);
const b = engine(8781, { groups: ["one"] }, ["--load-seconds", "1"]);

/** Renders a Codex without ports that are published ahead, and summons its Coven. */
async function running(shell: LichShell, soulstones: Readonly<Record<string, Fields>>) {
  await freshHost(shell);
  await writeCodex(soulstones);
  await ok(shell, "render");
  await ok(shell, "summon one");
}

async function ok(shell: LichShell, args: string) {
  const result = await run(shell, args);
  assert.equal(result.code, 0, `lychd ${args}\n${result.stderr}`);
  return result;
}

/** Returns the InvocationIDs of the pod and of two engines: another one means a restart. */
async function invocations(shell: LichShell) {
  const units = ["lychd-pod.service", "soulstone-a.service", "soulstone-b.service"];
  const states = await show(shell, units, ["InvocationID"]);
  return units.map((unit) => states.get(unit)?.["InvocationID"]);
}

function answers(shell: LichShell, port: number) {
  return shell.run(`curl -sf http://127.0.0.1:${port}/health`).then(({ code }) => code === 0);
}

labTest(
  "a port that the running pod does not publish is named at once, and apply publishes it",
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell, { a: a(), b });
    await writeCodex({ a: a(), b, eye: engine(8790, { groups: ["one"] }) });
    const rendered = await ok(shell, "render");
    assert.match(
      rendered.stderr,
      /not applied yet: the pod must restart, and with it every engine\nhint: lychd apply\n/,
    );
    const hint = /eye cannot be reached before `lychd apply`: the running pod does not publish/;
    for (const command of ["status", "list", "plan eye"]) {
      assert.match((await ok(shell, command)).stderr, hint, command);
    }
    const status = JSON.parse((await ok(shell, "status --json")).stdout);
    const eye = status.soulstones.find((each: { name: string }) => each.name === "eye");
    assert.equal(eye.unpublished, true);
    assert.deepEqual(status.restart_needed, ["lychd-pod.service"]);
    assert.match((await ok(shell, "status")).stdout, /STALE[^]*\neye +stopped +no port /);
    const summoned = await run(shell, "summon eye");
    assert.equal(summoned.code, 1, summoned.stderr);
    assert.match(summoned.stderr, hint);
    assert.match(
      summoned.stderr,
      /\nlychd: eye is healthy, but http:\/\/localhost:8790 does not answer: the running pod does not publish it\nhint: lychd apply \(restarts every engine\)\n$/,
    );
    const events = eventsOf(await run(shell, "summon eye --json"));
    assert.deepEqual(events.find(({ event }) => event === "stale")?.["unpublished"], ["eye"]);
    const shown = await ok(shell, "apply --dry-run");
    assert.equal(shown.stderr, "  restart  the pod  and with it every engine: a, b, eye\n");
    assert.equal(await answers(shell, 8790), false);
    const applied = await ok(shell, "apply");
    assert.equal(applied.stdout, "restarted: the pod, a, b, eye\n");
    // It returned when all of them were ready again.
    for (const port of [8780, 8781, 8790]) assert.ok(await answers(shell, port), `${port}`);
    const again = await ok(shell, "apply");
    assert.equal(again.stdout, "nothing to apply: what runs is what is rendered\n");
  },
);

labTest(
  "after a rollback, apply restarts what is rendered, and nothing hints at the edit",
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell, { a: a(), b });
    await writeCodex({ a: a("bad"), b });
    await ok(shell, "render --restart");
    const back = await ok(shell, "rollback");
    assert.match(back.stderr, /not applied yet: a must restart\nhint: lychd apply\n/);
    assert.match(back.stderr, /the Codex still has the edit: a changed\n/);
    assert.doesNotMatch(back.stderr, /lychd render/);
    const before = await invocations(shell);
    assert.equal((await ok(shell, "apply")).stdout, "restarted: a\n");
    const after = await invocations(shell);
    assert.deepEqual(before.map((id, i) => id === after[i]), [true, false, true]);
    assert.match(await must(shell, "curl -sf http://127.0.0.1:8780/v1/models"), /"a"/);
  },
);

labTest(
  "an edit that is reverted restarts nothing, and neither does a removed Soulstone",
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell, { a: a(), b });
    const before = await invocations(shell);
    await writeCodex({ a: a("other"), b });
    await ok(shell, "render");
    await writeCodex({ a: a(), b });
    assert.doesNotMatch((await ok(shell, "render")).stderr, /not applied/);
    assert.equal(
      (await ok(shell, "apply")).stdout,
      "nothing to apply: what runs is what is rendered\n",
    );
    assert.deepEqual(await invocations(shell), before);
    await writeCodex({ a: a() });
    const removed = await ok(shell, "render --restart");
    assert.match(removed.stdout, /\nstopped: b\n$/);
    assert.doesNotMatch(removed.stdout, /restarted/);
    assert.deepEqual((await invocations(shell)).slice(0, 2), before.slice(0, 2));
  },
);

labTest("render --restart returns when the engines of a restarted pod are ready", async () => {
  await labUp();
  await using shell = lichShell();
  await running(shell, { a: a(), b });
  await writeCodex({ a: a("a", 8795), b });
  const result = await ok(shell, "render --restart");
  assert.match(result.stdout, /\nrestarted: the pod, a, b\n$/);
  for (const port of [8795, 8781]) assert.ok(await answers(shell, port), `${port}`);
});

labTest(
  "restart restarts an engine that did not change, and fails for one that does not run",
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell, { a: a(), b });
    const before = await invocations(shell);
    assert.equal((await ok(shell, "restart b")).stdout, "restarted: b\n");
    const after = await invocations(shell);
    assert.deepEqual(before.map((id, i) => id === after[i]), [true, true, false]);
    await ok(shell, "banish b");
    const refused = await run(shell, "restart b");
    assert.equal(refused.code, 1);
    assert.equal(refused.stderr, "lychd: b is not running\nhint: lychd summon b\n");
  },
);

labTest(
  "an apply whose pod cannot start names what holds the port, and the commands that help",
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell, { a: a(), b });
    await must(shell, `podman run -d --name holder -p 127.0.0.1:8795:80 ${ENGINE_IMAGE} --port 80`);
    try {
      await writeCodex({ a: a("a", 8795), b });
      await ok(shell, "render");
      const applied = await run(shell, "apply");
      assert.equal(applied.code, 1, applied.stderr);
      assert.equal(applied.stdout, "");
      assert.match(
        applied.stderr,
        /\nlychd: the pod could not start: port 8795 is used by container holder; no engine can start\nhint: podman stop holder\nhint: lychd summon coven:one then starts what ran before\n$/,
      );
      await must(shell, "podman stop -t 0 holder");
      await ok(shell, "summon coven:one");
    } finally {
      await shell.run("podman rm -f -i -t 0 holder");
    }
  },
);

labTest("an apply does not wait for a Watcher whose image cannot be pulled", async () => {
  await labUp();
  await using shell = lichShell();
  await running(shell, { a: a(), b });
  await writeCodex({ a: a(), b }, {
    harvester: { image: "docker.io/library/absent:1" },
    scribe: { image: "docker.io/library/absent:1" },
  });
  await ok(shell, "render");
  const applied = await ok(shell, "apply");
  assert.equal(applied.stdout, "restarted: the pod, a, b\nstarting: harvester, scribe\n");
});

labTest("an engine that fails after its restart is reported with its log", async () => {
  await labUp();
  await using shell = lichShell();
  await running(shell, { a: a(), b });
  await writeCodex({ a: engine(8780, { groups: ["one"] }, ["--exit-after", "0.2"]), b });
  const result = await run(shell, "render --restart");
  assert.equal(result.code, 1, result.stderr);
  assert.match(result.stderr, /lychd: a is not ready: [^]*hint: lychd logs a\n/);
});

labTest("a summon whose Soulstone is removed meanwhile blames the render", async () => {
  await labUp();
  await using shell = lichShell();
  await freshHost(shell);
  const slow = engine(8782, { groups: ["one"] }, ["--load-seconds", "60"]);
  await writeCodex({ a: a(), slow });
  await ok(shell, "render");
  await must(shell, "(lychd summon slow 2>~/summon.log; echo $? >>~/summon.log) &>/dev/null &");
  await waitUntil(
    "the container runs",
    20,
    async () => (await must(shell, "podman ps -q --filter name=soulstone-slow")).trim() !== "",
  );
  await writeCodex({ a: a() });
  await ok(shell, "render");
  await waitUntil(
    "the summon ends",
    20,
    async () => /\n1\n$/.test(await must(shell, "cat ~/summon.log")),
  );
  assert.match(
    await must(shell, "cat ~/summon.log"),
    /\nlychd: slow is not ready: a render removed it while it started\n[^]*\nhint: lychd list\n1\n$/,
  );
});

labTest(
  "a Soulstone that is removed while it starts leaves nothing running or failed",
  async () => {
    await labUp();
    await using shell = lichShell();
    const slow = engine(8782, { groups: ["one"] }, ["--load-seconds", "30"]);
    for (const option of ["", " --restart"]) {
      await freshHost(shell);
      await writeCodex({ a: a(), slow });
      await ok(shell, "render");
      await must(shell, "systemctl --user start --no-block soulstone-slow.service");
      await waitUntil(
        "the container runs",
        20,
        async () => (await must(shell, "podman ps -q --filter name=soulstone-slow")).trim() !== "",
      );
      await writeCodex({ a: a() });
      await ok(shell, `render${option}`);
      const left = await must(
        shell,
        "systemctl --user list-units --all --plain --no-legend 'soulstone-slow*'; podman ps -aq --filter name=soulstone-slow",
      );
      assert.equal(left, "", option);
    }
  },
);
