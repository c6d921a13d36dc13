import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const QUADLET = "home/.config/containers/systemd/lychd";
const CONTAINER = `${QUADLET}/soulstone-eye.container`;

/** Makes a home whose folders contain the Runes of its Codex. */
async function homeWithRunes(): Promise<Cli> {
  const test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.expect(["render", "--output", "tree"], {
    stdout: "[DIR]/tree: 3 to create, 0 to update, 0 to remove, 0 unchanged\n",
  });
  strictEqual((await test.shell("cp -a tree/. home/.config/")).code, 0);
  return test;
}

Deno.test("a dry run in an empty home shows every Rune as a new file, and writes nothing", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  const before = test.listing();
  const [result, withExitCode] = await Promise.all([
    test.run(["render", "--dry-run"]),
    test.run(["render", "--exit-code"]),
  ]);
  strictEqual(result.stderr, "");
  strictEqual(result.code, 0);
  strictEqual(withExitCode.code, 4);
  strictEqual(withExitCode.stdout, result.stdout);
  match(
    result.stdout,
    /^--- \/dev\/null\n\+\+\+ containers\/systemd\/lychd\/lychd\.pod\n@@ -0,0 \+1,/,
  );
  match(result.stdout, /\n\+\+\+ systemd\/user\/lychd-coven-vision\.target\n/);
  match(result.stdout, /\n3 to create, 0 to update, 0 to remove, 0 unchanged\n$/);
  deepStrictEqual(test.listing(), before);
});

Deno.test("the diff of a dry run contains exactly the files that render --output writes", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await using tree = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  const [{ stdout }] = await Promise.all([
    test.run(["render", "--dry-run"]),
    tree.run(["render", "--output", "out"]),
  ]);
  const added = stdout.split("\n").filter((line) => /^\+(?!\+\+ )/.test(line))
    .map((line) => line.slice(1));
  const written = tree.files("out").filter((path) => !path.endsWith(".json"))
    .flatMap((path) => tree.read(`out/${path}`).split("\n").slice(0, -1));
  deepStrictEqual(added, written);
});

Deno.test("a dry run in a home with all Runes shows no changes, and writes nothing", async () => {
  await using test = await homeWithRunes();
  const before = test.listing();
  await test.expect(["render", "--dry-run", "--exit-code"], {
    stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
  });
  deepStrictEqual(test.listing(), before);
});

Deno.test("a dry run after a change of the Codex shows creations, updates and removals", async () => {
  await using test = await homeWithRunes();
  test.codex({ "soulstones/eye.toml": EYE.replace("vision", "sight"), "soulstones/s.toml": SAGE });
  const before = test.listing();
  const result = await test.run(["render", "--exit-code", "--json"]);
  strictEqual(result.code, 4);
  strictEqual(result.stderr, "");
  const { changes, summary, findings } = JSON.parse(result.stdout);
  deepStrictEqual(
    changes.map((c: { path: string; action: string }) => `${c.action} ${c.path}`),
    [
      "update containers/systemd/lychd/lychd.pod",
      "update containers/systemd/lychd/soulstone-eye.container",
      "create containers/systemd/lychd/soulstone-sage.container",
      "create systemd/user/lychd-coven-sight.target",
      "create systemd/user/lychd-coven-think.target",
      "remove systemd/user/lychd-coven-vision.target",
    ],
  );
  match(changes[0].diff, /\n\+PublishPort=127\.0\.0\.1:8781:8781\n/);
  match(changes[5].diff, /^--- systemd\/user\/lychd-coven-vision\.target\n\+\+\+ \/dev\/null\n/);
  strictEqual(summary, "3 to create, 2 to update, 1 to remove, 0 unchanged");
  deepStrictEqual(findings, []);
  deepStrictEqual(test.listing(), before);
});

Deno.test("a dry run reports a file that was edited by hand", async () => {
  await using test = await homeWithRunes();
  test.write(CONTAINER, `${test.read(CONTAINER)}# mine\n`);
  const result = await test.run(["render", "--exit-code"]);
  strictEqual(result.code, 4);
  match(result.stdout, /\n-# mine\n/);
  match(
    result.stdout,
    /\n0 to create, 0 to update, 0 to remove, 2 unchanged, 1 edited by hand\n$/,
  );
  strictEqual(
    result.stderr,
    `lychd: [DIR]/${CONTAINER} was edited by hand; render will refuse to overwrite it\n`,
  );
});

Deno.test("a dry run reports a file that lychd did not write", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE }).write(
    CONTAINER,
    "[Container]\n",
  );
  const result = await test.run(["render", "--exit-code"]);
  strictEqual(result.code, 4);
  match(
    result.stdout,
    /\n2 to create, 0 to update, 0 to remove, 0 unchanged, 1 not written by lychd\n$/,
  );
  strictEqual(
    result.stderr,
    `lychd: [DIR]/${CONTAINER} was not written by lychd; render will refuse to overwrite it\n`,
  );
});

Deno.test("a dry run reports a changed mode, which the diff does not show", async () => {
  await using test = await homeWithRunes();
  Deno.chmodSync(`${test.dir}/${CONTAINER}`, 0o644);
  await test.expect(["render", "--exit-code"], {
    code: 4,
    stdout: "0 to create, 1 to update, 0 to remove, 2 unchanged\n",
    stderr: `lychd: [DIR]/${CONTAINER} has mode 0644; render sets it to 0600\n`,
  });
});

const BROKEN_RECEIPTS: readonly { readonly text: string; readonly problem: RegExp }[] = [
  { text: "", problem: /JSON/ },
  { text: "[]", problem: /it is not a receipt of lychd/ },
  { text: '{"lychd": 2, "files": {}}', problem: /it has version 2; this version of lychd reads 1/ },
  {
    text: '{"lychd": 1, "files": {"systemd/user/../../.ssh/id": {"sha256": "", "mode": 384}}}',
    problem:
      /it names a file that lychd cannot have written: "systemd\/user\/\.\.\/\.\.\/\.ssh\/id"/,
  },
];

Deno.test("a receipt that cannot be used stops a dry run, with the reason", async () => {
  await Promise.all(BROKEN_RECEIPTS.map(async ({ text, problem }) => {
    await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE })
      .write(`${QUADLET}/.lychd-receipt.json`, text);
    const result = await test.run(["render", "--dry-run"]);
    strictEqual(result.code, 1);
    strictEqual(result.stdout, "");
    match(result.stderr, /^lychd: the receipt \[DIR\]\/.*\.lychd-receipt\.json cannot be used: /);
    match(result.stderr, problem);
  }));
});

Deno.test("a symlink or folder at the path of a Rune stops a dry run", async () => {
  await using symlink = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE })
    .write(
      `${QUADLET}/x`,
      "",
    );
  Deno.symlinkSync("/dev/zero", `${symlink.dir}/${CONTAINER}`);
  await using folder = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE }).write(
    `${CONTAINER}/x`,
    "",
  );
  const refusal = (kind: string) => ({
    code: 1,
    stderr:
      `lychd: [DIR]/${CONTAINER} cannot be read: it is a ${kind}, but lychd keeps a file here: move it away\n`,
  });
  await Promise.all([
    symlink.expect(["render", "--dry-run"], refusal("symlink")),
    folder.expect(["render", "--dry-run"], refusal("folder")),
  ]);
});

Deno.test("render --json reports an invalid Codex as findings", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\nport = 8780\n" });
  const result = await test.run(["render", "--dry-run", "--json"]);
  strictEqual(result.code, 3);
  const { findings } = JSON.parse(result.stdout);
  deepStrictEqual(findings.map((f: { code: string }) => f.code), ["field-missing"]);
});
