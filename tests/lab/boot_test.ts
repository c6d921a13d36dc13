/** Tests of the units that a boot starts with the user's session. */
import assert from "node:assert/strict";
import { active, engine, install, must, reboot, waitUntil } from "./host_codex.ts";
import { labTest, labUp, lichShell } from "./lab.ts";

const SOULSTONES = {
  a: engine(8780, { groups: ["one"] }, ["--load-seconds", "3"]),
  b: engine(8781, { groups: ["two"] }),
  home: engine(8782, { resident: true }),
};
const UNITS = [
  "lychd-coven-one.target",
  "lychd-coven-two.target",
  "lychd-pod.service",
  "soulstone-a.service",
  "soulstone-b.service",
  "soulstone-home.service",
];

labTest("a boot starts boot_coven and nothing else", async () => {
  await labUp();
  {
    await using shell = lichShell();
    await install(shell, SOULSTONES, { boot_coven: "one" });
    // The boot must ignore what ran before it.
    await must(shell, "systemctl --user start soulstone-b.service");
  }
  await reboot();
  await using shell = lichShell();
  const expected = UNITS.filter((unit) => !/two|soulstone-b/.test(unit));
  await waitUntil(
    "the Coven runs",
    20,
    async () => (await active(shell, UNITS)).length >= expected.length,
  );
  assert.deepEqual(await active(shell, UNITS), expected);
  assert.equal((await must(shell, "systemctl --user --failed --plain --no-legend")).trim(), "");
});

labTest("the session does not wait for models to load", async () => {
  await labUp();
  {
    await using shell = lichShell();
    await install(shell, SOULSTONES, { boot_coven: "one" });
  }
  await reboot();
  await using shell = lichShell();
  await waitUntil(
    "default.target is reached",
    2,
    async () => (await active(shell, ["default.target"])).length === 1,
  );
  assert.deepEqual(await active(shell, ["soulstone-a.service"]), []);
});

labTest("a boot without boot_coven starts nothing", async () => {
  await labUp();
  {
    await using shell = lichShell();
    await install(shell, SOULSTONES);
  }
  await reboot();
  await using shell = lichShell();
  await waitUntil(
    "default.target is reached",
    10,
    async () => (await active(shell, ["default.target"])).length === 1,
  );
  await must(shell, "sleep 1");
  assert.deepEqual(await active(shell, UNITS), []);
});
