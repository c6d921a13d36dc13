/**
 * Stopped or failed: what systemd says of an engine that was asked to end, however it ended, and of
 * one that was not asked.
 */
import assert from "node:assert/strict";
import { engine, type Fields, install, must, putBinary, show, start } from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";

const STOP_SOON = { stop_timeout_seconds: 1 };
const LOADS = ["--load-seconds", "30"];
const KILLED = { quadlet: { Service: { TimeoutStopSec: 3 } } };

/** The state and the result of `a`. */
async function stateOf(shell: LichShell): Promise<string> {
  const unit = "soulstone-a.service";
  const is = (await show(shell, [unit], ["ActiveState", "SubState", "Result"])).get(unit);
  return `${is?.["ActiveState"]} ${is?.["SubState"]} ${is?.["Result"]}`;
}

async function installed(
  shell: LichShell,
  flags: readonly string[],
  fields: Fields = {},
): Promise<void> {
  await install(shell, {
    a: engine(8780, { groups: ["one"], ...STOP_SOON, ...fields }, flags),
    b: engine(8781, { groups: ["two"], ...STOP_SOON }),
  });
}

const LOADING = "systemctl --user start --no-block soulstone-a.service; sleep 2";

interface Row {
  readonly what: string;
  readonly flags: readonly string[];
  readonly fields?: Fields;
  /** Whether it is stopped while it loads. */
  readonly loading: boolean;
}

const ASKED: readonly Row[] = [
  { what: "that loads", flags: LOADS, loading: true },
  {
    what: "that loads and ignores SIGTERM",
    flags: [...LOADS, "--ignore-term"],
    fields: KILLED,
    loading: true,
  },
  { what: "that runs and ignores SIGTERM", flags: ["--ignore-term"], loading: false },
];

for (const { what, flags, fields, loading } of ASKED) {
  for (const way of ["stop soulstone-a.service", "start lychd-coven-two.target"]) {
    labTest(`an engine ${what} is stopped, and has not failed, by systemctl ${way}`, async () => {
      await labUp();
      await using shell = lichShell();
      await installed(shell, flags, fields);
      if (loading) await must(shell, LOADING);
      else assert.equal((await start(shell, "soulstone-a.service")).code, 0);
      await must(shell, `systemctl --user ${way}`);
      assert.equal(await stateOf(shell), "inactive dead success");
      const failed = await must(shell, "systemctl --user --failed --plain --no-legend");
      assert.equal(failed.trim(), "");
    });
  }
}

const UNASKED: readonly (Row & { readonly kill?: boolean; readonly is: string })[] = [
  {
    what: "that crashes while it loads",
    flags: [...LOADS, "--exit-after", "1", "--exit-code", "3"],
    loading: true,
    is: "activating auto-restart exit-code",
  },
  {
    what: "that is killed while it loads, as by the kernel for want of memory,",
    flags: LOADS,
    loading: true,
    kill: true,
    is: "activating auto-restart exit-code",
  },
  {
    what: "that is killed while it runs",
    flags: [],
    loading: false,
    kill: true,
    is: "activating auto-restart exit-code",
  },
  {
    what: "that does not become ready in time",
    flags: ["--health", "fail"],
    fields: { start_timeout_seconds: 2 },
    loading: false,
    is: "failed failed timeout",
  },
];

for (const { what, flags, fields, loading, kill, is } of UNASKED) {
  labTest(`an engine ${what} has failed`, async () => {
    await labUp();
    await using shell = lichShell();
    await installed(shell, flags, fields);
    if (loading) await must(shell, LOADING);
    else await start(shell, "soulstone-a.service");
    if (kill) await must(shell, "podman kill --signal KILL soulstone-a; sleep 1");
    else if (loading) await must(shell, "sleep 1");
    assert.equal(await stateOf(shell), is);
  });
}

labTest("what failed before it is banished counts as stopped from then on", async () => {
  await labUp();
  await putBinary();
  await using shell = lichShell();
  await installed(shell, ["--health", "fail"], { start_timeout_seconds: 2 });
  await start(shell, "soulstone-a.service");
  assert.equal(await stateOf(shell), "failed failed timeout");
  assert.equal(
    await must(shell, "lychd banish one"),
    "nothing runs of that\nno longer counted as failed: a\n",
  );
  assert.equal(await stateOf(shell), "inactive dead success");
});
