import { deepStrictEqual, throws } from "node:assert/strict";
import { METRICS_LENGTH, type ToHand } from "../channel/messages.ts";
import { ChannelFault, readToHand } from "./messages.ts";

const WISH = { kind: "coven", name: "two" } as const;
const STATE = {
  phase: "draining",
  wish: { kind: "capabilities", names: ["ocr"] },
  engines: [{ name: "eye", underWay: 2, waiting: 0 }],
  portals: [
    { name: "attic", models: 3, underWay: 1, problem: undefined, missing: [] },
    {
      name: "garage",
      models: 0,
      underWay: 0,
      problem: { code: "portal_key", why: "it needs a key" },
      missing: ["eye"],
    },
  ],
} as const;

const MESSAGES: readonly ToHand[] = [
  { kind: "listening" },
  { kind: "left" },
  { kind: "cannot-listen", why: "in use" },
  { kind: "summon", wish: WISH, stops: ["eye"] },
  { kind: "banish", engines: [] },
  { kind: "order", id: 3, order: { kind: "summon", wish: ["ocr", "text"], hold: true } },
  { kind: "order", id: 5, order: { kind: "release" } },
  { kind: "order", id: 4, order: { kind: "banish", name: undefined } },
  { kind: "free", engine: "eye" },
  { kind: "follow", isFollowed: true },
  { kind: "read-log", id: 1, engine: "eye" },
  { kind: "leave-log", id: 1 },
  { kind: "metrics", text: "lychd_vessel_x 1\n" },
  { kind: "state", state: STATE },
  { kind: "state", state: { phase: "steady", wish: undefined, engines: [], portals: [] } },
];

for (const message of MESSAGES) {
  Deno.test(`a message of the schema is read as it is: ${JSON.stringify(message)}`, () => {
    deepStrictEqual(readToHand(structuredClone(message)), message);
  });
}

/** A list that contains itself, to any depth. */
const deep: unknown[] = [];
deep.push(deep);

const MALFORMED: readonly unknown[] = [
  undefined,
  null,
  "listening",
  [],
  new Map([["kind", "listening"]]),
  {},
  { kind: "units" },
  { kind: "constructor" },
  { kind: "listening", unit: "x.service" },
  { kind: "summon", wish: WISH },
  { kind: "summon", wish: WISH, stops: "eye" },
  { kind: "summon", wish: WISH, stops: [deep] },
  { kind: "summon", wish: { ...WISH, unit: "x.service" }, stops: [] },
  { kind: "summon", wish: { kind: "unit", name: "x.service" }, stops: [] },
  { kind: "summon", wish: { kind: "capabilities", names: [1] }, stops: [] },
  { kind: "banish", engines: Array(10_001).fill("eye") },
  { kind: "free", engine: "e".repeat(1001) },
  { kind: "follow" },
  { kind: "read-log", id: 1, engine: "eye", lines: 9 },
  { kind: "read-log", id: 1, engine: ["eye", "--file=/x"] },
  { kind: "read-log", engine: "eye" },
  { kind: "leave-log", id: Infinity },
  { kind: "follow", isFollowed: 1 },
  { kind: "metrics", text: "x".repeat(METRICS_LENGTH + 1) },
  { kind: "order", id: -1, order: { kind: "banish", name: undefined } },
  { kind: "order", id: 1, order: { kind: "purge" } },
  { kind: "order", id: 1, order: { kind: "release", unit: "x.service" } },
  { kind: "order", id: 1, order: { kind: "summon", wish: ["eye"], hold: "yes" } },
  { kind: "order", id: 1, order: { kind: "summon", wish: ["eye"] } },
  { kind: "state", state: { ...STATE, phase: "ready" } },
  { kind: "state", state: { ...STATE, engines: [{ name: "eye", underWay: 0.5, waiting: 0 }] } },
];

for (const message of MALFORMED) {
  Deno.test(`another message is refused: ${Deno.inspect(message).slice(0, 80)}`, () => {
    throws(() => readToHand(message), ChannelFault);
  });
}
