/** The sealed binary may run exactly the programs that the source looks for. */
import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { PROGRAM_PLACES } from "../src/programs.ts";

Deno.test("the seal allows exactly the programs of src/programs.ts", () => {
  const allowed = /--allow-run=(\S+)/.exec(config.tasks.seal.command)?.[1]?.split(",");
  assert.deepEqual(allowed?.sort(), Object.values(PROGRAM_PLACES).flat().sort());
});

Deno.test("the seal allows the network of this host alone, and brings every sandbox", () => {
  const { command } = config.tasks.seal;
  assert.deepEqual(command.match(/--allow-net\S*/g), ["--allow-net=127.0.0.1"]);
  for (const worker of ["src/worker", "src/health_worker", "src/seal_worker"]) {
    assert.ok(config.tasks.bundle.command.includes(` ${worker}.ts`), worker);
    assert.ok(command.includes(`--include dist/bundle/${worker}.js`), worker);
  }
});
