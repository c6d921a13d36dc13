import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { cli, EYE, SAGE } from "./cli.ts";

const VALID = "the Codex is valid: 1 Soulstone, 1 Coven\n";

const MISSING_PORT = `error[field-missing]: Soulstone \`eye\` has no \`port\`
 --> [DIR]/home/.config/lychd/soulstones/eye.toml:1:2
  |
1 | [eye]
  |  ^^^
hint: add a line such as: port = 8780

1 error
`;

Deno.test("check counts what is in a valid Codex", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE,
    "soulstones/deep/er/sage.toml": SAGE,
  });
  await test.expect(["check"], { stdout: "the Codex is valid: 2 Soulstones, 2 Covens\n" });
});

Deno.test("check tells an invalid Codex on stderr, exits 3, and has nothing for stdout", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": '[eye]\nimage = "localhost/x"\n' });
  await Promise.all([
    test.expect(["check"], { code: 3, stderr: MISSING_PORT }),
    test.expect(["render", "--dry-run"], { code: 3, stderr: MISSING_PORT }),
    test.expect(["render", "--output", "out"], { code: 3, stderr: MISSING_PORT }),
  ]);
  deepStrictEqual(test.files(), ["home/.config/lychd/soulstones/eye.toml"]);
});

Deno.test("a warning goes to stderr and does not make a Codex invalid", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE.replace("vision", 'a", "a').replace('"Qwen', '"Qwen'),
  });
  const said = await test.run(["check"]);
  strictEqual(said.code, 0);
  strictEqual(said.stdout, VALID);
  match(said.stderr, /^warning\[entry-repeated\]: `a` stands twice in `groups`\n/);
  match(said.stderr, /\n\n1 warning\n$/);
});

Deno.test("check --json has one shape for a valid and an invalid Codex", async () => {
  await using good = cli().codex({ "soulstones/eye.toml": EYE });
  await using bad = cli().codex({ "soulstones/eye.toml": "[eye]\nport = 8780\nprot = 1\n" });
  const [valid, invalid] = await Promise.all([
    good.run(["check", "--json"]),
    bad.run(["check", "--json"]),
  ]);
  strictEqual(valid.code, 0);
  deepStrictEqual(JSON.parse(valid.stdout), {
    valid: true,
    findings: [],
    soulstones: [{
      name: "eye",
      engine: "vllm",
      image: "docker.io/vllm/vllm-openai:v0.33.0",
      port: 8780,
      uri: "http://localhost:8780/v1",
      groups: ["vision"],
      capabilities: [],
      resident: false,
      metrics_path: "/metrics",
      file: "soulstones/eye.toml",
    }],
    covens: [{ name: "vision", members: ["eye"] }],
  });
  strictEqual(invalid.code, 3);
  deepStrictEqual(JSON.parse(invalid.stdout), {
    valid: false,
    findings: [
      {
        code: "field-missing",
        severity: "error",
        file: "soulstones/eye.toml",
        line: 1,
        column: 2,
        message: "Soulstone `eye` has no `image`",
        hint: 'add a line such as: image = "docker.io/vllm/vllm-openai:v0.33.0"',
      },
      {
        code: "field-unknown",
        severity: "error",
        file: "soulstones/eye.toml",
        line: 3,
        column: 1,
        message: "unknown field `prot` in Soulstone `eye`",
        hint: "did you mean `port`?",
      },
    ],
    soulstones: [],
    covens: [],
  });
});

Deno.test("a file that cannot be read is a fault with its reason, and never blocks", async () => {
  // A process: a read that waits for the pipe would keep every test here.
  await using test = cli().process()
    .codex({ "soulstones/eye.toml": EYE, "soulstones/folder.toml/x": "" });
  const codex = `${test.config}/lychd/soulstones`;
  Deno.symlinkSync("nowhere", `${codex}/dangling.toml`);
  Deno.symlinkSync("loop.toml", `${codex}/loop.toml`);
  Deno.symlinkSync("..", `${codex}/up`);
  strictEqual((await test.shell("mkfifo home/.config/lychd/soulstones/pipe.toml")).code, 0);
  const block = (name: string, reason: string) =>
    `error[file-unreadable]: the file cannot be read: ${reason}
 --> [DIR]/home/.config/lychd/soulstones/${name}:1:1
hint: check its owner and mode with: ls -lL FILE

`;
  await test.expect(["check"], {
    code: 3,
    stderr: block("dangling.toml", "it links to nothing") +
      block("loop.toml", "its links lead in a circle") +
      block("pipe.toml", "it is no file") + "3 errors\n",
  });
});

Deno.test("a lychd.toml that links to nothing or is a folder is a fault", async () => {
  await using dangling = cli().codex({ "soulstones/eye.toml": EYE });
  await using folder = cli().codex({ "soulstones/eye.toml": EYE, "lychd.toml/x": "" });
  Deno.symlinkSync("nowhere", `${dangling.config}/lychd/lychd.toml`);
  const [a, b] = await Promise.all([dangling.run(["check"]), folder.run(["check"])]);
  match(a.stderr, /^error\[file-unreadable\]: the file cannot be read: it links to nothing\n/);
  match(b.stderr, /^error\[file-unreadable\]: the file cannot be read: it is no file\n/);
  deepStrictEqual([a.code, b.code], [3, 3]);
});

Deno.test("hidden files and files of another kind are no part of a Codex", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE,
    "soulstones/.eye.toml.swp": "x",
    "soulstones/.hidden.toml": "broken",
    "soulstones/.git/x.toml": "broken",
    "soulstones/README.md": "broken",
    "soulstones/eye.toml~": "broken",
    "other.toml": "broken",
  });
  await test.expect(["check"], { stdout: VALID });
});

Deno.test("the Codex is --codex, else LYCHD_CODEX, else below XDG_CONFIG_HOME, else below HOME", async () => {
  await using test = cli().process()
    .write("by-option/soulstones/a.toml", EYE)
    .write("by-variable/soulstones/a.toml", EYE)
    .write("by-variable/soulstones/b.toml", SAGE)
    .write("by-xdg/lychd/soulstones/a.toml", EYE.replace('groups = ["vision"]', ""))
    .codex({ "soulstones/a.toml": EYE.replace('"vision"', '"vision", "other"') });
  const option = ["check", "--codex", "[DIR]/by-option"];
  const variable = { LYCHD_CODEX: `${test.dir}/by-variable` };
  const xdg = { XDG_CONFIG_HOME: `${test.dir}/by-xdg` };
  await Promise.all([
    test.expect(option, { stdout: VALID }, { ...variable, ...xdg }),
    test.expect(["check"], { stdout: "the Codex is valid: 2 Soulstones, 2 Covens\n" }, {
      ...variable,
      ...xdg,
    }),
    test.expect(["check"], { stdout: "the Codex is valid: 1 Soulstone, 0 Covens\n" }, xdg),
    test.expect(["check"], { stdout: "the Codex is valid: 1 Soulstone, 2 Covens\n" }, {
      LYCHD_CODEX: "",
      XDG_CONFIG_HOME: "",
    }),
  ]);
});

Deno.test("a Codex may be relative, end with slashes, be a link, or hold links", async () => {
  await using test = cli().write("mine/soulstones/eye.toml", EYE).write("else/sage.toml", SAGE);
  Deno.symlinkSync("mine", `${test.dir}/link`);
  Deno.symlinkSync("../../else/sage.toml", `${test.dir}/mine/soulstones/sage.toml`);
  Deno.mkdirSync(`${test.dir}/linked`);
  Deno.symlinkSync("../else", `${test.dir}/linked/soulstones`);
  const two = { stdout: "the Codex is valid: 2 Soulstones, 2 Covens\n" };
  await Promise.all([
    test.expect(["check", "--codex", "mine"], two),
    test.expect(["check", "--codex", "./mine//"], two),
    test.expect(["check", "--codex", "link"], two),
    test.expect(["check", "--codex", "[DIR]/link/"], two),
    test.expect(["check", "--codex", "linked"], { stdout: VALID }),
  ]);
});

Deno.test("a report names files as the operator named the Codex", async () => {
  await using test = cli().write("mine/soulstones/eye.toml", "[eye\n");
  const said = await test.run(["check", "--codex", "mine/"]);
  match(said.stderr, /\n *--> mine\/soulstones\/eye\.toml:\d/);
});

Deno.test("a Codex that is not there, is a file, or is empty is invalid", async () => {
  await using test = cli().write("file", "").write("empty/README", "");
  const [missing, file, empty] = await Promise.all(
    ["missing", "file", "empty"].map((name) => test.run(["check", "--codex", name])),
  );
  match(missing?.stderr ?? "", /^error\[codex-missing\]: there is no Codex at `missing`: it does/);
  match(
    file?.stderr ?? "",
    /^error\[codex-missing\]: there is no Codex at `file`: it is no folder/,
  );
  match(empty?.stderr ?? "", /^error\[codex-empty\]: no Soulstone is defined below `empty\/soul/);
  deepStrictEqual([missing?.code, file?.code, empty?.code], [3, 3, 3]);
});

Deno.test("an environment that names no folder is told, and is no fault of the Codex", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const relative = "lychd: XDG_CONFIG_HOME is the relative path `conf`; it must be absolute\n";
  const noHome = "lychd: HOME names no absolute folder; set HOME or XDG_CONFIG_HOME\n";
  await Promise.all([
    test.expect(["check"], { code: 1, stderr: relative }, { XDG_CONFIG_HOME: "conf" }),
    test.expect(["check"], { code: 1, stderr: noHome }, { HOME: "somewhere" }),
    test.expect(["check"], { stdout: VALID }, {
      HOME: undefined,
      XDG_CONFIG_HOME: `${test.dir}/home/.config`,
    }),
  ]);
});

Deno.test("without HOME the user database names the home folder", async () => {
  await using test = cli().process();
  const [unset, empty] = await Promise.all([
    test.run(["check"], { HOME: undefined }),
    test.run(["check"], { HOME: "" }),
  ]);
  for (const said of [unset, empty]) {
    strictEqual(said.stdout, unset.stdout);
    strictEqual(said.stderr.includes("internal error"), false, said.stderr);
    strictEqual(said.stderr.includes("HOME names no"), false, said.stderr);
  }
});

Deno.test({
  name: "a file and a folder whose names are not UTF-8 text are told, and fill a folder",
  // The binary that tests are run with has an older runtime, which does not list them.
  ignore: Deno.env.has("LYCHD_BINARY"),
  async fn() {
    await using test = cli().codex({ "soulstones/eye.toml": EYE });
    const made = await test.shell(
      "cd home/.config/lychd/soulstones && cp eye.toml \"$(printf '\\377\\376.toml')\" && " +
        "mkdir \"$(printf '\\374ber')\" ../../../../out && cd ../../../../out && " +
        "touch \"$(printf '\\377')\"",
    );
    strictEqual(made.stderr, "");
    const block = (name: string) =>
      `error[file-unreadable]: the file cannot be read: its name is not UTF-8 text
 --> [DIR]/home/.config/lychd/soulstones/${name}:1:1
hint: rename it; its bytes are shown by: ls -b [DIR]/home/.config/lychd/soulstones

`;
    await test.expect(["check"], {
      code: 3,
      stderr: `${block("\ufffdber")}${block("\ufffd\ufffd.toml")}2 errors\n`,
    });
    await using vacant = cli().codex({ "soulstones/eye.toml": EYE });
    const { stderr, code } = await vacant.run(["render", "--output", `${test.dir}/out`]);
    match(stderr, /out is neither empty nor made by lychd; name another folder/);
    strictEqual(code, 1);
  },
});
