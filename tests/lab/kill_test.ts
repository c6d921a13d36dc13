/**
 * Tests of `kill -9` at 20 moments of `lychd apply`, `rollback` and `purge`, with real engines. The next
 * command finds one complete render and finishes the work.
 */
import assert from "node:assert/strict";
import {
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

const MOMENTS = 20;

type Variant = "x" | "y";

/** Returns two Soulstones; the command of the first one names the variant. */
function soulstones(variant: Variant): Record<string, Fields> {
  const fields = (port: number, model: string) => ({
    image: ENGINE_IMAGE,
    port,
    groups: ["one"],
    exec: ["--port", "{port}", "--model", model],
  });
  return { a: fields(8780, variant), b: fields(8781, "same") };
}

async function ok(shell: LichShell, args: string): Promise<string> {
  const { code, stdout, stderr } = await run(shell, args);
  assert.equal(code, 0, `lychd ${args}\n${stderr}`);
  return stdout + stderr;
}

/** Renders a variant without applying it. */
async function rendered(shell: LichShell, variant: Variant): Promise<void> {
  await writeCodex(soulstones(variant));
  await ok(shell, "render");
}

/** Renders and starts variant `x` on an empty host. */
async function running(shell: LichShell): Promise<void> {
  await freshHost(shell);
  await rendered(shell, "x");
  await ok(shell, "summon one");
}

/** Runs a command to measure it. Returns its milliseconds. */
async function measure(shell: LichShell, args: string): Promise<number> {
  const start = performance.now();
  await ok(shell, args);
  return performance.now() - start;
}

/** Runs a command and kills it after a time; waits until systemd has nothing to do any more. */
async function killed(shell: LichShell, args: string, milliseconds: number): Promise<void> {
  const seconds = (milliseconds / 1000).toFixed(3);
  await must(
    shell,
    `lychd ${args} >/dev/null 2>&1 & process=$!; sleep ${seconds}
     kill -9 $process 2>/dev/null; wait $process 2>/dev/null; true`,
  );
  await waitUntil(
    "systemd has no jobs",
    60,
    async () => (await must(shell, "systemctl --user list-jobs --no-legend")).trim() === "",
  );
}

/** Returns the variant that the engine runs with, and the one in its unit. */
async function variants(shell: LichShell): Promise<{ runs: string; unit: string }> {
  const words = "grep -oE -- '--model [xy]'";
  const unit = `${words} ~/.config/containers/systemd/lychd/soulstone-a.container`;
  const runs = `podman inspect soulstone-a --format '{{join .Args " "}}' | ${words}`;
  const [first = "", second = ""] = (await must(shell, `${unit}; ${runs}`)).trim().split("\n");
  return { unit: first.slice(-1), runs: second.slice(-1) };
}

async function invocation(shell: LichShell, unit: string): Promise<string | undefined> {
  return (await show(shell, [unit], ["InvocationID"])).get(unit)?.["InvocationID"];
}

labTest(`kill -9 at ${MOMENTS} moments of apply: the next apply finishes it`, async () => {
  await labUp();
  await using shell = lichShell();
  await running(shell);
  await rendered(shell, "y");
  const length = await measure(shell, "apply");
  const other = await invocation(shell, "soulstone-b.service");
  for (let moment = 0; moment < MOMENTS; moment++) {
    const variant = moment % 2 === 0 ? "x" : "y";
    await rendered(shell, variant);
    await killed(shell, "apply", length * moment / MOMENTS);
    // No engine is lost before the next command.
    const states = await show(shell, ["soulstone-a.service"], ["ActiveState"]);
    assert.equal(states.get("soulstone-a.service")?.["ActiveState"], "active", `moment ${moment}`);
    await ok(shell, "apply");
    assert.deepEqual(await variants(shell), { runs: variant, unit: variant }, `moment ${moment}`);
    assert.match(await ok(shell, "apply"), /^nothing to apply/);
  }
  assert.equal(await invocation(shell, "soulstone-b.service"), other);
});

labTest(
  `kill -9 at ${MOMENTS} moments of rollback: one complete render is left, and apply applies it`,
  async () => {
    await labUp();
    await using shell = lichShell();
    await running(shell);
    await rendered(shell, "y");
    const length = await measure(shell, "rollback");
    for (let moment = 0; moment < MOMENTS; moment++) {
      await killed(shell, "rollback", length * moment / MOMENTS);
      await ok(shell, "apply");
      const { runs, unit } = await variants(shell);
      assert.equal(runs, unit, `moment ${moment}`);
      // The units are those of one variant: that of the Codex, or that of a rollback.
      const { code } = await run(shell, "render --exit-code");
      assert.equal(code, unit === "y" ? 0 : 4, `moment ${moment}`);
      const left = await must(
        shell,
        "find ~/.config/containers ~/.config/systemd -name '.lychd-new-*' -o -name '.lychd-old-*' -o -name '.lychd-journal*' -o -name '.lychd-done*'",
      );
      assert.equal(left, "", `moment ${moment}`);
    }
  },
);

labTest(`kill -9 at ${MOMENTS} moments of purge: the next purge leaves nothing`, async () => {
  await labUp();
  await using shell = lichShell();
  await running(shell);
  const length = await measure(shell, "purge --yes");
  for (let moment = 0; moment < MOMENTS; moment++) {
    await rendered(shell, "x");
    await must(shell, "systemctl --user start lychd-coven-one.target");
    await killed(shell, "purge --yes", length * moment / MOMENTS);
    await ok(shell, "purge --yes");
    const left = await must(
      shell,
      `find ~/.config/containers ~/.config/systemd -type f
       systemctl --user list-units --all --plain --no-legend 'soulstone-*' 'lychd-*'
       podman ps -aq; podman pod ps -q`,
    );
    assert.equal(left.trim(), "", `moment ${moment}`);
  }
});
