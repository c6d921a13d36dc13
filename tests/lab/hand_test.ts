/** Tests of how the front door starts and stops engines: swaps, what waits for requests, and reloads. */
import assert from "node:assert/strict";
import {
  assertWhole,
  chat,
  DOOR,
  FOLDER,
  gpuEvents,
  installDoor,
  rivals,
  underWay,
} from "./door.ts";
import { GPU_FOLDER, must, run, show, waitUntil, writeCodex } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";
import { simulateGpu, SMI } from "./simulated_gpu.ts";
import { SETTINGS as POD } from "./summon.ts";

/** The settings of a render with a front door. */
const SETTINGS = { vessel: { enabled: true }, ...POD };

/** More words than a stop and a start take. */
const LONG = 60;

/** More words than the stop of an engine waits for: 35 seconds. */
const LONGER = 350;

labTest(
  "requests start their engines in turn, and systemd shows the state of the door",
  async () => {
    await labUp();
    await using shell = lichShell();
    await installDoor(shell, rivals());
    for (const model of ["a", "b"]) {
      const { code, stdout, stderr } = await chat(model);
      assert.equal(code, 0, stderr);
      assert.equal(JSON.parse(stdout).model, model);
    }
    assert.deepEqual(await gpuEvents(shell), [
      ...["start a", "ready a", "term a", "gone a", "start b", "ready b"],
    ]);
    await waitUntil("the status is right", 10, async () => await statusOf(shell) === "ready: b");
    assert.equal(await must(shell, `cd ${FOLDER} && ls lease-*`), "lease-b\n");
  },
);

labTest("a start by another program waits for a request under way", async () => {
  await labUp();
  await using shell = lichShell();
  await installDoor(shell, rivals());
  await chat("a");
  const stream = chat("a", LONG);
  await underWay(shell, "a");
  await must(shell, "systemctl --user start soulstone-b");
  assertWhole(await stream, LONG);
  assert.deepEqual((await gpuEvents(shell)).slice(-4), ["term a", "gone a", "start b", "ready b"]);
  // Without a front door nothing waits.
  await chat("b");
  const cut = chat("b", LONG);
  await underWay(shell, "b");
  await must(
    shell,
    `systemctl --user kill -s KILL lychd-vessel; systemctl --user start soulstone-a`,
  );
  assert.notEqual((await cut).code, 0);
});

labTest(
  "a crash of an engine ends its requests, and others wait for its restart",
  async () => {
    await labUp();
    await using shell = lichShell();
    await installDoor(shell, rivals());
    await chat("a");
    const stream = chat("a", LONG);
    await underWay(shell, "a");
    await must(shell, "podman kill -s KILL soulstone-a");
    const { stdout } = await stream;
    assert.doesNotMatch(stdout, /\[DONE\]/);
    await must(shell, `while [ -e ${FOLDER}/lease-a ]; do sleep 0.05; done`);
    assert.equal((await chat("a")).code, 0);
    assert.equal((await gpuEvents(shell)).at(-1), "ready a");
  },
);

labTest("while the operator holds what runs, requests wait", async () => {
  await labUp();
  await using shell = lichShell();
  await installDoor(shell, rivals(), { linger_seconds: 0 });
  await chat("a");
  // Without a trace in the file system, the door looks once per minute.
  for (const [command, phase] of [["start", "held"], ["stop", "steady"]]) {
    await must(shell, `systemctl --user ${command} lychd-hold`);
    const isSeen = async () =>
      JSON.parse((await run(shell, "status --json")).stdout).front_door.phase === phase;
    await waitUntil(`the front door is ${phase}`, 20, isSeen);
  }
  assert.equal((await run(shell, "summon", "a", "--hold")).code, 0);
  const answer = chat("b");
  await must(
    shell,
    `until grep -q '"name":"b","under_way":0,"waiting":1' ${FOLDER}/state.json; do sleep 0.05; done`,
  );
  assert.equal((await run(shell, "summon", "a")).code, 0);
  // Without the hold, the swap begins at once.
  await must(shell, "sleep 4");
  assert.equal((await gpuEvents(shell)).at(-1), "ready a");
  assert.equal((await run(shell, "summon", "--release")).code, 0);
  assert.equal((await answer).code, 0);
});

labTest(
  "a render with other ports takes over, and streams of the former front are whole",
  async () => {
    await labUp();
    await using shell = lichShell();
    await installDoor(shell, rivals());
    await chat("a");
    const stream = chat("a", LONGER);
    await underWay(shell, "a");
    const edit = `s/"port" = 8781/"port" = 8785, "aliases" = ["bee"]/`;
    await must(shell, `sed -i '${edit}' ~/.config/lychd/soulstones/all.toml`);
    assert.equal((await run(shell, "render")).code, 0);
    await must(shell, `until curl -sf ${DOOR}/v1/models/bee; do sleep 0.1; done`);
    const { code, stdout, stderr } = await chat("bee");
    assert.equal(code, 0, stdout + stderr);
    assertWhole(await stream, LONGER);
  },
);

labTest(
  "status, doctor and apply name what has the new port of the door, and the fix",
  async () => {
    await labUp();
    await using shell = lichShell();
    await installDoor(shell, rivals());
    await must(
      shell,
      `systemd-run --user --collect --unit=squatter busybox nc -ll -p 8082 -e true
     until ss -Hltn 'sport = :8082' | grep -q .; do sleep 0.05; done`,
    );
    await writeCodex(rivals(), { vessel: { enabled: true, port: 8082 }, ...POD });
    assert.equal((await run(shell, "render")).code, 0);
    const why = "it still listens on 127.0.0.1:8081: port 8082 is used by";
    await waitUntil("the status is right", 10, async () => {
      const { stdout } = await run(shell, "status --json");
      const { services } = JSON.parse(stdout);
      return services.some((each: { why?: string }) => each.why?.startsWith(why));
    });
    const applied = await run(shell, "apply");
    assert.equal(applied.code, 1, applied.stderr);
    assert.ok(applied.stderr.includes(`vessel: ${why}`), applied.stderr);
    const doctor = await run(shell, "doctor --only vessel.running,codex.ports");
    assert.equal(doctor.code, 5, doctor.stdout);
    assert.match(doctor.stdout, /port 8082 of vessel is in use by busybox of\s+squatter\.service/);
    assert.match(doctor.stdout, /the front door does not listen on port 8082/);
    // Both fixes of doctor.
    await must(shell, "systemctl --user stop squatter.service");
    await must(shell, "lychd render && systemctl --user restart lychd-vessel.service");
    await must(shell, "curl -sf http://127.0.0.1:8082/health");
    assert.equal((await run(shell, "doctor --only vessel.running,codex.ports")).code, 0);
    assert.equal((await run(shell, "apply")).code, 0);
  },
);

labTest("an engine that a render removed finishes its requests before it is stopped", async () => {
  await labUp();
  await using shell = lichShell();
  await installDoor(shell, rivals());
  for (const command of ["apply", "banish a", "summon b"]) {
    await writeCodex(rivals(), SETTINGS);
    assert.equal((await run(shell, "render")).code, 0);
    await must(shell, `until curl -sf ${DOOR}/v1/models/a; do sleep 0.1; done`);
    assert.equal((await chat("a")).code, 0);
    const stream = chat("a", LONG);
    await underWay(shell, "a");
    // Without its unit, systemd stops it without the hook.
    await writeCodex({ b: rivals()["b"]! }, SETTINGS);
    assert.equal((await run(shell, "render")).code, 0);
    const { code, stderr } = await run(shell, command);
    assertWhole(await stream, LONG);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^lychd: 1 request under way at a: the stop waits for them/m);
    assert.notEqual((await shell.run("systemctl --user is-active soulstone-a")).code, 0);
  }
});

labTest("the door finishes a request before it stops", async () => {
  await labUp();
  await using shell = lichShell();
  await installDoor(shell, rivals());
  await chat("a");
  const stream = chat("a", LONG);
  await underWay(shell, "a");
  await must(shell, "systemctl --user stop lychd-vessel");
  assertWhole(await stream, LONG);
  const state = (await show(shell, ["lychd-vessel.service"], ["Result"])).get(
    "lychd-vessel.service",
  );
  assert.equal(state?.["Result"], "success");
  assert.notEqual((await shell.run(`ls ${FOLDER}`)).code, 0);
});

labTest("a swap waits until the memory of the GPU is free", async () => {
  await labUp();
  await simulateGpu(true);
  try {
    await using shell = lichShell();
    const gpu = { devices: ["nvidia.com/gpu=all"], vram_mib: 20000 };
    await must(shell, `mkdir -p ${GPU_FOLDER.host}`);
    await installDoor(shell, rivals(gpu));
    const free = (mib: number) => must(shell, `echo '0, GPU-5ebe, 24576, ${mib}' > ${SMI}`);
    await free(24000);
    assert.equal((await chat("a")).code, 0);
    await free(4000);
    const answer = chat("b");
    await must(shell, `until grep -q 'phase":"memory"' ${FOLDER}/state.json; do sleep 0.05; done`);
    assert.equal((await gpuEvents(shell)).at(-1), "gone a");
    await free(22000);
    assert.equal((await answer).code, 0);
  } finally {
    await simulateGpu(false);
  }
});

async function statusOf(shell: LichShell): Promise<string> {
  return (await must(shell, "systemctl --user show -P StatusText lychd-vessel")).trim();
}
