/**
 * The seal, with the runtime that releases are made of; tests/binary/sandbox_test.ts has the binary, every
 * command, and proof that each attempt would be something.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { EXIT } from "../../src/run/invocation.ts";
import type { Permissions } from "../../src/run/permissions.ts";
import { workerPermissions } from "../../src/sandbox/permissions.ts";
import { ATTEMPTS } from "../../src/sandbox/self_test/attempts.ts";
import { selfTest } from "../../src/sandbox/self_test/report.ts";
import { refuseGpuDrivers } from "../../src/run/environment.ts";
import { grantedTo } from "../sandbox.ts";
import { cli } from "./cli.ts";

const isBinary = Boolean(Deno.env.get("LYCHD_BINARY"));

for (const command of ["render", "render --dry-run", "doctor", "init", "summon eye"]) {
  Deno.test({
    name: `nothing that is tried in the sandbox of ${command} is done`,
    ignore: isBinary,
    async fn() {
      await using test = cli().process();
      const { code, stdout } = await test.run(["self-test", ...command.split(" ")]);
      deepStrictEqual(stdout.match(/^not .*$/gm), null);
      const told =
        /^the sandbox .* \(Deno [\d.]+\): (\d+) of (\d+) attempts refused, (\d+) granted/gm;
      const sandboxes = [...stdout.matchAll(told)].map((found) => found.slice(1).map(Number));
      const [tried, granted] = [ATTEMPTS.length, grantedTo(command).length];
      const expected = [tried - granted, tried, granted];
      // The sandbox that asks for health is granted none of it.
      const ofProber = [tried, tried, 0];
      deepStrictEqual(sandboxes, command === "summon eye" ? [expected, ofProber] : [expected]);
      deepStrictEqual(code, 0);
    },
  });
}

Deno.test({
  name: "what cannot be tried on a host does not count as refused",
  ignore: isBinary,
  async fn() {
    refuseGpuDrivers();
    const permissions = { read: [], write: [], run: [] };
    const said: string[] = [];
    const code = await selfTest(
      [{ name: "a sandbox", permissions, start: () => sealed(permissions) }],
      { home: "/root", codex: "/root/x", config: "/root/y", port: 49_151, module: undefined },
      { out: (text) => void said.push(text) },
    );
    deepStrictEqual(said.filter((line) => line.startsWith("not ")), [
      "not tried: import a module of the disk (there is no file to import)\n",
      "not tried: import a text of the disk (there is no file to import)\n",
    ]);
    strictEqual(code, EXIT.failure);
  },
});

function sealed(permissions: Permissions): Worker {
  const program = import.meta.resolve("../../src/sandbox/self_test_worker.ts");
  return new Worker(program, {
    type: "module",
    deno: { permissions: workerPermissions(permissions) },
  });
}
