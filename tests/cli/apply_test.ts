/** Tests of `lychd apply` and `restart` on a host without systemd; `tests/lab` has those with it. */
import { match, strictEqual } from "node:assert/strict";
import { cli } from "./cli.ts";
import { renderedHome } from "./inscription.ts";

const NO_SYSTEMD = /^lychd: (?:there is no systemctl|the user's systemd does not answer: [^\n]+)\n/;

Deno.test("apply and restart need a render and systemd, and change nothing without them", async () => {
  await using empty = cli();
  await using test = await renderedHome();
  for (const args of [["apply"], ["apply", "--dry-run"], ["apply", "eye"], ["restart", "eye"]]) {
    const { code, stderr } = await empty.run(args);
    strictEqual(code, 1);
    match(stderr, /^lychd: there is no Codex at \S+ yet\nhint: lychd init\n/);
    const before = test.listing("home").filter((line) => !line.includes("/.lychd-lock "));
    const refused = await test.run(args, { DBUS_SESSION_BUS_ADDRESS: undefined });
    strictEqual(refused.code, 6, refused.stderr);
    match(refused.stderr, NO_SYSTEMD);
    strictEqual(refused.stdout, "");
    strictEqual(
      test.listing("home").filter((line) => !line.includes("/.lychd-lock ")).join("\n"),
      before.join("\n"),
    );
  }
});

Deno.test("restart needs a name", async () => {
  await using test = cli();
  await test.expect(["restart"], {
    code: 2,
    stderr: "error: missing required argument 'name'\nhint: lychd restart --help\n",
  });
});
