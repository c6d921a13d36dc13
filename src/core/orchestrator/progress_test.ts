import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Condition,
  conditionOf,
  type EngineState,
  inactiveUnit,
  isRestorable,
  isStable,
  isUp,
  type UnitState,
} from "./condition.ts";
import { inventoryOf } from "./from_codex_test.ts";
import { progressOf } from "./progress.ts";

const UNIT = inactiveUnit("generated");

const STATES: readonly (readonly [facts: Partial<UnitState>, state: EngineState, why?: string])[] =
  [
    [{}, "stopped"],
    [{ activeState: "active", subState: "running" }, "running"],
    [{ activeState: "reloading" }, "running"],
    [{ activeState: "refreshing" }, "running"],
    [{ activeState: "activating", subState: "start" }, "starting"],
    [{ activeState: "activating", subState: "start-pre" }, "starting"],
    [{ activeState: "deactivating", subState: "stop-sigterm" }, "stopping"],
    // An engine keeps running without its unit.
    [{ activeState: "active", loadState: "not-found" }, "running"],
    [{ loadState: "not-found" }, "missing", "systemd has no such unit"],
    [{ loadState: "bad-setting" }, "missing", "systemd cannot read its unit"],
    [{ loadState: "masked" }, "masked", "its unit is masked"],
    [{ activeState: "active", loadState: "masked" }, "running"],
    [
      {
        activeState: "activating",
        subState: "auto-restart",
        result: "exit-code",
        exitKind: 1,
        exitStatus: 2,
      },
      "restarting",
      "it exited with status 2",
    ],
    [
      {
        activeState: "activating",
        subState: "auto-restart-queued",
        result: "signal",
        exitKind: 2,
        exitStatus: 9,
      },
      "restarting",
      "it was killed by signal 9",
    ],
    [{ activeState: "failed", result: "timeout" }, "failed", "it did not start in time"],
    [
      { activeState: "failed", result: "timeout", wasActive: true },
      "failed",
      "it did not stop in time",
    ],
    [{ activeState: "failed", result: "exit-code" }, "failed", "a command of its unit failed"],
    [
      { activeState: "failed", result: "exit-code", exitKind: 1, exitStatus: 126 },
      "failed",
      "Podman could not start it (status 126)",
    ],
    [
      { activeState: "failed", result: "exit-code", exitKind: 1, exitStatus: 137 },
      "failed",
      "it was killed (status 137), often because memory ran out",
    ],
    [
      { activeState: "failed", result: "oom-kill" },
      "failed",
      "the kernel killed it because memory ran out",
    ],
    [
      { activeState: "failed", result: "start-limit-hit" },
      "failed",
      "it was started too often in a short time",
    ],
    [{ activeState: "failed", result: "resources" }, "failed", "systemd reports resources"],
  ];

for (const [facts, state, why] of STATES) {
  Deno.test(`${JSON.stringify(facts)} is ${state}${why === undefined ? "" : `: ${why}`}`, () => {
    const condition = conditionOf({ ...UNIT, ...facts });
    deepStrictEqual([condition.state, condition.why], [state, why]);
  });
}

const LATE: readonly (readonly [soulstone: string, why: string])[] = [
  ['health.path = "/ready"', "/ready did not answer 2xx within start_timeout_seconds (12 s)"],
  [
    "health.cmd = 'test -e /ready'",
    "its health command did not succeed within start_timeout_seconds (12 s)",
  ],
  ["", "it did not start within start_timeout_seconds (12 s)"],
  ["quadlet.Service.TimeoutStartSec = '5min'", "it did not start within TimeoutStartSec=5min"],
];

for (const [line, why] of LATE) {
  Deno.test(`after a start timeout, status says: ${why}`, async () => {
    const { engines } = await inventoryOf(
      `[eye]\nimage = "localhost/x"\nport = 8780\nstart_timeout_seconds = 12\n${line}\n`,
    );
    const failed = { ...UNIT, activeState: "failed", result: "timeout" };
    strictEqual(conditionOf(failed, engines[0]).why, why);
  });
}

Deno.test("a unit that systemd does not report is missing", () => {
  strictEqual(conditionOf(undefined).state, "missing");
});

/** Reads `name:state`, with `+` for a pending job and a `*` for each restart. */
function conditions(text: string): Map<string, Condition> {
  return new Map(
    text.split(" ").map((word) => {
      const [name = "", state = ""] = word.split(":");
      const plain = state.replace(/[+*]/g, "") as EngineState;
      const hasWhy = plain === "failed" || plain === "restarting" || plain === "missing" ||
        plain === "masked";
      return [name, {
        state: plain,
        ...hasWhy ? { why: "it broke" } : {},
        restarts: state.split("*").length - 1,
        hasJob: state.includes("+"),
      }];
    }),
  );
}

const PROGRESS: readonly {
  readonly claim: string;
  readonly now: string;
  readonly phase: string;
  readonly lost?: string;
  /** The number of earlier restarts of b by systemd. */
  readonly restarts?: number;
}[] = [
  {
    claim: "the old one stops first",
    now: "old:stopping a:stopped+ b:stopped+",
    phase: "stop old",
  },
  {
    claim: "the old one does not stop yet",
    now: "old:running+ a:stopped+ b:stopped+",
    phase: "stop old",
  },
  { claim: "none has started", now: "old:stopped a:stopped+ b:stopped+", phase: "start a b" },
  { claim: "one has started", now: "old:stopped a:starting+ b:stopped+", phase: "start b" },
  {
    claim: "one is stopping and starts again",
    now: "old:stopped a:starting+ b:stopping+",
    phase: "start b",
  },
  { claim: "both load", now: "old:stopped a:starting+ b:starting+", phase: "healthy a b" },
  { claim: "one is ready", now: "old:stopped a:running b:starting+", phase: "healthy b" },
  {
    claim: "one runs and still has to restart",
    now: "old:stopped a:running+ b:running",
    phase: "start a",
  },
  { claim: "both are ready", now: "old:stopped a:running b:running", phase: "ready" },
  {
    claim: "the old one failed while it stopped",
    now: "old:failed a:running b:running",
    phase: "ready",
  },
  {
    claim: "one crashed, and systemd will start it again",
    now: "old:stopped a:running b:restarting",
    phase: "healthy b",
  },
  {
    claim: "one crashed, and systemd has just queued its restart",
    now: "old:stopped a:running b:restarting*+",
    phase: "healthy b",
  },
  {
    claim: "one crashed again",
    now: "old:stopped a:running b:restarting*",
    phase: "healthy b",
    lost: "b it broke, and again after a restart",
  },
  {
    claim: "one crashed again, and systemd has just queued another restart",
    now: "old:stopped a:running b:restarting**+",
    phase: "healthy b",
    lost: "b it broke, and again after a restart",
  },
  {
    claim: "one that was restarted is ready",
    now: "old:stopped a:running b:running*",
    phase: "ready",
  },
  {
    claim: "one crashed, and earlier crashes do not count",
    now: "old:stopped a:running b:restarting**",
    phase: "healthy b",
    restarts: 2,
  },
  {
    claim: "one crashed again, after earlier crashes",
    now: "old:stopped a:running b:restarting***",
    phase: "healthy b",
    lost: "b it broke, and again after a restart",
    restarts: 2,
  },
  {
    claim: "one is masked",
    now: "old:stopped a:running b:masked",
    phase: "start b",
    lost: "b it broke",
  },
  {
    claim: "one failed",
    now: "old:stopped a:starting+ b:failed",
    phase: "start b",
    lost: "b it broke",
  },
  {
    claim: "one that had failed starts again",
    now: "old:stopped a:starting+ b:failed+",
    phase: "start b",
  },
  {
    claim: "one was stopped by something else",
    now: "old:stopped a:starting+ b:stopped",
    phase: "start b",
    lost: "b it was stopped meanwhile, for example by `lychd banish`",
  },
  {
    claim: "one has no unit",
    now: "old:stopped a:starting+ b:missing",
    phase: "start b",
    lost: "b it broke",
  },
];

for (const { claim, now, phase, lost = "", restarts = 0 } of PROGRESS) {
  Deno.test(`progress: ${claim}`, () => {
    const transition = {
      wanted: ["a", "b"],
      stop: ["old"],
      restarts: new Map([["b", restarts]]),
    };
    const progress = progressOf(transition, conditions(now));
    strictEqual([progress.phase, ...progress.waitsFor].join(" "), phase);
    strictEqual(progress.lost.map(({ name, why }) => `${name} ${why}`).join(), lost);
  });
}

Deno.test("an engine is up while it runs, starts or waits for a restart; the last is not restorable", () => {
  const states: EngineState[] = [
    "running",
    "starting",
    "restarting",
    "stopping",
    "failed",
    "stopped",
    "masked",
    "missing",
  ];
  const up = states.filter((state) => isUp({ state, restarts: 0, hasJob: false }));
  deepStrictEqual(up, ["running", "starting", "restarting"]);
  const back = states.filter((state) => isRestorable({ state, restarts: 1, hasJob: false }));
  deepStrictEqual(back, ["running", "starting"]);
});

Deno.test("an engine is stable while it runs, or starts for the first time", () => {
  const stable = [..."running starting restarting stopping failed stopped".split(" ")].flatMap((
    state,
  ) =>
    [0, 1].filter((restarts) => isStable({ state: state as EngineState, restarts, hasJob: false }))
      .map((restarts) => `${state} ${restarts}`)
  );
  deepStrictEqual(stable, ["running 0", "running 1", "starting 0"]);
});
