/**
 * The seal, with the runtime that releases are made of; tests/binary/seal_test.ts has the binary, every
 * command, and proof that each attempt would be something.
 */
import { deepStrictEqual, match } from "node:assert/strict";
import { cli } from "./cli.ts";

const isBinary = Boolean(Deno.env.get("LYCHD_BINARY"));

for (const command of ["render", "render --dry-run", "doctor", "init", "summon eye"]) {
  Deno.test({
    name: `nothing that is tried in the sandbox of ${command} is done`,
    ignore: isBinary,
    async fn() {
      await using test = cli().write("home/module.js", "export {};\n");
      const { code, stdout } = await test.run(["self-test", ...command.split(" ")]);
      deepStrictEqual(stdout.match(/^not refused: .*$/gm), null);
      match(
        stdout,
        /^the sandbox of \w+ \(Deno [\d.]+\): \d\d of \d\d attempts refused, \d granted/m,
      );
      deepStrictEqual(code, 0);
    },
  });
}
