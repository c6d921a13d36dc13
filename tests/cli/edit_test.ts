/** Tests of `lychd edit`, on a terminal, with scripts as editors. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, exists, EYE, NO_WATCHERS, SAGE } from "./cli.ts";
import { CODEX_EYE, EYE_UNIT, renderedHome, SETTINGS } from "./inscription.ts";

const WITHOUT_HOST = ["--no-verify", "--no-reload"];
const EDIT_EYE = ["edit", "eye", ...WITHOUT_HOST];
const FOLDER = "home/.config/lychd/soulstones";
const hasScript = exists("/usr/bin/script");

/** Registers a test that needs a terminal. */
function terminalTest(name: string, fn: () => Promise<void>): void {
  const reason = hasScript ? "" : " (ignored: this host does not have script)";
  Deno.test({ name: name + reason, ignore: !hasScript, fn });
}

/** Makes an editor that runs one line of shell at each start, the last one again and again. */
function editor(test: Cli, ...lines: readonly string[]): { EDITOR: string } {
  const cases = lines.map((line, i) => `${i === lines.length - 1 ? "*" : i}) ${line};;`);
  test.write(
    "editor",
    `#!/bin/sh\nn=$(cat ${test.dir}/starts 2>/dev/null || echo 0)\n` +
      `echo $((n + 1)) > ${test.dir}/starts\ncase $n in ${cases.join(" ")} esac\n`,
  );
  Deno.chmodSync(`${test.dir}/editor`, 0o755);
  return { EDITOR: `${test.dir}/editor` };
}

/** Returns the names of the copies that edits left. */
function copies(test: Cli): string[] {
  return test.files(FOLDER).filter((name) => name.startsWith("."));
}

const TO_4B = `sed -i s/8B/4B/ "$1"`;

terminalTest("edit opens a copy, shows the diff, saves and renders", async () => {
  await using test = await renderedHome();
  const env = editor(test, `cp ${test.dir}/${CODEX_EYE} ${test.dir}/during; ${TO_4B}`);
  const { code, shown } = await test.converse(EDIT_EYE, [["save and render?", "\r"]], env);
  strictEqual(code, 0, shown);
  match(shown, /-Exec=[^\n]*8B[^]*\+Exec=[^\n]*4B[^]*1 to update[^]*1 updated/);
  match(test.read(CODEX_EYE), /4B/);
  match(test.read(EYE_UNIT), /4B/);
  // The Codex kept its file while the editor was open.
  strictEqual(test.read("during"), EYE);
  deepStrictEqual(copies(test), []);
});

terminalTest("after an error the editor opens again with the same text", async () => {
  await using test = await renderedHome();
  const env = editor(test, `${TO_4B}; echo 'prot = 1' >> "$1"`, `sed -i /prot/d "$1"`);
  const steps = [["edit again?", "\r"], ["save and render?", "y\r"]] as const;
  const { code, shown } = await test.converse(EDIT_EYE, steps, env);
  strictEqual(code, 0, shown);
  match(shown, /error\[field-unknown\][^]*soulstones\/eye\.toml:7:1/);
  strictEqual(test.read(CODEX_EYE), EYE.replace("8B", "4B"));
});

terminalTest(
  "an edit that is broken off keeps the text, and the next one continues it",
  async () => {
    await using test = await renderedHome();
    const env = editor(test, `${TO_4B}; echo 'prot = 1' >> "$1"`, `sed -i /prot/d "$1"`);
    const broken = await test.converse(EDIT_EYE, [["edit again?", "\u0003"]], env);
    strictEqual(broken.code, 130, broken.shown);
    match(
      broken.shown,
      /nothing was saved; your text is kept: \[DIR\]\/home\/\.config\/lychd\/soulstones\/\.eye\.edit-[0-9a-f]{12}\.toml\r?\nhint: lychd edit eye continues it/,
    );
    strictEqual(test.read(CODEX_EYE), EYE);
    // The Codex does not contain the copy.
    strictEqual((await test.run(["check"])).code, 0);
    const { code, shown } = await test.converse(EDIT_EYE, [["save and render?", "\r"]], env);
    strictEqual(code, 0, shown);
    match(shown, /this continues the edit that was not finished: /);
    strictEqual(test.read(CODEX_EYE), EYE.replace("8B", "4B"));
    deepStrictEqual(copies(test), []);
  },
);

terminalTest("`n` saves nothing and keeps the text", async () => {
  await using test = await renderedHome();
  const { code, shown } = await test.converse(
    EDIT_EYE,
    [["save and render?", "n\r"]],
    editor(test, TO_4B),
  );
  strictEqual(code, 1, shown);
  strictEqual(test.read(CODEX_EYE), EYE);
  match(test.read(EYE_UNIT), /8B/);
  strictEqual(copies(test).length, 1);
});

terminalTest("an edit that changes nothing leaves nothing", async () => {
  await using test = await renderedHome();
  const { code, shown } = await test.converse(EDIT_EYE, [], editor(test, ":"));
  strictEqual(code, 0, shown);
  match(shown, /nothing was changed/);
  deepStrictEqual(copies(test), []);
});

terminalTest("a Codex file that changed meanwhile is not overwritten", async () => {
  await using test = await renderedHome();
  const env = editor(test, `${TO_4B}; echo '# mine' >> ${test.dir}/${CODEX_EYE}`);
  const { code, shown } = await test.converse(EDIT_EYE, [["save and render?", "\r"]], env);
  strictEqual(code, 1, shown);
  match(shown, /eye\.toml was changed while you edited it; your text is in [^]*hint: diff -u /);
  strictEqual(test.read(CODEX_EYE), `${EYE}# mine\n`);
});

terminalTest("a render that is refused restores the file, and the editor opens again", async () => {
  await using test = await renderedHome();
  test.write(EYE_UNIT, "# edited by hand\n");
  const steps = [["save and render?", "\r"], ["edit again?", "n\r"]] as const;
  const { code, shown } = await test.converse(EDIT_EYE, steps, editor(test, TO_4B));
  strictEqual(code, 1, shown);
  match(shown, /was edited by hand; nothing was changed[^]*nothing was saved; edit again\?/);
  strictEqual(test.read(CODEX_EYE), EYE);
  strictEqual(copies(test).length, 1);
});

terminalTest("without a name, edit opens lychd.toml, and creates it if there is none", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const env = editor(test, `printf '%s' '${NO_WATCHERS}' > "$1"`);
  const { code, shown } = await test.converse(
    ["edit", ...WITHOUT_HOST],
    [["save and render?", "\r"]],
    env,
  );
  strictEqual(code, 0, shown);
  strictEqual(test.read(SETTINGS), NO_WATCHERS);
});

terminalTest("a file with an error of syntax can be edited", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/eye.toml": EYE.replace("port = 8780", "port = = 8780") });
  const env = editor(test, `sed -i 's/= =/=/' "$1"`);
  const { code, shown } = await test.converse(EDIT_EYE, [["save and render?", "\r"]], env);
  strictEqual(code, 0, shown);
  strictEqual(test.read(CODEX_EYE), EYE);
});

terminalTest("errors in other files do not keep a file from being saved", async () => {
  await using test = await renderedHome();
  test.codex({ "soulstones/sage.toml": `${SAGE}prot = 1\n` });
  const { code, shown } = await test.converse(
    EDIT_EYE,
    [["the errors are in other files; save without a render?", "\r"]],
    editor(test, TO_4B),
  );
  strictEqual(code, 3, shown);
  match(test.read(CODEX_EYE), /4B/);
  match(test.read(EYE_UNIT), /8B/);
});

terminalTest(
  "a symlink is not written through, and an editor that fails loses nothing",
  async () => {
    await using test = await renderedHome();
    const failing = await test.converse(EDIT_EYE, [], editor(test, `${TO_4B}; exit 3`));
    strictEqual(failing.code, 1, failing.shown);
    match(failing.shown, /the editor failed \(status 3\); your text is kept: /);
    const missing = await test.converse(["edit", ...WITHOUT_HOST], [], {
      EDITOR: "no-such-editor",
    });
    match(missing.shown, /the editor failed \(status 127\); nothing was changed/);
    test.write("dotfiles/eye.toml", EYE);
    Deno.removeSync(`${test.dir}/${CODEX_EYE}`);
    Deno.symlinkSync(`${test.dir}/dotfiles/eye.toml`, `${test.dir}/${CODEX_EYE}`);
    const refused = await test.converse(EDIT_EYE, [], editor(test, TO_4B));
    strictEqual(refused.code, 1);
    match(
      refused.shown,
      /eye\.toml is a symlink to \[DIR\]\/dotfiles\/eye\.toml; lychd never writes/,
    );
    strictEqual(test.read("dotfiles/eye.toml"), EYE);
  },
);

Deno.test("edit needs a terminal, a Codex, and a known name", async () => {
  await using test = await renderedHome();
  await test.expect(EDIT_EYE, {
    code: 2,
    stderr:
      "lychd: edit needs a terminal\nhint: edit a file in [DIR]/home/.config/lychd, then: lychd render\n",
  });
});

terminalTest("an unknown name is refused with the nearest one", async () => {
  await using test = await renderedHome();
  const { code, shown } = await test.converse(["edit", "eyes"], [], editor(test, ":"));
  strictEqual(code, 2);
  match(shown, /no file of the Codex defines `eyes`[^]*did you mean `eye`\?/);
});
