/**
 * The seal, with the runtime that releases are made of; tests/binary/seal_test.ts has the binary, every
 * command, and proof that each attempt would be something.
 */
import { deepStrictEqual } from "node:assert/strict";
import { ATTEMPTS } from "../../src/seal/attempts.ts";
import { cli } from "./cli.ts";

const isBinary = Boolean(Deno.env.get("LYCHD_BINARY"));

/** What a command is granted of what is tried: `init` may write the Codex. */
const GRANTED: Readonly<Record<string, number>> = { init: 2 };

for (const command of ["render", "render --dry-run", "doctor", "init", "summon eye"]) {
  Deno.test({
    name: `nothing that is tried in the sandbox of ${command} is done`,
    ignore: isBinary,
    async fn() {
      await using test = cli().write("home/module.js", "export {};\n");
      const { code, stdout } = await test.run(["self-test", ...command.split(" ")]);
      deepStrictEqual(stdout.match(/^not refused: .*$/gm), null);
      const told =
        /^the sandbox .* \(Deno [\d.]+\): (\d+) of (\d+) attempts refused, (\d+) granted/gm;
      const sandboxes = [...stdout.matchAll(told)].map((found) => found.slice(1).map(Number));
      const [tried, granted] = [ATTEMPTS.length, GRANTED[command] ?? 0];
      const expected = [tried - granted, tried, granted];
      deepStrictEqual(sandboxes, command === "summon eye" ? [expected, expected] : [expected]);
      deepStrictEqual(code, 0);
    },
  });
}
