import assert from "node:assert/strict";
import { type Edge, layerFaults } from "./check_layers.ts";

const CASES: readonly { edge: Edge; allowed: boolean }[] = [
  { edge: code("main.ts", "src/gate.ts"), allowed: true },
  { edge: code("main.ts", "src/commands/check.ts"), allowed: false },
  { edge: code("src/gate.ts", "src/worker.ts"), allowed: false },
  { edge: type("src/gate.ts", "src/worker.ts"), allowed: true },
  { edge: code("src/commands/check.ts", "src/core/codex/mod.ts"), allowed: true },
  { edge: code("src/commands/check.ts", "src/host/deno_host.ts"), allowed: false },
  { edge: code("src/host/deno_host.ts", "src/core/plan/mod.ts"), allowed: false },
  { edge: type("src/host/deno_host.ts", "src/core/plan/mod.ts"), allowed: true },
  { edge: code("src/core/codex/read.ts", "src/core/rune/mod.ts"), allowed: false },
  { edge: type("src/core/codex/read.ts", "src/core/rune/mod.ts"), allowed: false },
  { edge: code("src/core/rune/unit.ts", "src/core/codex/mod.ts"), allowed: false },
  { edge: code("src/core/compile/compile.ts", "src/core/rune/mod.ts"), allowed: true },
  { edge: code("src/core/compile/compile.ts", "src/host/host.ts"), allowed: false },
  { edge: code("src/core/report/frame.ts", "src/core/codex/mod.ts"), allowed: false },
  { edge: code("src/gate.ts", "npm:commander"), allowed: false },
  { edge: code("src/cli.ts", "npm:commander"), allowed: true },
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
