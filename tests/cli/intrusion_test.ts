/** Folders, receipts, journals and names that somebody else has laid out. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cli, EYE, NO_WATCHERS } from "./cli.ts";
import {
  contents,
  did,
  EYE_UNIT,
  inscribed,
  JOURNAL,
  LOCK,
  oneEye,
  OURS,
  PURGE,
  RECEIPT,
  receipt,
  refused,
  RENDER,
  ROLLBACK,
  UNITS,
  UNKNOWN,
  VISION,
} from "./inscription.ts";

const COMMANDS = [RENDER, ROLLBACK, [...PURGE, "--yes"]];

/** One of them: that each refuses each folder is in src/inscribe/inscribe_test.ts. */
function oneOf(index: number): readonly string[] {
  return COMMANDS[index % COMMANDS.length] ?? RENDER;
}

Deno.test("folders that lead elsewhere are not written through", async (t) => {
  const links = [
    "containers",
    "containers/systemd",
    "containers/systemd/lychd",
    "systemd",
    "systemd/user",
    "systemd/user/default.target.d",
  ];
  for (const [i, link] of links.entries()) {
    await t.step(link, async () => {
      await using test = oneEye();
      Deno.mkdirSync(`${test.dir}/elsewhere`);
      const path = `home/.config/${link}`;
      test.write(`${path}/../.keep`, "");
      Deno.symlinkSync(`${test.dir}/elsewhere`, `${test.dir}/${path}`);
      const before = test.listing();
      await refused(test, oneOf(i), {
        stderr: `lychd: [DIR]/${path} is a link, and lychd writes through none; nothing was ` +
          "changed\nhint: make it a folder of its own (a link in the place of [DIR]/home/.config " +
          "itself is fine)\n",
      });
      strictEqual(test.listing().join("\n"), before.join("\n"));
    });
  }
});

Deno.test("a home or a ~/.config that leads elsewhere is fine", async () => {
  await using test = cli().write("dotfiles/lychd/soulstones/eye.toml", EYE)
    .write("dotfiles/lychd/lychd.toml", NO_WATCHERS);
  Deno.symlinkSync("../dotfiles", test.config);
  const stdout = did(3, 0, 0, 0).replace("home/.config", "dotfiles");
  await test.expect(RENDER, { stdout, stderr: UNKNOWN });
  deepStrictEqual(test.files("dotfiles/systemd"), ["user/lychd-coven-vision.target"]);
  Deno.symlinkSync("home", `${test.dir}/link`);
  const said = await test.run(RENDER, { HOME: `${test.dir}/link` });
  strictEqual(said.stdout, "[DIR]/dotfiles: 0 created, 0 updated, 0 removed, 3 unchanged\n");
});

Deno.test("a file in the place of a folder is refused", async () => {
  for (const path of ["home/.config/containers", OURS, UNITS]) {
    await using test = oneEye().write(path, "# mine\n");
    await refused(test, RENDER, {
      stderr:
        /^lychd: \[DIR\]\/\S+ is a file, and lychd writes through none; nothing was changed\nhint: /,
    });
  }
});

Deno.test("a folder or a link in the place of a file is refused", async (t) => {
  for (const path of [EYE_UNIT, VISION, RECEIPT]) {
    await t.step(`folder ${path}`, async () => {
      await using test = oneEye().write(`${path}/x`, "");
      await refused(test, RENDER, {
        stderr: /^lychd: [^\n]*there is a folder where lychd keeps a file: move it away\n$/,
      });
    });
    await t.step(`link ${path}`, async () => {
      await using test = await inscribed();
      Deno.renameSync(`${test.dir}/${path}`, `${test.dir}/moved`);
      Deno.symlinkSync(`${test.dir}/moved`, `${test.dir}/${path}`);
      const moved = test.read("moved");
      for (const args of [RENDER, [...RENDER, "--force"], [...PURGE, "--yes", "--force"]]) {
        await refused(test, args, {
          stderr: /^lychd: [^\n]*there is a link where lychd keeps a file: move it away\n$/,
        });
      }
      strictEqual(test.read("moved"), moved);
    });
  }
});

const TREES = ["home/.config/containers", OURS, "home/.config/systemd", UNITS];

const isRoot = Deno.uid() === 0;
Deno.test({
  name: "a folder of another user is refused" +
    (isRoot ? "" : " (ignored: only root can make one)"),
  ignore: !isRoot,
  async fn() {
    for (const [i, path] of TREES.entries()) {
      await using test = await inscribed();
      Deno.chownSync(`${test.dir}/${path}`, 65534, 65534);
      await refused(test, oneOf(i), {
        stderr: `lychd: [DIR]/${path} belongs to user 65534, not to 0; nothing was changed\n` +
          `hint: sudo chown -R 0 [DIR]/${path}\n`,
      });
    }
  },
});

Deno.test("a folder that everybody may write to is refused", async (t) => {
  for (const [i, path] of TREES.entries()) {
    await t.step(path, async () => {
      await using test = await inscribed();
      Deno.chmodSync(`${test.dir}/${path}`, 0o777);
      await refused(test, oneOf(i), {
        stderr: `lychd: everybody may write to [DIR]/${path}, and put something else in the ` +
          `place of yours; nothing was changed\nhint: chmod o-w [DIR]/${path}\n`,
      });
    });
  }
});

Deno.test("nobody else may write to a folder that lychd makes, whatever the umask is", async () => {
  await using test = oneEye();
  const render = `$LYCHD ${RENDER.join(" ")}`;
  const { code, stderr } = await test.shell(
    `umask 0; ${render} && ${render} && $LYCHD render --output out`,
  );
  strictEqual(code, 0, stderr);
  const made = [...test.paths("home/.config").map((path) => `home/.config/${path}`)]
    .filter((path) => !path.includes("/lychd/soulstones") && !path.endsWith(".config/lychd"))
    .concat("out", test.paths("out").map((path) => `out/${path}`));
  const open = made.filter((path) =>
    ((Deno.lstatSync(`${test.dir}/${path}`).mode ?? 0) & 0o022) > 0
  );
  deepStrictEqual(open, []);
});

/** Further ones are in src/inscribe/inscribe_test.ts. */
const BAD_RECEIPTS = {
  "a newer version": '{"lychd": 2, "files": {}}',
  "a path to the Codex": receipt("lychd/soulstones/eye.toml"),
};
Deno.test("a receipt that is broken, newer, or hostile stops every command that writes", async (t) => {
  await using test = oneEye().write("home/.config/precious", "x").write("home/precious", "x");
  for (const [name, text] of Object.entries(BAD_RECEIPTS)) {
    await t.step(name, async () => {
      test.write(RECEIPT, text);
      const said = { stderr: /^lychd: the receipt \[DIR\]\/\S+ cannot be used: [^\n]+\n$/ };
      await refused(test, [...RENDER, "--force"], said);
      await refused(test, [...PURGE, "--yes", "--force"], said);
    });
  }
});

Deno.test("a receipt that names an operator's file with another digest does not get it removed", async () => {
  await using test = await inscribed();
  test.write(`${UNITS}/own.service`, "# mine\n");
  const value = JSON.parse(test.read(RECEIPT));
  value.files["systemd/user/own.service"] = { sha256: "0".repeat(64), mode: 0o600 };
  test.write(RECEIPT, JSON.stringify(value));
  await refused(test, [...PURGE, "--yes"], { stderr: /own\.service was edited since/ });
  await refused(test, RENDER, { stderr: /own\.service was edited since/ });
});

/** The digest of "x": such a journal would have the file removed, were it believed. */
const PRECIOUS = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

/** Further ones are in src/inscribe/inscribe_test.ts. */
const BAD_JOURNALS = {
  "no JSON": "{",
  "a path that leads out": journal("containers/systemd/lychd/../../../precious"),
};
Deno.test("a journal that is broken or hostile stops every command that writes", async (t) => {
  await using test = oneEye().write("home/.config/precious", "x");
  for (const [name, text] of Object.entries(BAD_JOURNALS)) {
    await t.step(name, async () => {
      test.write(JOURNAL, text);
      for (const args of COMMANDS) {
        await refused(test, args, {
          stderr: `lychd: [DIR]/${JOURNAL}: the journal of a former run is not lychd's own; ` +
            "nothing was changed\n",
        });
      }
    });
  }
});

function journal(path: string): string {
  return JSON.stringify({ lychd: 1, entries: [{ path, hadBefore: false, sha256: PRECIOUS }] });
}

Deno.test("what a run that was cut off began is undone, and said so", async () => {
  await using test = await inscribed();
  const whole = contents(test);
  test.write(
    JOURNAL,
    JSON.stringify({
      lychd: 1,
      entries: [{ path: "systemd/user/new.target", hadBefore: false, sha256: PRECIOUS }],
    }),
  ).write(`${UNITS}/new.target`, "x");
  await test.expect(RENDER, {
    stdout: did(0, 0, 0, 3),
    stderr: "lychd: a run before this one was cut off; what it had begun is undone\n" + UNKNOWN,
  });
  deepStrictEqual(contents(test), whole);
});

Deno.test("a lock that leads elsewhere is not written through", async () => {
  await using test = oneEye().write("precious", "precious\n");
  Deno.mkdirSync(`${test.dir}/${OURS}`, { recursive: true });
  Deno.symlinkSync(`${test.dir}/precious`, `${test.dir}/${LOCK}`);
  await test.run(RENDER);
  strictEqual(test.read("precious"), "precious\n");
});

Deno.test("notes that are broken stop nothing", async (t) => {
  for (const text of ["", "{", "null", "5", "[]", '["x"]', '{"x": 5}']) {
    await t.step(text, async () => {
      await using test = oneEye().write(`${OURS}/.lychd-notes.json`, text);
      await test.expect(RENDER, { stdout: did(3, 0, 0, 0), stderr: UNKNOWN });
    });
  }
});

Deno.test("homes and names that are hostile to a shell or a terminal are no fault", async () => {
  const name = "a b'\"$(x)\n\u001b[2Jä";
  await using test = cli().write(`${name}/lychd/soulstones/eye.toml`, EYE);
  const env = { XDG_CONFIG_HOME: `${test.dir}/${name}` };
  for (const args of [RENDER, RENDER, [...PURGE, "--yes"]]) {
    const said = await test.run(args, env);
    strictEqual(said.code, 0, said.stderr);
    strictEqual(said.stdout.includes("\u001b"), false);
    strictEqual(said.stdout.split("\n").length, 2);
  }
  deepStrictEqual(test.files(), [`${name}/lychd/soulstones/eye.toml`]);
});

Deno.test("an edit cannot steer the terminal on which its diff is shown", async () => {
  await using test = await inscribed();
  test.write(EYE_UNIT, "# \u001b[2J\u001b]0;mine\u0007\n");
  const said = await test.run(RENDER);
  strictEqual(said.code, 1);
  ok(said.stderr.includes("# \\x1b[2J"), said.stderr);
  strictEqual(said.stderr.includes("\u001b"), false);
});
