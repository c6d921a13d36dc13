/** The way back to the former generation, and the end: rollback and purge. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { cli, exists, EYE, NO_WATCHERS, SAGE } from "./cli.ts";
import {
  changed,
  CODEX_EYE,
  contents,
  did,
  EYE_UNIT,
  FORMER,
  former,
  inscribed,
  oneEye,
  OURS,
  POD,
  PURGE,
  PURGED,
  refused,
  RENDER,
  ROLLBACK,
  SETTINGS,
  UNITS,
  UNKNOWN,
  VISION,
} from "./inscription.ts";

Deno.test("rollback goes back and forth", async () => {
  await using test = await inscribed();
  const runes = () =>
    contents(test).filter((file) => !/^\S+\/(?:\.lychd-|lychd\/soulstones\/)/.test(file));
  const first = runes();
  test.codex({ "soulstones/sage.toml": SAGE, "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  const second = runes();
  strictEqual(second.length, first.length + 2);
  await test.expect(ROLLBACK, {
    stdout: did(0, 3, 2, 0),
    stderr: changed("lychd-pod.service", "soulstone-eye.service", "soulstone-sage.service") +
      UNKNOWN,
  });
  deepStrictEqual(runes(), first);
  const said = await test.run([...ROLLBACK, "--json"]);
  deepStrictEqual(
    JSON.parse(said.stdout).summary,
    "2 to create, 3 to update, 0 to remove, 0 unchanged",
  );
  deepStrictEqual(runes(), second);
  await test.run(ROLLBACK);
  deepStrictEqual(runes(), first);
});

Deno.test("a render that changes nothing keeps the former generation", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  const former = test.read(FORMER);
  await test.run(RENDER);
  strictEqual(test.read(FORMER), former);
});

Deno.test("rollback needs no Codex", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  Deno.removeSync(`${test.config}/lychd`, { recursive: true });
  const said = await test.run(ROLLBACK);
  strictEqual(said.code, 0, said.stderr);
  deepStrictEqual(test.files(UNITS), ["lychd-coven-vision.target"]);
});

Deno.test("rollback without a former generation says so", async () => {
  await using never = cli();
  await using once = await inscribed();
  const stderr = "lychd: there is no former generation\nhint: lychd render --dry-run\n";
  await refused(never, ROLLBACK, { stderr });
  await refused(once, ROLLBACK, { stderr });
});

Deno.test("rollback refuses an edited file with its diff, and --force keeps the edit", async () => {
  await using test = await inscribed();
  const first = test.read(EYE_UNIT);
  test.codex({ "soulstones/eye.toml": EYE.replace("8B", "4B") });
  await test.run(RENDER);
  test.write(EYE_UNIT, "# mine\n");
  await refused(test, ROLLBACK, { stderr: /\n-# mine\n[^]*was edited since it was written/ });
  const said = await test.run([...ROLLBACK, "--force"]);
  strictEqual(said.code, 0, said.stderr);
  strictEqual(test.read(EYE_UNIT), first);
  strictEqual(test.read(`${EYE_UNIT}.edited`), "# mine\n");
});

const HOSTILE_FORMERS = {
  "no JSON": "{",
  "empty": "",
  "null": "null",
  "a newer version": '{"lychd": 2, "files": {}}',
  "a path that leads out": former("containers/systemd/lychd/../../../.bashrc"),
  "an absolute path": former("/etc/passwd"),
  "a path elsewhere": former("lychd/soulstones/eye.toml"),
  "a text that is none":
    '{"lychd": 1, "files": {"systemd/user/x.target": {"text": 5, "mode": 384}}}',
};
Deno.test("rollback refuses a former generation that is not lychd's own", async (t) => {
  await using test = await inscribed();
  for (const [name, text] of Object.entries(HOSTILE_FORMERS)) {
    await t.step(name, async () => {
      test.write(FORMER, text);
      await refused(test, ROLLBACK, { stderr: /^lychd: \[DIR\]\/\S+ cannot be used: [^\n]+\n$/ });
    });
  }
});

Deno.test("purge asks first; where nobody can be asked it is wrong usage", async () => {
  await using test = await inscribed();
  await refused(test, PURGE, {
    code: 2,
    stderr: "lychd: purge asks first, and there is nobody to ask\nhint: lychd purge --yes\n",
  });
});

const hasScript = exists("/usr/bin/script");
Deno.test({
  name: "purge on a terminal lists the files, and only a yes removes them" +
    (hasScript ? "" : " (ignored: this host has no script)"),
  ignore: !hasScript,
  async fn() {
    await using test = await inscribed();
    const answer = (text: string) =>
      test.shell(`printf '${text}' | script -qec "$LYCHD ${PURGE.join(" ")}" /dev/null`);
    const before = contents(test);
    for (const text of ["n\\n", "\\n", "yesterday\\n", "\\004"]) {
      const said = await answer(text);
      strictEqual(said.code, 1, said.stdout);
      match(
        said.stdout,
        /\/lychd\.pod\r?\n[^]*remove these 3 files\? \[y\/N\] [^]*nothing was removed/,
      );
      deepStrictEqual(contents(test), before);
    }
    const said = await answer("y\\n");
    strictEqual(said.code, 0, said.stdout);
    deepStrictEqual(test.files("home").map((path) => `home/${path}`), [SETTINGS, CODEX_EYE]);
  },
});

Deno.test("purge --yes removes every file of ours, lets go of our folder, and leaves the rest", async () => {
  const own = [`${UNITS}/own.service`, "home/.config/containers/systemd/own.container"];
  await using test = oneEye().codex({ "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}` });
  for (const path of own) test.write(path, "# mine\n");
  await test.expect(RENDER, { stdout: did(4, 0, 0, 0), stderr: UNKNOWN });
  ok(test.files(UNITS).includes("default.target.d/lychd.conf"));
  test.codex({ "soulstones/sage.toml": SAGE });
  await test.run(RENDER);
  await test.expect([...PURGE, "--yes"], {
    stdout: "[DIR]/home/.config: 6 removed\n",
    stderr: PURGED,
  });
  deepStrictEqual(test.files("home/.config/containers"), ["systemd/own.container"]);
  deepStrictEqual(test.files("home/.config/systemd"), ["user/own.service"]);
  strictEqual(exists(`${test.dir}/${OURS}`), false);
  strictEqual(exists(`${test.dir}/${UNITS}/default.target.d`), false);
});

Deno.test("purge leaves an operator's file in our folders, and a drop-in of theirs", async () => {
  await using test = oneEye().codex({ "lychd.toml": `boot_coven = "vision"\n${NO_WATCHERS}` })
    .write(`${OURS}/soulstone-mine.container`, "# mine\n")
    .write(`${UNITS}/default.target.d/mine.conf`, "# mine\n");
  await test.run(RENDER);
  const said = await test.run([...PURGE, "--yes"]);
  strictEqual(said.code, 0, said.stderr);
  deepStrictEqual(test.files(OURS), ["soulstone-mine.container"]);
  deepStrictEqual(test.files(UNITS), ["default.target.d/mine.conf"]);
});

Deno.test("purge --json tells what is removed; after it there is nothing to purge or roll back", async () => {
  await using test = await inscribed();
  const said = await test.run([...PURGE, "--yes", "--json"]);
  strictEqual(said.stderr, PURGED);
  deepStrictEqual(JSON.parse(said.stdout), {
    removed: [POD, EYE_UNIT, VISION].map((path) => path.slice("home/.config/".length)),
    reloaded: false,
  });
  await test.expect([...PURGE, "--yes"], {
    stdout: "[DIR]/home/.config: 0 removed\n",
    stderr: PURGED,
  });
  await refused(test, ROLLBACK, { stderr: /^lychd: there is no former generation\n/ });
  await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
});
