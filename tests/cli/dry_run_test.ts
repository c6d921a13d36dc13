import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const QUADLET = "home/.config/containers/systemd/lychd";
const CONTAINER = `${QUADLET}/soulstone-eye.container`;

/** A home whose folders hold what its Codex makes. */
async function inscribed(): Promise<Cli> {
  const test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.expect(["render", "--output", "tree"], {
    stdout: "[DIR]/tree: 3 to create, 0 to update, 0 to remove, 0 unchanged\n",
  });
  strictEqual((await test.shell("cp -a tree/. home/.config/")).code, 0);
  return test;
}

Deno.test("a dry run shows an empty home every Rune as a new file, and writes nothing", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  const before = test.listing();
  const [said, told] = await Promise.all([
    test.run(["render", "--dry-run"]),
    test.run(["render", "--exit-code"]),
  ]);
  strictEqual(said.stderr, "");
  strictEqual(said.code, 0);
  strictEqual(told.code, 4);
  strictEqual(told.stdout, said.stdout);
  match(
    said.stdout,
    /^--- \/dev\/null\n\+\+\+ containers\/systemd\/lychd\/lychd\.pod\n@@ -0,0 \+1,/,
  );
  match(said.stdout, /\n\+\+\+ systemd\/user\/lychd-coven-vision\.target\n/);
  match(said.stdout, /\n3 to create, 0 to update, 0 to remove, 0 unchanged\n$/);
  deepStrictEqual(test.listing(), before);
});

Deno.test("what a dry run shows can be applied by patch and is then unchanged", async () => {
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

Deno.test("a home that holds the Runes has nothing to do, and stays untouched", async () => {
  await using test = await inscribed();
  const before = test.listing();
  await test.expect(["render", "--dry-run", "--exit-code"], {
    stdout: "0 to create, 0 to update, 0 to remove, 3 unchanged\n",
  });
  deepStrictEqual(test.listing(), before);
});

Deno.test("a changed Codex updates, creates and removes", async () => {
  await using test = await inscribed();
  test.codex({ "soulstones/eye.toml": EYE.replace("vision", "sight"), "soulstones/s.toml": SAGE });
  const before = test.listing();
  const said = await test.run(["render", "--exit-code", "--json"]);
  strictEqual(said.code, 4);
  strictEqual(said.stderr, "");
  const { changes, summary, findings } = JSON.parse(said.stdout);
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

Deno.test("a file that was edited is told as such", async () => {
  await using test = await inscribed();
  test.write(CONTAINER, `${test.read(CONTAINER)}# mine\n`);
  const said = await test.run(["render", "--exit-code"]);
  strictEqual(said.code, 4);
  match(said.stdout, /\n-# mine\n/);
  match(
    said.stdout,
    /\n0 to create, 0 to update, 0 to remove, 2 unchanged, 1 edited by hand\n$/,
  );
  strictEqual(
    said.stderr,
    `lychd: [DIR]/${CONTAINER} was edited since it was written; render will refuse to overwrite it\n`,
  );
});

Deno.test("a file that lychd did not write is told as such", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE }).write(
    CONTAINER,
    "[Container]\n",
  );
  const said = await test.run(["render", "--exit-code"]);
  strictEqual(said.code, 4);
  match(
    said.stdout,
    /\n2 to create, 0 to update, 0 to remove, 0 unchanged, 1 not written by lychd\n$/,
  );
  strictEqual(
    said.stderr,
    `lychd: [DIR]/${CONTAINER} was not written by lychd; render will not touch it\n`,
  );
});

Deno.test("another mode is an update that the diff cannot show", async () => {
  await using test = await inscribed();
  Deno.chmodSync(`${test.dir}/${CONTAINER}`, 0o644);
  await test.expect(["render", "--exit-code"], {
    code: 4,
    stdout: "0 to create, 1 to update, 0 to remove, 2 unchanged\n",
    stderr: `lychd: [DIR]/${CONTAINER} has mode 0644 and will have 0600\n`,
  });
});

const BROKEN_RECEIPTS: readonly { readonly text: string; readonly problem: RegExp }[] = [
  { text: "", problem: /JSON/ },
  { text: "[]", problem: /it is no receipt of lychd/ },
  { text: '{"lychd": 2, "files": {}}', problem: /it has version 2; this lychd knows 1/ },
  {
    text: '{"lychd": 1, "files": {"systemd/user/../../.ssh/id": {"sha256": "", "mode": 384}}}',
    problem: /it names a file that cannot be ours: "systemd\/user\/\.\.\/\.\.\/\.ssh\/id"/,
  },
];

Deno.test("a receipt that cannot be used stops a run, and says why", async () => {
  await Promise.all(BROKEN_RECEIPTS.map(async ({ text, problem }) => {
    await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE })
      .write(`${QUADLET}/.lychd-receipt.json`, text);
    const said = await test.run(["render", "--dry-run"]);
    strictEqual(said.code, 1);
    strictEqual(said.stdout, "");
    match(said.stderr, /^lychd: the receipt \[DIR\]\/.*\.lychd-receipt\.json cannot be used: /);
    match(said.stderr, problem);
  }));
});

Deno.test("a link or a folder where a Rune belongs stops a run", async () => {
  await using link = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE }).write(
    `${QUADLET}/x`,
    "",
  );
  Deno.symlinkSync("/dev/zero", `${link.dir}/${CONTAINER}`);
  await using folder = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE }).write(
    `${CONTAINER}/x`,
    "",
  );
  const refusal = (kind: string) => ({
    code: 1,
    stderr:
      `lychd: [DIR]/${CONTAINER} cannot be read: there is a ${kind} where lychd keeps a file: move it away\n`,
  });
  await Promise.all([
    link.expect(["render", "--dry-run"], refusal("link")),
    folder.expect(["render", "--dry-run"], refusal("folder")),
  ]);
});

Deno.test("render --json tells an invalid Codex as findings", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\nport = 8780\n" });
  const said = await test.run(["render", "--dry-run", "--json"]);
  strictEqual(said.code, 3);
  const { findings } = JSON.parse(said.stdout);
  deepStrictEqual(findings.map((f: { code: string }) => f.code), ["field-missing"]);
});
