import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const TREE = [
  "containers/systemd/lychd/.lychd-current.json",
  "containers/systemd/lychd/.lychd-receipt.json",
  "containers/systemd/lychd/lychd.pod",
  "containers/systemd/lychd/soulstone-eye.container",
  "systemd/user/lychd-coven-vision.target",
];

const CREATED = "3 to create, 0 to update, 0 to remove, 0 unchanged\n";

Deno.test("--output makes a missing folder and its parents", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.expect(["render", "--output", "a/b/c"], { stdout: `[DIR]/a/b/c: ${CREATED}` });
  deepStrictEqual(test.files("a/b/c"), TREE);
});

Deno.test("--output writes to an empty folder, and only the owner can read the files", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  Deno.mkdirSync(`${test.dir}/out`);
  await test.expect(["render", "--output", "[DIR]/out/"], { stdout: `[DIR]/out: ${CREATED}` });
  for (const path of test.files("out")) {
    const { mode } = Deno.statSync(`${test.dir}/out/${path}`);
    strictEqual((mode ?? 0) & 0o777, 0o600, path);
  }
});

Deno.test("--output a second time changes nothing, or removes what the Codex no longer has", async () => {
  await using test = cli().codex({
    "lychd.toml": NO_WATCHERS,
    "soulstones/eye.toml": EYE,
    "soulstones/sage.toml": SAGE,
  });
  await test.run(["render", "--output", "out"]);
  const runes = (lines: string[]) =>
    lines.filter((line) => /\.(pod|container|target) file/.test(line));
  const before = runes(test.listing("out"));
  await test.expect(["render", "--output", "out"], {
    stdout: "[DIR]/out: 0 to create, 0 to update, 0 to remove, 5 unchanged\n",
  });
  deepStrictEqual(runes(test.listing("out")), before);
  Deno.removeSync(`${test.config}/lychd/soulstones/sage.toml`);
  await test.expect(["render", "--output", "out"], {
    stdout: "[DIR]/out: 0 to create, 3 to update, 2 to remove, 0 unchanged\n",
  });
  deepStrictEqual(
    test.files("out"),
    ["containers/systemd/lychd/.lychd-former.json", ...TREE].sort(),
  );
});

Deno.test("--output --json reports each file and its action", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  const result = await test.run(["render", "--output", "out", "--json"]);
  strictEqual(result.stderr, "");
  deepStrictEqual(JSON.parse(result.stdout), {
    folder: "[DIR]/out",
    files: TREE.filter((path) => !path.includes("/.lychd-")).map((path) => ({
      path,
      action: "create",
    })),
  });
});

Deno.test("--output writes the same bytes to every folder", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await Promise.all([
    test.run(["render", "--output", "one"]),
    test.run(["render", "--output", "two"]),
  ]);
  for (const path of TREE) strictEqual(test.read(`one/${path}`), test.read(`two/${path}`), path);
});

Deno.test("--output refuses a folder with other files, and does not change it", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE })
    .write("mine/precious", "x").write("file", "x").write("hidden/.x", "");
  const before = test.listing();
  await Promise.all([
    test.expect(["render", "--output", "mine"], {
      code: 1,
      stderr: "lychd: [DIR]/mine is neither empty nor written by lychd; use another folder\n",
    }),
    test.expect(["render", "--output", "hidden"], {
      code: 1,
      stderr: "lychd: [DIR]/hidden is neither empty nor written by lychd; use another folder\n",
    }),
    test.expect(["render", "--output", "file"], {
      code: 1,
      stderr: "lychd: [DIR]/file is not a folder\n",
    }),
  ]);
  const below = await test.run(["render", "--output", "file/below"]);
  strictEqual(below.code, 1);
  strictEqual(below.stderr.includes("internal error"), false, below.stderr);
  deepStrictEqual(test.listing(), before);
});

Deno.test("--output refuses to overwrite a file that was edited by hand", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.run(["render", "--output", "out"]);
  const target = "out/systemd/user/lychd-coven-vision.target";
  test.write(target, "# mine\n");
  test.codex({ "soulstones/sage.toml": SAGE });
  const before = test.listing("out");
  await test.expect(["render", "--output", "out"], {
    code: 1,
    stderr: `lychd: [DIR]/${target} was edited by hand; nothing was written\n` +
      "hint: move it away, or use another folder\n",
  });
  deepStrictEqual(test.listing("out"), before);
});

Deno.test("--output refuses to overwrite a file that lychd did not write", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.run(["render", "--output", "out"]);
  test.codex({ "soulstones/sage.toml": SAGE });
  const notOwned = "out/containers/systemd/lychd/soulstone-sage.container";
  test.write(notOwned, "# not lychd's\n");
  const before = test.listing("out");
  await test.expect(["render", "--output", "out"], {
    code: 1,
    stderr: `lychd: [DIR]/${notOwned} was not written by lychd; nothing was written\n` +
      "hint: move it away, or use another folder\n",
  });
  deepStrictEqual(test.listing("out"), before);
});

Deno.test("--output reports why a folder cannot be written, and changes nothing", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  Deno.symlinkSync("nowhere/at/all", `${test.dir}/dangling`);
  Deno.mkdirSync(`${test.dir}/read-only`, { mode: 0o555 });
  const names = ["dangling", "x".repeat(300)];
  // Root may write to any folder.
  if (Deno.uid() !== 0) names.push("read-only", "read-only/below");
  const before = test.listing();
  for (const result of await Promise.all(names.map((n) => test.run(["render", "--output", n])))) {
    strictEqual(result.code, 1);
    strictEqual(result.stdout, "");
    match(result.stderr, /^lychd: \[DIR\]\/\S+(?:: | cannot be read: )[^\n]+\n$/);
    strictEqual(result.stderr.includes("internal error"), false, result.stderr);
  }
  deepStrictEqual(test.listing(), before);
});

Deno.test("--output does not change the home", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  const before = test.listing("home");
  await test.run(["render", "--output", "out"]);
  deepStrictEqual(test.listing("home"), before);
});

Deno.test("--output refuses a folder, or one in it, that others may write to", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  await test.run(["render", "--output", "out"]);
  const folders: readonly (readonly [path: string, mode: number, name: string, hint: string])[] = [
    ["out", 0o1777, " (--output)", "use a folder of your own below it"],
    ["out/systemd", 0o777, "", "chmod -R o-w [DIR]/out/systemd"],
    [
      "out/containers/systemd/lychd",
      0o1777,
      "",
      "chmod -R o-w [DIR]/out/containers/systemd/lychd",
    ],
  ];
  for (const [path, mode, name, hint] of folders) {
    Deno.chmodSync(`${test.dir}/${path}`, mode);
    const before = test.listing();
    await test.expect(["render", "--output", "out"], {
      code: 1,
      stderr: `lychd: [DIR]/${path}${name} is writable by everyone; nothing was changed\n` +
        `hint: ${hint}\n`,
    });
    deepStrictEqual(test.listing(), before);
    Deno.chmodSync(`${test.dir}/${path}`, 0o755);
  }
});

Deno.test("--output makes a folder in a folder with the sticky bit", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
  Deno.mkdirSync(`${test.dir}/tmp`);
  Deno.chmodSync(`${test.dir}/tmp`, 0o1777);
  await test.expect(["render", "--output", "tmp/new"], { stdout: `[DIR]/tmp/new: ${CREATED}` });
});
