import assert from "node:assert/strict";
import { circles, type Edge, layerFaults } from "./check_layers.ts";

const CASES: readonly { edge: Edge; allowed: boolean }[] = [
  { edge: code("main.ts", "src/sandbox/gate.ts"), allowed: true },
  { edge: code("main.ts", "src/commands/check.ts"), allowed: false },
  { edge: code("src/sandbox/gate.ts", "src/commands/check.ts"), allowed: true },
  { edge: code("src/commands/check.ts", "src/sandbox/worker.ts"), allowed: false },
  { edge: code("src/summon/summon.ts", "src/inscribe/inscribe.ts"), allowed: false },
  { edge: code("src/run/context.ts", "src/units/systemd.ts"), allowed: false },
  { edge: code("src/commands/check.ts", "src/testing/memory_host.ts"), allowed: false },
  { edge: code("src/commands/check.ts", "src/core/codex/mod.ts"), allowed: true },
  { edge: code("src/host/deno_host.ts", "src/core/plan/mod.ts"), allowed: false },
  { edge: type("src/host/deno_host.ts", "src/core/plan/mod.ts"), allowed: true },
  { edge: code("src/core/codex/read.ts", "src/core/rune/mod.ts"), allowed: false },
  { edge: type("src/core/codex/read.ts", "src/core/rune/mod.ts"), allowed: false },
  { edge: code("src/core/rune/unit.ts", "src/core/codex/mod.ts"), allowed: false },
  { edge: code("src/core/compile/compile.ts", "src/core/rune/mod.ts"), allowed: true },
  { edge: code("src/core/compile/compile.ts", "src/host/host.ts"), allowed: false },
  { edge: code("src/core/report/frame.ts", "src/core/codex/mod.ts"), allowed: false },
  { edge: code("src/sandbox/gate.ts", "npm:commander"), allowed: false },
  { edge: code("src/cli/tree.ts", "npm:commander"), allowed: true },
  { edge: code("src/core/report/frame.ts", "npm:left-pad"), allowed: false },
  { edge: code("src/door/front/a.ts", "src/core/report/mod.ts"), allowed: true },
  { edge: code("src/door/front/a.ts", "src/door/front/engine/client.ts"), allowed: true },
  { edge: code("src/door/front/a.ts", "src/run/programs.ts"), allowed: false },
  { edge: type("src/door/front/a.ts", "src/run/context.ts"), allowed: false },
  { edge: code("src/door/front/a.ts", "src/host/host.ts"), allowed: false },
  { edge: type("src/door/front/a.ts", "src/host/host.ts"), allowed: true },
  { edge: code("src/core/plan/mod.ts", "src/door/front/a.ts"), allowed: false },
  { edge: code("src/new_folder/x.ts", "src/core/report/mod.ts"), allowed: false },
];

for (const { edge, allowed } of CASES) {
  const words = `${edge.from} ${allowed ? "may" : "may not"} import ${
    edge.typeOnly ? "types of " : ""
  }${edge.to}`;
  Deno.test(words, () => assert.equal(layerFaults([edge]).length, allowed ? 0 : 1));
}

function code(from: string, to: string): Edge {
  return { from, to, typeOnly: false };
}

function type(from: string, to: string): Edge {
  return { from, to, typeOnly: true };
}

Deno.test("a circle is reported once, with every module in it", () => {
  const edges = [
    code("a.ts", "b.ts"),
    code("b.ts", "c.ts"),
    code("c.ts", "a.ts"),
    code("c.ts", "d.ts"),
  ];
  assert.deepEqual(circles(edges), [["a.ts", "b.ts", "c.ts"]]);
  assert.deepEqual(circles(edges.slice(1)), []);
});
