/** Tests of a shutdown while a summon loads an engine: it must take no longer, and kill nothing. */
import assert from "node:assert/strict";
import { GPU_FOLDER, must, reboot, run, start, waitUntil } from "./host_codex.ts";
import { labStatus, labTest, labUp, lichExec, lichShell } from "./lab.ts";
import { gpuEngine, install } from "./summon.ts";

/** The seconds between a summon and the shutdown. */
const MOMENTS = [0.2, 0.7, 1.5, 3, 8];
const LOAD_SECONDS = 100;
/** The longest that a shutdown may take longer than that of a host whose engine is ready. */
const TOLERANCE_SECONDS = 15;

/** Shuts the lab's host down with a command of systemd. */
async function shutDown(verb: "poweroff" | "reboot"): Promise<void> {
  await lichExec(["systemctl", verb], { root: true });
  await waitUntil(`${verb} has ended`, 300, async () => !(await labStatus()).up);
}

async function secondsOf(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return (performance.now() - before) / 1000;
}

for (
  const [title, end] of [
    ["systemctl restart user@1000.service", reboot],
    ["systemctl poweroff", () => shutDown("poweroff")],
    ["systemctl reboot", () => shutDown("reboot")],
  ] as const
) {
  labTest(`${title} ends a summon that loads, and its engine exits by itself`, async () => {
    await labUp();
    const prepare = async (loadSeconds: number) => {
      await using shell = lichShell();
      await install(shell, {
        eye: gpuEngine("eye", 8780, { groups: ["vision"] }, ["--load-seconds", `${loadSeconds}`]),
        sage: gpuEngine("sage", 8781, { groups: ["deep"] }),
      });
      assert.equal((await start(shell, "lychd-coven-deep.target")).code, 0);
    };
    await prepare(0);
    const base = await secondsOf(end);
    for (const moment of MOMENTS) {
      await labUp();
      await prepare(LOAD_SECONDS);
      const summon = `setsid lychd summon vision >/dev/null 2>&1 & sleep ${moment}; date +%s%6N`;
      const shutDownAt = await (async () => {
        await using shell = lichShell();
        return Number(await must(shell, summon));
      })();
      const seconds = await secondsOf(end);
      assert.ok(seconds < base + TOLERANCE_SECONDS, `${seconds} s, and ${base} s without a summon`);
      await labUp();
      await using shell = lichShell();
      const log = await must(shell, `cut -d' ' -f2-4 ${GPU_FOLDER.host}/log`);
      const events = log.trim().split("\n").map((line) => line.split(" "));
      const gone = events.filter(([, event]) => event === "gone").map(([, , name]) => name);
      // A container that Podman is just starting is killed with Podman. The sage is ready by now.
      const started = events.filter(([time, event, name]) =>
        event === "start" && (name === "sage" || Number(time) < shutDownAt - 1_000_000)
      ).map(([, , name]) => name);
      assert.deepEqual(started.filter((name) => !gone.includes(name)), [], `${moment} s: ${log}`);
      assert.ok(started.includes("sage"), log);
    }
  });
}

labTest("a summon after a kill of the user's systemd names the cause and the fix", async () => {
  await labUp();
  await using shell = lichShell();
  await install(shell, { eye: gpuEngine("eye", 8780, {}) });
  assert.equal((await start(shell, "soulstone-eye.service")).code, 0);
  const { code } = await lichExec([
    "sh",
    "-c",
    `systemctl kill --signal=KILL user@1000.service
     while systemctl --quiet is-active user@1000.service; do sleep 0.1; done
     systemctl reset-failed user@1000.service; systemctl start user@1000.service`,
  ], { root: true });
  assert.equal(code, 0);
  // Podman 5.8 recovers by itself.
  const isBroken = / 5\.4\./.test(await must(shell, "podman --version"));
  assert.equal((await shell.run("podman ps")).code !== 0, isBroken);
  const result = await run(shell, "summon", "eye");
  if (isBroken) {
    assert.equal(result.code, 1, result.stderr);
    assert.match(
      result.stderr,
      /the pod could not start: Podman waits for containers that were killed/,
    );
    const [, fix = ""] = /^hint: (.*)$/m.exec(result.stderr) ?? [];
    await must(shell, `${fix} >/dev/null 2>&1`);
    const again = await run(shell, "summon", "eye");
    assert.equal(again.code, 0, again.stderr);
  } else assert.equal(result.code, 0, result.stderr);
});
