import { deepStrictEqual } from "node:assert/strict";
import type { Condition } from "./condition.ts";
import type { Engine } from "./inventory.ts";
import { opposedStarts } from "./opposed_starts.ts";

const ENGINES = [
  { name: "eye", covens: ["vision"], conflicts: ["sage"] },
  { name: "memory", covens: [], conflicts: [] },
  { name: "notes", covens: [], conflicts: [] },
  { name: "sage", covens: ["deep"], conflicts: ["eye"] },
].map((engine) => ({ ...engine, service: `soulstone-${engine.name}.service` }) as Partial<Engine>);
const COVEN = { name: "deep", target: "", members: ["sage"], conflicts: ["eye", "memory"] };
const INVENTORY = { engines: ENGINES as Engine[], covens: [COVEN] };
const FIRST_START: Condition = { state: "starting", restarts: 0, hasJob: true };
const SAGE = { choice: { kind: "soulstone", name: "sage", unit: "" }, wanted: ["sage"] } as const;
const DEEP = { ...SAGE, choice: { kind: "coven", name: "deep", unit: "" } } as const;

for (
  const [title, plan, name, job, condition, expected] of [
    ["a rival that starts", SAGE, "eye", "start", FIRST_START, ["eye"]],
    ["a rival that waits for its start", SAGE, "eye", "start", { state: "stopped" }, ["eye"]],
    ["a rival that is restarted on request", SAGE, "eye", "restart", { state: "running" }, ["eye"]],
    ["a rival that stops", SAGE, "eye", "stop", { state: "stopping" }, []],
    ["a rival that starts again after a crash", SAGE, "eye", "start", { restarts: 1 }, []],
    ["a rival that waits after a crash", SAGE, "eye", "start", { state: "restarting" }, []],
    ["an engine without a conflict", SAGE, "memory", "start", FIRST_START, []],
    ["an engine outside of the Coven", DEEP, "memory", "start", FIRST_START, ["memory"]],
    ["an engine that the Coven does not stop", DEEP, "notes", "start", FIRST_START, []],
    ["the wanted engine itself", SAGE, "sage", "start", FIRST_START, []],
  ] as const
) {
  Deno.test(`${title}: ${expected.length === 0 ? "the start goes on" : "the start is refused"}`, () => {
    const conditions = new Map([[name, { ...FIRST_START, ...condition }]]);
    const jobs = new Map([[`soulstone-${name}.service`, job]]);
    deepStrictEqual(opposedStarts(plan, INVENTORY, { conditions, jobs }), expected);
  });
}
