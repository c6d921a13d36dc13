/** Tests of hostile folders, receipts, journals and names. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { cli, EYE, NO_WATCHERS } from "./cli.ts";
import {
  contentsOf,
  expectRefusal,
  EYE_UNIT,
  homeWithCodex,
  JOURNAL,
  LOCK,
  LYCHD_FOLDER,
  PURGE,
  RECEIPT,
  receipt,
  RENDER,
  renderedHome,
  ROLLBACK,
  SKIP_REMARKS,
  summary,
  UNITS,
  VISION,
} from "./inscription.ts";

const COMMANDS = [RENDER, ROLLBACK, [...PURGE, "--yes"]];

/** Returns one command; src/inscribe/inscribe_test.ts tests every command with every folder. */
function oneOf(index: number): readonly string[] {
  return COMMANDS[index % COMMANDS.length] ?? RENDER;
}

Deno.test("nothing is written through a folder that is a symlink", async (t) => {
  const symlinks = [
    "containers",
    "containers/systemd",
    "containers/systemd/lychd",
    "systemd",
    "systemd/user",
    "systemd/user/default.target.d",
  ];
  for (const [i, symlink] of symlinks.entries()) {
    await t.step(symlink, async () => {
      await using test = homeWithCodex();
      Deno.mkdirSync(`${test.dir}/elsewhere`);
      const path = `home/.config/${symlink}`;
      test.write(`${path}/../.keep`, "");
      Deno.symlinkSync(`${test.dir}/elsewhere`, `${test.dir}/${path}`);
      const before = test.listing();
      await expectRefusal(test, oneOf(i), {
        stderr:
          `lychd: [DIR]/${path} is a symlink; lychd never writes through symlinks; nothing was ` +
          "changed\nhint: replace it with a folder ([DIR]/home/.config itself may be a symlink)\n",
      });
      strictEqual(test.listing().join("\n"), before.join("\n"));
    });
  }
});

Deno.test("a home or a ~/.config that is a symlink is accepted", async () => {
  await using test = cli().write("dotfiles/lychd/soulstones/eye.toml", EYE)
    .write("dotfiles/lychd/lychd.toml", NO_WATCHERS);
  Deno.symlinkSync("../dotfiles", test.config);
  const stdout = summary(3, 0, 0, 0).replace("home/.config", "dotfiles");
  await test.expect(RENDER, { stdout, stderr: SKIP_REMARKS });
  deepStrictEqual(test.files("dotfiles/systemd"), ["user/lychd-coven-vision.target"]);
  Deno.symlinkSync("home", `${test.dir}/link`);
  const result = await test.run(RENDER, { HOME: `${test.dir}/link` });
  strictEqual(result.stdout, "[DIR]/dotfiles: 0 created, 0 updated, 0 removed, 3 unchanged\n");
});

Deno.test("a file instead of a folder is refused", async () => {
  for (const path of ["home/.config/containers", LYCHD_FOLDER, UNITS]) {
    await using test = homeWithCodex().write(path, "# mine\n");
    await expectRefusal(test, RENDER, {
      stderr: /^lychd: \[DIR\]\/\S+ is a file, not a folder; nothing was changed\nhint: /,
    });
  }
});

Deno.test("a folder or a symlink instead of a file is refused", async (t) => {
  for (const path of [EYE_UNIT, VISION, RECEIPT]) {
    await t.step(`folder ${path}`, async () => {
      await using test = homeWithCodex().write(`${path}/x`, "");
      await expectRefusal(test, RENDER, {
        stderr: /^lychd: [^\n]*it is a folder, but lychd keeps a file here: move it away\n$/,
      });
    });
    await t.step(`symlink ${path}`, async () => {
      await using test = await renderedHome();
      Deno.renameSync(`${test.dir}/${path}`, `${test.dir}/moved`);
      Deno.symlinkSync(`${test.dir}/moved`, `${test.dir}/${path}`);
      const moved = test.read("moved");
      for (const args of [RENDER, [...RENDER, "--force"], [...PURGE, "--yes", "--force"]]) {
        await expectRefusal(test, args, {
          stderr: /^lychd: [^\n]*it is a symlink, but lychd keeps a file here: move it away\n$/,
        });
      }
      strictEqual(test.read("moved"), moved);
    });
  }
});

const TREES = ["home/.config/containers", LYCHD_FOLDER, "home/.config/systemd", UNITS];

const isRoot = Deno.uid() === 0;
Deno.test({
  name: "a folder of another user is refused" +
    (isRoot ? "" : " (ignored: only root can change the owner)"),
  ignore: !isRoot,
  async fn() {
    for (const [i, path] of TREES.entries()) {
      await using test = await renderedHome();
      Deno.chownSync(`${test.dir}/${path}`, 65534, 65534);
      await expectRefusal(test, oneOf(i), {
        stderr: `lychd: [DIR]/${path} belongs to user 65534, not to 0; nothing was changed\n` +
          `hint: sudo chown -R 0 [DIR]/${path}\n`,
      });
    }
  },
});

Deno.test("a folder that everyone may write to is refused", async (t) => {
  for (const [i, path] of TREES.entries()) {
    await t.step(path, async () => {
      await using test = await renderedHome();
      Deno.chmodSync(`${test.dir}/${path}`, 0o777);
      await expectRefusal(test, oneOf(i), {
        stderr: `lychd: [DIR]/${path} is writable by everyone; nothing was changed\n` +
          `hint: chmod -R o-w [DIR]/${path}\n`,
      });
    });
  }
});

Deno.test("other users may not write to a folder that lychd makes, with any umask", async () => {
  await using test = homeWithCodex();
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

/** More cases are in src/inscribe/inscribe_test.ts. */
const BAD_RECEIPTS = {
  "a newer version": '{"lychd": 2, "files": {}}',
  "a path to the Codex": receipt("lychd/soulstones/eye.toml"),
};
Deno.test("a receipt that is broken, newer, or hostile stops every command that writes", async (t) => {
  await using test = homeWithCodex().write("home/.config/precious", "x").write(
    "home/precious",
    "x",
  );
  for (const [name, text] of Object.entries(BAD_RECEIPTS)) {
    await t.step(name, async () => {
      test.write(RECEIPT, text);
      const expected = { stderr: /^lychd: the receipt \[DIR\]\/\S+ cannot be used: [^\n]+\n$/ };
      await expectRefusal(test, [...RENDER, "--force"], expected);
      await expectRefusal(test, [...PURGE, "--yes", "--force"], expected);
    });
  }
});

Deno.test("a file of the operator in the receipt is not removed if its digest differs", async () => {
  await using test = await renderedHome();
  test.write(`${UNITS}/own.service`, "# mine\n");
  const value = JSON.parse(test.read(RECEIPT));
  value.files["systemd/user/own.service"] = { sha256: "0".repeat(64), mode: 0o600 };
  test.write(RECEIPT, JSON.stringify(value));
  await expectRefusal(test, [...PURGE, "--yes"], { stderr: /own\.service was edited by hand/ });
  await expectRefusal(test, RENDER, { stderr: /own\.service was edited by hand/ });
});

/** The digest of "x": without further checks, undoing the journal would remove such a file. */
const PRECIOUS = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";

/** More cases are in src/inscribe/inscribe_test.ts. */
const BAD_JOURNALS = {
  "not JSON": "{",
  "a path outside the folder": journal("containers/systemd/lychd/../../../precious"),
};
Deno.test("a journal that is broken or hostile stops every command that writes", async (t) => {
  await using test = homeWithCodex().write("home/.config/precious", "x");
  for (const [name, text] of Object.entries(BAD_JOURNALS)) {
    await t.step(name, async () => {
      test.write(JOURNAL, text);
      for (const args of COMMANDS) {
        await expectRefusal(test, args, {
          stderr: `lychd: [DIR]/${JOURNAL}: the journal was not written by lychd: move it away; ` +
            "nothing was changed\n",
        });
      }
    });
  }
});

Deno.test("a journal of a newer version is refused, and the hint deletes nothing", async () => {
  await using test = homeWithCodex();
  test.write(JOURNAL, JSON.stringify({ lychd: 2, entries: [] }));
  await expectRefusal(test, RENDER, {
    stderr:
      `lychd: [DIR]/${JOURNAL}: the journal is of a newer lychd (version 2, this one reads 1): ` +
      "run that lychd again, which finishes its work; nothing was changed\n",
  });
});

function journal(path: string): string {
  return JSON.stringify({ lychd: 1, entries: [{ path, hadBefore: false, sha256: PRECIOUS }] });
}

Deno.test("the changes of an interrupted run are undone, with a message", async () => {
  await using test = await renderedHome();
  const before = contentsOf(test);
  test.write(
    JOURNAL,
    JSON.stringify({
      lychd: 1,
      entries: [{ path: "systemd/user/new.target", hadBefore: false, sha256: PRECIOUS }],
    }),
  ).write(`${UNITS}/new.target`, "x");
  await test.expect(RENDER, {
    stdout: summary(0, 0, 0, 3),
    stderr: "lychd: the previous run was interrupted; its changes were undone\n" +
      SKIP_REMARKS,
  });
  deepStrictEqual(contentsOf(test), before);
});

Deno.test("nothing is written through a lock file that is a symlink", async () => {
  await using test = homeWithCodex().write("precious", "precious\n");
  Deno.mkdirSync(`${test.dir}/${LYCHD_FOLDER}`, { recursive: true });
  Deno.symlinkSync(`${test.dir}/precious`, `${test.dir}/${LOCK}`);
  await test.run(RENDER);
  strictEqual(test.read("precious"), "precious\n");
});

Deno.test("broken notes are ignored", async (t) => {
  for (const text of ["", "{", "null", "5", "[]", '["x"]', '{"x": 5}']) {
    await t.step(text, async () => {
      await using test = homeWithCodex().write(`${LYCHD_FOLDER}/.lychd-notes.json`, text);
      await test.expect(RENDER, { stdout: summary(3, 0, 0, 0), stderr: SKIP_REMARKS });
    });
  }
});

Deno.test("a path with quotes and control characters is accepted and shown escaped", async () => {
  const name = "a b'\"$(x)\n\u001b[2Jä";
  await using test = cli().write(`${name}/lychd/soulstones/eye.toml`, EYE);
  const env = { XDG_CONFIG_HOME: `${test.dir}/${name}` };
  for (const args of [RENDER, RENDER, [...PURGE, "--yes"]]) {
    const result = await test.run(args, env);
    strictEqual(result.code, 0, result.stderr);
    strictEqual(result.stdout.includes("\u001b"), false);
    strictEqual(result.stdout.split("\n").length, 2);
  }
  deepStrictEqual(test.files(), [`${name}/lychd/soulstones/eye.toml`]);
});

Deno.test("control characters of an edited file are escaped in its diff", async () => {
  await using test = await renderedHome();
  test.write(EYE_UNIT, "# \u001b[2J\u001b]0;mine\u0007\n");
  const result = await test.run(RENDER);
  strictEqual(result.code, 1);
  ok(result.stderr.includes("# \\x1b[2J"), result.stderr);
  strictEqual(result.stderr.includes("\u001b"), false);
});
