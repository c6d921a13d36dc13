import { deepStrictEqual, strictEqual } from "node:assert/strict";
import {
  type Condition,
  conditionOf,
  type EngineState,
  isUp,
  type UnitFacts,
} from "./condition.ts";
import { inventoryOf } from "./from_codex_test.ts";
import { progressOf, wayBack } from "./progress.ts";

const UNIT: UnitFacts = {
  loadState: "loaded",
  activeState: "inactive",
  subState: "dead",
  result: "success",
  exitKind: 0,
  exitStatus: 0,
  restarts: 0,
  job: "",
  sinceSeconds: undefined,
  memoryBytes: undefined,
  isStale: false,
};

const STATES: readonly (readonly [facts: Partial<UnitFacts>, state: EngineState, why?: string])[] =
  [
    [{}, "stopped"],
    [{ activeState: "active", subState: "running" }, "running"],
    [{ activeState: "reloading" }, "running"],
    [{ activeState: "activating", subState: "start" }, "starting"],
    [{ activeState: "activating", subState: "start-pre" }, "starting"],
    [{ activeState: "deactivating", subState: "stop-sigterm" }, "stopping"],
    // What runs goes on when its unit is gone.
    [{ activeState: "active", loadState: "not-found" }, "running"],
    [{ loadState: "not-found" }, "missing", "systemd has no such unit"],
    [{ loadState: "bad-setting" }, "missing", "systemd has no such unit"],
    [
      { activeState: "activating", subState: "auto-restart", result: "exit-code", exitStatus: 2 },
      "restarting",
      "it ended with status 2",
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
    [{ activeState: "failed", result: "timeout" }, "failed", "it was not ready in time"],
    [
      { activeState: "failed", result: "exit-code", exitKind: 1, exitStatus: 126 },
      "failed",
      "Podman could not start it (status 126)",
    ],
    [
      { activeState: "failed", result: "exit-code", exitKind: 1, exitStatus: 137 },
      "failed",
      "it was killed (status 137), often for want of memory",
    ],
    [
      { activeState: "failed", result: "oom-kill" },
      "failed",
      "the kernel killed it for want of memory",
    ],
    [
      { activeState: "failed", result: "start-limit-hit" },
      "failed",
      "it was started too often in too short a time",
    ],
    [{ activeState: "failed", result: "resources" }, "failed", "systemd says resources"],
  ];

for (const [facts, state, why] of STATES) {
  Deno.test(`${JSON.stringify(facts)} is ${state}${why === undefined ? "" : `: ${why}`}`, () => {
    const condition = conditionOf({ ...UNIT, ...facts });
    deepStrictEqual([condition.state, condition.why], [state, why]);
  });
}

Deno.test("a unit of which systemd says nothing is missing", () => {
  strictEqual(conditionOf(undefined).state, "missing");
});

/** `name:state`, with `+` for a job that waits and `*` for a restart that was. */
function conditions(text: string): Map<string, Condition> {
  return new Map(
    text.split(" ").map((word) => {
      const [name = "", state = ""] = word.split(":");
      const plain = state.replace(/[+*]/g, "") as EngineState;
      const hasWhy = plain === "failed" || plain === "restarting" || plain === "missing";
      return [name, {
        state: plain,
        ...hasWhy ? { why: "it broke" } : {},
        restarts: state.includes("*") ? 1 : 0,
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
}[] = [
  { claim: "the old one ends first", now: "old:stopping a:stopped+ b:stopped+", phase: "stop old" },
  {
    claim: "the old one has not begun to end",
    now: "old:running+ a:stopped+ b:stopped+",
    phase: "stop old",
  },
  { claim: "none has begun", now: "old:stopped a:stopped+ b:stopped+", phase: "start a b" },
  { claim: "one has begun", now: "old:stopped a:starting+ b:stopped+", phase: "start b" },
  {
    claim: "one is ending and starts again",
    now: "old:stopped a:starting+ b:stopping+",
    phase: "start b",
  },
  { claim: "both load", now: "old:stopped a:starting+ b:starting+", phase: "healthy a b" },
  { claim: "one is ready", now: "old:stopped a:running b:starting+", phase: "healthy b" },
  { claim: "both are ready", now: "old:stopped a:running b:running", phase: "ready" },
  {
    claim: "the old one failed as it ended",
    now: "old:failed a:running b:running",
    phase: "ready",
  },
  {
    claim: "one crashed, and systemd will start it again",
    now: "old:stopped a:running b:restarting",
    phase: "healthy b",
  },
  {
    claim: "one crashed again",
    now: "old:stopped a:running b:restarting*",
    phase: "healthy b",
    lost: "b it broke, and again after a restart",
  },
  {
    claim: "one that was restarted is ready",
    now: "old:stopped a:running b:running*",
    phase: "ready",
  },
  {
    claim: "one failed",
    now: "old:stopped a:starting+ b:failed",
    phase: "start b",
    lost: "b it broke",
  },
  {
    claim: "one that had failed starts anew",
    now: "old:stopped a:starting+ b:failed+",
    phase: "start b",
  },
  {
    claim: "one was stopped by somebody else",
    now: "old:stopped a:starting+ b:stopped",
    phase: "start b",
    lost: "b something else stopped it",
  },
  {
    claim: "one has no unit",
    now: "old:stopped a:starting+ b:missing",
    phase: "start b",
    lost: "b it broke",
  },
];

for (const { claim, now, phase, lost = "" } of PROGRESS) {
  Deno.test(`progress: ${claim}`, () => {
    const transition = { wanted: ["a", "b"], stop: [{ name: "old", why: "" }] };
    const progress = progressOf(transition, conditions(now));
    strictEqual([progress.phase, ...progress.waitsFor].join(" "), phase);
    strictEqual(progress.lost.map(({ name, why }) => `${name} ${why}`).join(), lost);
  });
}

Deno.test("an engine holds its place while it runs, starts or waits for a restart", () => {
  const states: EngineState[] = [
    "running",
    "starting",
    "restarting",
    "stopping",
    "failed",
    "stopped",
    "missing",
  ];
  const up = states.filter((state) => isUp({ state, restarts: 0, hasJob: false }));
  deepStrictEqual(up, ["running", "starting", "restarting"]);
});

const soulstone = (name: string, port: number, more: string) =>
  `[${name}]\nimage = "localhost/x"\nport = ${port}\n${more}\n`;

const BACK = soulstone("a", 9001, 'groups = ["zeta", "small"]') +
  soulstone("b", 9002, 'groups = ["zeta"]') +
  soulstone("b2", 9006, 'groups = ["zeta"]') +
  soulstone("guest", 9003, 'groups = ["small"]') +
  soulstone("home", 9004, "resident = true") +
  soulstone("z", 9005, 'groups = ["two"]');

const WAYS: readonly (readonly [before: string, units: string])[] = [
  ["", ""],
  ["z home", "lychd-coven-two.target"],
  ["z", "soulstone-z.service"],
  ["a b b2 home", "lychd-coven-zeta.target"],
  ["a b b2 guest home", "lychd-coven-zeta.target soulstone-guest.service"],
  ["a home", "soulstone-a.service soulstone-home.service"],
  ["gone", ""],
];

for (const [before, units] of WAYS) {
  Deno.test(`the way back to ${before || "nothing"} is ${units || "nothing"}`, async () => {
    const names = before.split(" ").filter(Boolean);
    strictEqual(wayBack(names, await inventoryOf(BACK)).join(" "), units);
  });
}
