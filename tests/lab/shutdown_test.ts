/** Tests of a shutdown while a summon loads an engine: it must take no longer, and kill nothing. */
import assert from "node:assert/strict";
import { GPU_FOLDER, must, reboot, start, waitUntil } from "./host_codex.ts";
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
      {
        await using shell = lichShell();
        await must(shell, `setsid lychd summon vision >/dev/null 2>&1 & sleep ${moment}`);
      }
      const seconds = await secondsOf(end);
      assert.ok(seconds < base + TOLERANCE_SECONDS, `${seconds} s, and ${base} s without a summon`);
      await labUp();
      await using shell = lichShell();
      const log = await must(shell, `cut -d' ' -f3,4 ${GPU_FOLDER.host}/log`);
      const of = (event: string) => log.match(new RegExp(`^${event} .*$`, "gm")) ?? [];
      assert.equal(of("gone").length, of("start").length, `after ${moment} s: ${log}`);
    }
  });
}
