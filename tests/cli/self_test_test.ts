/**
 * Tests the sandbox with the runtime of releases. `tests/binary/sandbox_test.ts` tests the binary and every
 * command, and proves that each attempt would succeed without a sandbox.
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

const IN_A_CLUSTER = "render --target kubernetes --output out --dry-run";
const COMMANDS = ["render", "render --dry-run", "doctor", "init", "summon eye", "serve"];

for (const command of [...COMMANDS, IN_A_CLUSTER]) {
  Deno.test({
    name: `the sandbox of ${command} refuses every attempt that it does not grant`,
    ignore: isBinary,
    async fn() {
      await using test = cli().process();
      const { code, stdout } = await test.run(["self-test", ...command.split(" ")]);
      deepStrictEqual(stdout.match(/^not .*$/gm), null);
      const summary =
        /^the sandbox .* \(Deno [\d.]+\): (\d+) of (\d+) attempts refused, (\d+) granted/gm;
      const sandboxes = [...stdout.matchAll(summary)].map((found) => found.slice(1).map(Number));
      const [tried, granted] = [ATTEMPTS.length, grantedTo(command).length];
      const expected = [tried - granted, tried, granted];
      // Those that use the network are granted none of them.
      const others = new Map([["summon eye", 1], ["serve", 2]]).get(command) ?? 0;
      deepStrictEqual(sandboxes, [expected, ...Array(others).fill([tried, tried, 0])]);
      deepStrictEqual(code, 0);
    },
  });
}

Deno.test({
  name: "an attempt that the host makes impossible does not count as refused",
  ignore: isBinary,
  async fn() {
    refuseGpuDrivers();
    const permissions = { read: [], write: [], run: [] };
    const result: string[] = [];
    const code = await selfTest(
      [{ name: "a sandbox", permissions, start: () => sandboxed(permissions) }],
      { home: "/root", codex: "/root/x", config: "/root/y", module: undefined },
      { out: (text) => void result.push(text) },
    );
    deepStrictEqual(result.filter((line) => line.startsWith("not ")), [
      "not tried: import a module of the disk (there is no file to import)\n",
      "not tried: import JSON of the disk (there is no file to import)\n",
      "not tried: import a text of the disk (there is no file to import)\n",
    ]);
    strictEqual(code, EXIT.failure);
  },
});

/** Sends to the port that a sandbox may use, in three ways. Nothing listens there. */
const SEND = `for (const scheme of ["http", "https"]) {
  await fetch(scheme + "://127.0.0.1:1/").catch(() => {});
}
await new Promise((end) => (new WebSocket("ws://127.0.0.1:1/").onerror = end));
close();`;

/** Runs that in a sandbox, as the gate starts it. */
const SENDER = `
import { refuseProxies } from "${import.meta.resolve("../../src/run/environment.ts")}";
import { workerPermissions } from "${import.meta.resolve("../../src/sandbox/permissions.ts")}";
refuseProxies();
console.log(Deno.env.get("NO_PROXY"), Deno.env.get("no_proxy"));
new Worker("data:text/javascript,${encodeURIComponent(SEND)}", {
  type: "module",
  deno: { permissions: workerPermissions({ read: [], write: [], run: [], net: ["127.0.0.1:1"] }) },
});`;

Deno.test({
  name: "code in the sandbox that asks for health reaches no proxy of the environment",
  ignore: isBinary,
  async fn() {
    using proxy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    let arrivals = 0;
    (async () => {
      for await (const connection of proxy) {
        arrivals++;
        connection.close();
      }
    })();
    const url = `http://127.0.0.1:${proxy.addr.port}`;
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--no-check", "--unstable-worker-options", SENDER],
      env: { HTTP_PROXY: url, HTTPS_PROXY: url, ALL_PROXY: url, NO_PROXY: "a", no_proxy: "b" },
    }).output();
    const shown = new TextDecoder().decode(stdout);
    deepStrictEqual([arrivals, shown], [0, "a,127.0.0.1 b,127.0.0.1\n"]);
  },
});

function sandboxed(permissions: Permissions): Worker {
  const program = import.meta.resolve("../../src/sandbox/self_test_worker.ts");
  return new Worker(program, {
    type: "module",
    deno: { permissions: workerPermissions(permissions) },
  });
}
