/** The sealed binary may run exactly the programs that the source looks for. */
import assert from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { PROGRAM_PLACES } from "../src/programs.ts";

Deno.test("the compile task allows exactly the programs of src/programs.ts", () => {
  const allowed = /--allow-run=(\S+)/.exec(config.tasks.compile.command)?.[1]?.split(",");
  assert.deepEqual(allowed?.sort(), Object.values(PROGRAM_PLACES).flat().sort());
});
