/**
 * Tests of the state of an engine in systemd: an engine that exits after a requested stop is stopped,
 * and any other engine that exits is failed.
 */
import assert from "node:assert/strict";
import {
  engine,
  type Fields,
  install,
  must,
  putBinary,
  show,
  start,
  waitUntil,
} from "./host_codex.ts";
import { labTest, labUp, type LichShell, lichShell } from "./lab.ts";

const STOP_SOON = { stop_timeout_seconds: 1 };
const LOADS = ["--load-seconds", "30"];
const KILLED = { quadlet: { Service: { TimeoutStopSec: 3 } } };

/** Returns the state and the result of `a`. */
async function stateOf(shell: LichShell): Promise<string> {
  const unit = "soulstone-a.service";
  const state = (await show(shell, [unit], ["ActiveState", "SubState", "Result"])).get(unit);
  return `${state?.["ActiveState"]} ${state?.["SubState"]} ${state?.["Result"]}`;
}

async function installPair(
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

interface Case {
  readonly which: string;
  readonly flags: readonly string[];
  readonly fields?: Fields;
  /** True if the test continues while the engine loads. */
  readonly loading: boolean;
}

const REQUESTED_STOPS: readonly Case[] = [
  { which: "that is loading", flags: LOADS, loading: true },
  {
    which: "that is loading and ignores SIGTERM",
    flags: [...LOADS, "--ignore-term"],
    fields: KILLED,
    loading: true,
  },
  { which: "that is running and ignores SIGTERM", flags: ["--ignore-term"], loading: false },
];

for (const { which, flags, fields, loading } of REQUESTED_STOPS) {
  for (const command of ["stop soulstone-a.service", "start lychd-coven-two.target"]) {
    labTest(
      `after systemctl ${command}, an engine ${which} is stopped and not failed`,
      async () => {
        await labUp();
        await using shell = lichShell();
        await installPair(shell, flags, fields);
        if (loading) await must(shell, LOADING);
        else assert.equal((await start(shell, "soulstone-a.service")).code, 0);
        await must(shell, `systemctl --user ${command}`);
        assert.equal(await stateOf(shell), "inactive dead success");
        const failed = await must(shell, "systemctl --user --failed --plain --no-legend");
        assert.equal(failed.trim(), "");
      },
    );
  }
}

const FAILURES: readonly (Case & { readonly kill?: boolean; readonly state: string })[] = [
  {
    which: "that crashes while loading",
    flags: [...LOADS, "--exit-after", "1", "--exit-code", "3"],
    loading: true,
    state: "activating auto-restart exit-code",
  },
  {
    which: "that is killed while loading, for example because memory runs out,",
    flags: LOADS,
    loading: true,
    kill: true,
    state: "activating auto-restart exit-code",
  },
  {
    which: "that is killed while running",
    flags: [],
    loading: false,
    kill: true,
    state: "activating auto-restart exit-code",
  },
  {
    which: "that does not become ready in time",
    flags: ["--health", "fail"],
    fields: { start_timeout_seconds: 2 },
    loading: false,
    state: "failed failed timeout",
  },
];

for (const { which, flags, fields, loading, kill, state } of FAILURES) {
  labTest(`an engine ${which} has failed`, async () => {
    await labUp();
    await using shell = lichShell();
    await installPair(shell, flags, fields);
    if (loading) await must(shell, LOADING);
    else await start(shell, "soulstone-a.service");
    if (kill) await must(shell, "podman kill --signal KILL soulstone-a");
    await waitUntil(
      "its end",
      20,
      async () => / (?:auto-restart|failed|dead) /.test(await stateOf(shell)),
    );
    assert.equal(await stateOf(shell), state);
  });
}

labTest("banish changes the state of a failed engine to stopped", async () => {
  await labUp();
  await putBinary();
  await using shell = lichShell();
  await installPair(shell, ["--health", "fail"], { start_timeout_seconds: 2 });
  await start(shell, "soulstone-a.service");
  assert.equal(await stateOf(shell), "failed failed timeout");
  assert.equal(
    await must(shell, "lychd banish one"),
    "one is not running; nothing to stop\nreset from failed to stopped: a\n",
  );
  assert.equal(await stateOf(shell), "inactive dead success");
});
