/** Tests that the binary gets exactly the permissions that the source needs, and every sandbox. */
import { deepStrictEqual, ok } from "node:assert/strict";
import config from "../deno.json" with { type: "json" };
import { PROGRAM_PLACES, SHELL_PLACES } from "../src/run/programs.ts";
import { VARIABLES } from "../src/run/environment.ts";

const SANDBOXES = ["worker", "health_worker", "front_worker", "self_test_worker"];

Deno.test("the binary is compiled with exactly these flags", () => {
  deepStrictEqual(config.tasks["compile:bundle"].command.split(" "), [
    ...["deno", "compile"],
    ...["--no-check", "--no-code-cache", "--no-config"],
    // The front door shares its port with its successor, and notices that a client left.
    ...["worker-options", "net", "no-legacy-abort"].map((name) => `--unstable-${name}`),
    // The gate grants reads and writes to a sandbox, so it has all of them. Deno never prompts.
    ...["--no-prompt", "-R", "-W"],
    `--allow-env=${VARIABLES.join()}`,
    "--allow-sys=homedir,uid",
    // The gate grants the addresses of the Codex to the front door.
    "--allow-net",
    `--allow-run=${[...Object.values(PROGRAM_PLACES).flat(), ...SHELL_PLACES].join()}`,
    ...SANDBOXES.flatMap((name) => ["--include", `dist/bundle/src/sandbox/${name}.js`]),
    ...["--include", "dist/bundle/page"],
    ...["-o", "dist/lychd", "dist/bundle/main.js"],
  ]);
});

Deno.test("the bundle contains every sandbox", () => {
  for (const name of SANDBOXES) {
    ok(config.tasks.bundle.command.split(" ").includes(`src/sandbox/${name}.ts`), name);
  }
});
