import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { drainText } from "../core/dispatcher/drain_text.ts";
import { writeState } from "../core/dispatcher/state_file.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { memoryHost } from "../testing/memory_host.ts";
import {
  doorJson,
  doorLines,
  type DoorState,
  readDoorState,
  runsFormerProgram,
} from "./door_state.ts";

const STEADY: DoorState = {
  phase: "steady",
  wish: undefined,
  swap: undefined,
  engines: [{ name: "eye", underWay: 3, waiting: 0 }, { name: "sage", underWay: 0, waiting: 1 }],
  portals: [],
  problem: undefined,
  program: undefined,
  timeSeconds: 5,
};
const SAGE = { kind: "soulstone", name: "sage" } as const;

Deno.test("the state of the front door in words", () => {
  const requests = ["eye: 3 requests under way", "sage: 0 requests under way, 1 waiting"];
  const table: readonly (readonly [Partial<DoorState>, readonly string[]])[] = [
    [{}, requests],
    [{ engines: [] }, []],
    [{ phase: "held", engines: [] }, [
      "the front door keeps what runs: lychd summon --release ends that",
    ]],
    [{ phase: "draining", wish: SAGE }, [
      ...requests,
      "the front door lets engines finish, and then starts sage",
    ]],
    [{ phase: "swapping", wish: SAGE, engines: [], swap: { phase: "start", names: ["sage"] } }, [
      "the front door starts sage: start of sage",
    ]],
    [{ phase: "swapping", wish: { kind: "coven", name: "think" }, engines: [] }, [
      "the front door starts Coven think",
    ]],
    [{
      engines: [],
      portals: [
        { name: "attic", models: 1, underWay: 2, problem: undefined, missing: ["a", "b"] },
        {
          ...{ name: "garage", models: 0, underWay: 0, missing: [] },
          problem: { code: "portal_key", why: "it needs a key (status 401)" },
        },
      ],
    }, [
      "Portal attic: 1 model, 2 requests under way, it does not list a, b",
      "Portal garage: it needs a key (status 401): lychd doctor --only vessel.portals",
    ]],
    [{ phase: "swapping", engines: [] }, ["the front door stops engines without requests"]],
  ];
  for (const [changes, lines] of table) {
    deepStrictEqual(doorLines({ ...STEADY, ...changes }), lines);
  }
});

Deno.test("a stop waits for the requests of the engines that it stops", () => {
  strictEqual(
    drainText(STEADY, ["eye", "sage"]),
    "3 requests under way at eye: the stop waits for them, at most 30 s",
  );
  strictEqual(drainText(STEADY, ["sage"]), undefined);
  strictEqual(drainText(undefined, ["eye"]), undefined);
});

Deno.test("commands read the state that the front door writes, if it runs", () => {
  const folders = foldersOfHome("/home", { runtime: "/run/user/1000" });
  const path = `${folders.vessel}/state.json`;
  const host = memoryHost({ [path]: writeState(STEADY) });
  deepStrictEqual(readDoorState({ host, folders }), STEADY);
  strictEqual(readDoorState({ host: memoryHost({}), folders }), undefined);
  strictEqual(readDoorState({ host: memoryHost({ [path]: "{" }), folders }), undefined);
  strictEqual(readDoorState({ host, folders: foldersOfHome("/home") }), undefined);
  deepStrictEqual(doorJson({ ...STEADY, wish: SAGE }), {
    phase: "steady",
    goal: { kind: "soulstone", names: ["sage"] },
    swap: null,
    requests: [
      { soulstone: "eye", under_way: 3, waiting: 0 },
      { soulstone: "sage", under_way: 0, waiting: 1 },
    ],
    portals: [],
  });
  strictEqual(doorJson(undefined), null);
});

Deno.test("a front door whose binary was replaced runs the former one", () => {
  const folders = foldersOfHome("/home", { runtime: "/run/user/1000" });
  const path = "/usr/local/bin/lychd";
  const runsFormer = (identity: string, binary = path) => {
    const state = writeState({ ...STEADY, program: { path, identity } });
    const host = memoryHost({ [`${folders.vessel}/state.json`]: state, [path]: "" });
    return runsFormerProgram({ host, folders, binary });
  };
  // The identity of a file in memory is its path.
  strictEqual(runsFormer(path), false);
  strictEqual(runsFormer("64:1"), true);
  strictEqual(runsFormer("64:1", "/usr/bin/lychd"), false);
});
