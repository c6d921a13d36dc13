/** The sealed binary may do exactly what the source needs, and brings every sandbox along. */
import { deepStrictEqual, ok } from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { PROGRAM_PLACES } from "../src/run/programs.ts";
import { VARIABLES } from "../src/run/environment.ts";

const SANDBOXES = ["worker", "health_worker", "self_test_worker"];

Deno.test("the seal is made with exactly these words: what is not among them is denied", () => {
  deepStrictEqual(config.tasks["compile:bundle"].command.split(" "), [
    ...["deno", "compile"],
    ...["--no-check", "--no-code-cache", "--no-config", "--unstable-worker-options"],
    // The gate grants what a sandbox reads and writes, so it has all of it; nobody is asked for more.
    ...["--no-prompt", "-R", "-W"],
    `--allow-env=${VARIABLES.join()}`,
    "--allow-sys=homedir,uid",
    "--allow-net=127.0.0.1",
    `--allow-run=${Object.values(PROGRAM_PLACES).flat().join()}`,
    ...SANDBOXES.flatMap((name) => ["--include", `dist/bundle/src/sandbox/${name}.js`]),
    ...["-o", "dist/lychd", "dist/bundle/main.js"],
  ]);
});

Deno.test("what is sealed is made of every sandbox", () => {
  for (const name of SANDBOXES) {
    ok(config.tasks.bundle.command.split(" ").includes(`src/sandbox/${name}.ts`), name);
  }
});
