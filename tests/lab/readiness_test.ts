/** Tests of `systemctl --user start`, which waits until an engine is ready. */
import assert from "node:assert/strict";
import {
  active,
  engine,
  GPU_FOLDER,
  install,
  must,
  request,
  show,
  start,
  waitUntil,
} from "./host_codex.ts";
import { labTest, labUp, lichShell } from "./lab.ts";
import { gpuEngine } from "./summon.ts";

labTest("starting an engine with a health path returns soon after it answers", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { a: engine(8780) });
  const base = await start(shell, "soulstone-a.service");
  await install(shell, { a: engine(8780, {}, ["--load-seconds", "3"]) });
  const { code, seconds } = await start(shell, "soulstone-a.service");
  assert.equal(code, 0);
  assert.ok(await request(shell, 8780, "/health"), "it does not answer yet");
  const times = `${seconds} s, and ${base.seconds} s without a load`;
  assert.ok(seconds >= 3 && seconds - 3 < 3 * base.seconds, times);
});

labTest("starting a Coven returns when every member answers", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"] }),
    b: engine(8781, { groups: ["one"] }, ["--load-seconds", "2"]),
  });
  assert.equal((await start(shell, "lychd-coven-one.target")).code, 0);
  assert.ok(await request(shell, 8780, "/health"));
  assert.ok(await request(shell, 8781, "/health"));
});

labTest("the engines of a Coven load at the same time, and Podman answers meanwhile", async () => {
  await labUp();
  await using shell = lichShell();
  const loading = (name: string, port: number) =>
    gpuEngine(name, port, { groups: ["one"] }, ["--load-seconds", "8"]);
  await install(shell, { a: loading("a", 8780), b: loading("b", 8781) });
  await must(shell, "systemctl --user start --no-block lychd-coven-one.target");
  const log = `${GPU_FOLDER.host}/log`;
  const events = async () => (await must(shell, `cut -d' ' -f3 ${log} 2>/dev/null || true`)).trim();
  await waitUntil("an engine has started", 60, async () => (await events()).includes("start"));
  await must(shell, `podman pod ps && echo '- - asked -' >>${log}`);
  await waitUntil("both are ready", 60, async () => (await events()).match(/ready/g)?.length === 2);
  const order = (await events()).split("\n");
  assert.deepEqual(order.filter((event) => event !== "asked").slice(0, 2), ["start", "start"]);
  assert.ok(order.indexOf("asked") < order.indexOf("ready"), order.join(", "));
});

labTest("starting an engine that never answers fails and leaves nothing running", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { start_timeout_seconds: 4 }, ["--health", "fail"]),
  });
  const { code, seconds, stderr } = await start(shell, "soulstone-a.service");
  assert.equal(code, 1, stderr);
  assert.ok(seconds >= 4, `it took ${seconds} s`);
  // Longer than the first delay of Restart=.
  await must(shell, "sleep 7");
  const state = (await show(shell, ["soulstone-a.service"], ["ActiveState", "NRestarts", "Result"]))
    .get("soulstone-a.service");
  assert.deepEqual(
    [state?.["ActiveState"], state?.["NRestarts"], state?.["Result"]],
    ["failed", "0", "timeout"],
  );
  assert.equal((await must(shell, "podman ps -q --filter label=lychd.soulstone")).trim(), "");
});

labTest("a failed start of an engine that ignores SIGTERM leaves nothing running", async () => {
  await labUp();
  await using shell = lichShell();
  const timeouts = { start_timeout_seconds: 3, stop_timeout_seconds: 1 };
  await install(shell, {
    a: engine(8780, { ...timeouts, quadlet: { Service: { TimeoutStopSec: 3 } } }, [
      "--health",
      "fail",
      "--ignore-term",
    ]),
  });
  assert.equal((await start(shell, "soulstone-a.service")).code, 1);
  await must(shell, "sleep 7");
  const state = (await show(shell, ["soulstone-a.service"], ["ActiveState", "NRestarts"]))
    .get("soulstone-a.service");
  assert.deepEqual([state?.["ActiveState"], state?.["NRestarts"]], ["failed", "0"]);
  assert.equal((await must(shell, "podman ps -q --filter label=lychd.soulstone")).trim(), "");
});

labTest("starting an engine that exits while loading fails immediately", async () => {
  await labUp();
  await using shell = lichShell();
  const LOAD = 60;
  await install(shell, {
    a: engine(8780, {}, ["--load-seconds", `${LOAD}`, "--exit-after", "1", "--exit-code", "3"]),
  });
  const { code, seconds } = await start(shell, "soulstone-a.service");
  assert.equal(code, 1);
  assert.ok(seconds < LOAD, `it took ${seconds} s of ${LOAD}`);
  const state = (await show(shell, ["soulstone-a.service"], ["ExecMainStatus"])).get(
    "soulstone-a.service",
  );
  assert.equal(state?.["ExecMainStatus"], "3");
});

labTest("a swap from an engine that ignores SIGTERM takes stop_timeout_seconds", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, { groups: ["one"], stop_timeout_seconds: 2 }, ["--ignore-term"]),
    b: engine(8781, { groups: ["two"] }),
  });
  assert.equal((await start(shell, "soulstone-a.service")).code, 0);
  const { code, seconds } = await start(shell, "soulstone-b.service");
  assert.equal(code, 0);
  assert.deepEqual(await active(shell, ["soulstone-a.service", "soulstone-b.service"]), [
    "soulstone-b.service",
  ]);
  // Swap back, from an engine that exits immediately.
  const base = await start(shell, "soulstone-a.service");
  const times = `${seconds} s, and ${base.seconds} s back`;
  assert.ok(seconds >= 2 && seconds - 2 < 3 * base.seconds, times);
});

labTest("a health command replaces the health path", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, {
    a: engine(8780, {
      health: { cmd: `wget -q -O /dev/null "http://127.0.0.1:8780/health" && test '50%' != $HOME` },
    }, [
      "--load-seconds",
      "1",
    ]),
  });
  const { code, seconds } = await start(shell, "soulstone-a.service");
  assert.equal(code, 0);
  assert.ok(seconds >= 1, `it took ${seconds} s`);
});

labTest("no unit waits for the network unless wait_for_network is set", async () => {
  await labUp();
  await using shell = lichShell();
  const waits = async () => {
    const states = await show(shell, ["soulstone-a.service", "lychd-pod.service"], [
      "After",
      "Wants",
    ]);
    return [...states.values()].map((s) => /network/.test(`${s["After"]} ${s["Wants"]}`));
  };
  await install(shell, { a: engine(8780) });
  assert.deepEqual(await waits(), [false, false]);
  await install(shell, { a: engine(8780) }, { wait_for_network: true });
  assert.deepEqual(await waits(), [true, true]);
});
