/** Tests of symlinks in a Codex, beside a unit and in an output folder. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { type Cli, cli, EYE, NO_WATCHERS, SAGE } from "./cli.ts";

const SECRET = "SECRET_TOKEN=hunter2\n";

/** Makes a symlink in the folder of a test. */
function makeSymlink(test: Cli, path: string, target: string): void {
  test.write(`${path}/../.keep`, "");
  Deno.symlinkSync(target.replaceAll("[DIR]", test.dir), `${test.dir}/${path}`);
}

Deno.test("a symlink to a file with another extension is reported, without its content", async () => {
  const symlinks: readonly (readonly [path: string, target: string])[] = [
    ["lychd.toml", "../../.env"],
    ["soulstones/e.toml", "../../../.env"],
    ["soulstones/e.toml", "[DIR]/home/.ssh/id_ed25519"],
    ["soulstones/e.toml", "again.toml"],
    ["soulstones/e.toml", "/etc/passwd"],
    ["soulstones/e.toml", "/proc/self/environ"],
  ];
  const commands = [["check"], ["check", "--json"], ["render", "--dry-run"], ["list"], ["doctor"]];
  for (const [path, target] of symlinks) {
    await using test = cli().codex({ "soulstones/eye.toml": EYE })
      .write("home/.env", SECRET).write("home/.ssh/id_ed25519", SECRET);
    makeSymlink(test, "home/.config/lychd/soulstones/again.toml", "../../../.env");
    makeSymlink(test, `home/.config/lychd/${path}`, target);
    const all = await Promise.all(commands.map((args) => test.run(args)));
    for (const [i, { stdout, stderr, code }] of all.entries()) {
      const output = stdout + stderr;
      ok(!/hunter2|SECRET|root:|PATH=/.test(output), output);
      ok(code !== 0, commands[i]?.join(" "));
    }
    match(
      all[0]?.stderr ?? "",
      /it is a symlink to \S+; only symlinks to files with the same extension are followed\n --> \S+toml:1:1\n/,
    );
  }
});

Deno.test("a unit or drop-in that is a symlink to a file with another extension is not read", async () => {
  for (const path of ["x.container", "x.container.d/a.conf"]) {
    await using test = cli().write(".env", SECRET);
    if (path !== "x.container") test.write("x.container", "[Container]\nImage=localhost/x\n");
    makeSymlink(test, path, "[DIR]/.env");
    const { stdout, stderr, code } = await test.run(["import", "quadlet", "x.container"]);
    ok(!(stdout + stderr).includes("hunter2"), stderr);
    match(
      stderr,
      /it is a symlink to \[DIR\]\/\.env; only symlinks to files with the same extension/,
    );
    strictEqual(code, 1);
  }
});

const SWAP = "models:\n  eye:\n    cmd: llama-server --port ${PORT} -hf a/b\n";
const MODEL = ["vllm", "--model", "a/b"];

Deno.test("nothing is written through a symlink in a Codex or an output folder", async () => {
  const runs: readonly (readonly [folder: string, args: readonly string[], path: string])[] = [
    ["cdx", ["add", ...MODEL, "--codex", "cdx"], "soulstones"],
    ["new", ["init", "--engine", ...MODEL, "--codex", "new"], "soulstones"],
    ["out", ["import", "llama-swap", "swap.yaml", "--output", "out"], "soulstones"],
    ["tree", ["render", "--output", "tree"], "systemd/user"],
    ["tree", ["render", "--output", "tree"], "containers"],
  ];
  for (const [folder, args, path] of runs) {
    await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE })
      .write("swap.yaml", SWAP).write("cdx/lychd.toml", NO_WATCHERS)
      .write("cdx/soulstones/old.toml", SAGE);
    if (folder === "tree") {
      strictEqual((await test.run(args)).code, 0);
      test.codex({ "soulstones/sage.toml": SAGE });
    }
    const at = `${folder}/${path}`;
    if (test.files(at).length > 0) Deno.renameSync(`${test.dir}/${at}`, `${test.dir}/victim`);
    else Deno.mkdirSync(`${test.dir}/victim`);
    makeSymlink(test, at, "[DIR]/victim");
    const before = test.listing();
    await test.expect(args, {
      code: 1,
      stderr: folder === "tree"
        ? `lychd: [DIR]/${at} is a symlink; lychd never writes through symlinks; nothing was changed\n` +
          "hint: replace it with a folder ([DIR]/tree itself may be a symlink)\n"
        : `lychd: [DIR]/${at}: it is a symlink; lychd never writes through symlinks: replace it ` +
          "with a folder; nothing was written\n",
    });
    deepStrictEqual(test.listing(), before);
  }
});

Deno.test("a journal that leads through a symlink is refused", async (t) => {
  const digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881";
  const path = "containers/systemd/lychd/x.container";
  const unit = "systemd/user/x.target.d/x.conf";
  const entries = [path, unit].map((path) => ({ path, hadBefore: false, sha256: digest }));
  // Only the journal contains the second folder.
  for (const folder of ["containers", "systemd/user/x.target.d"]) {
    await t.step(folder, async () => {
      await using test = cli().codex({ "lychd.toml": NO_WATCHERS, "soulstones/eye.toml": EYE });
      test.write(`out/${path}`, "x").write(`out/${unit}`, "x")
        .write(`out/${path}/../.lychd-journal.json`, JSON.stringify({ lychd: 1, entries }));
      Deno.renameSync(`${test.dir}/out/${folder}`, `${test.dir}/victim`);
      Deno.symlinkSync(`${test.dir}/victim`, `${test.dir}/out/${folder}`);
      const before = test.files("out").concat(test.files("victim"));
      const { code, stderr } = await test.run(["render", "--output", "out"]);
      match(
        stderr,
        new RegExp(`out/${folder}(?:: it)? is a symlink; lychd never writes through symlinks`),
      );
      strictEqual(code, 1);
      deepStrictEqual(test.files("out").concat(test.files("victim")), before);
    });
  }
});

Deno.test("nothing is added to a Codex with a file that everyone may write to", async () => {
  await using test = cli().write("cdx/lychd.toml", NO_WATCHERS).write("swap.yaml", SWAP);
  Deno.chmodSync(`${test.dir}/cdx/lychd.toml`, 0o666);
  for (
    const args of [
      ["add", ...MODEL, "--codex", "cdx"],
      ["import", "llama-swap", "swap.yaml", "--output", "cdx"],
    ]
  ) {
    const { code, stderr } = await test.run(args);
    match(
      stderr,
      /^lychd: \S+lychd\.toml is writable by everyone, [^\n]+; nothing was written\nhint: read it first, then: chmod -R o-w /,
    );
    strictEqual(code, 1);
  }
  deepStrictEqual(test.files("cdx"), ["lychd.toml"]);
});

Deno.test("the target of a symlink in a Codex, and its parent folders, must not be writable by others", async () => {
  await using test = cli().codex({ "lychd.toml": NO_WATCHERS })
    .write("my dots/below/eye.toml", EYE).write("my dots/below/sage.toml", SAGE);
  const path = "home/.config/lychd/soulstones/eye.toml";
  makeSymlink(test, path, "[DIR]/my dots/below/eye.toml");
  makeSymlink(test, "home/.config/lychd/soulstones/sage.toml", "[DIR]/my dots/below/sage.toml");
  const modes: readonly (readonly [path: string, mode: number, stderr: string])[] = [
    [
      "my dots",
      0o777,
      `lychd: [DIR]/my dots (on the path to [DIR]/${path}, a symlink of the Codex) is writable ` +
      "by everyone; nothing was changed\n" +
      "hint: chmod o-w '[DIR]/my dots'\n",
    ],
    [
      "my dots/below/eye.toml",
      0o666,
      `lychd: [DIR]/${path} is writable by everyone, and the Codex decides what runs as you; ` +
      "nothing was changed\nhint: read it first, then: chmod o-w '[DIR]/my dots/below/eye.toml'\n",
    ],
  ];
  for (const [place, mode, stderr] of modes) {
    const before = Deno.statSync(`${test.dir}/${place}`).mode ?? 0;
    Deno.chmodSync(`${test.dir}/${place}`, mode);
    await test.expect(["render", "--no-verify", "--no-reload"], { code: 1, stderr });
    const dry = await test.run(["render", "--dry-run"]);
    match(dry.stderr, /^lychd: [^\n]+ is writable by everyone[^\n]*; render will refuse\n$/);
    strictEqual(dry.code, 0);
    Deno.chmodSync(`${test.dir}/${place}`, before & 0o777);
  }
  const { code } = await test.run(["render", "--no-verify", "--no-reload"]);
  strictEqual(code, 0);
});
