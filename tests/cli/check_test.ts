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

Deno.test("check counts the Soulstones and Covens of a valid Codex", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE,
    "soulstones/deep/er/sage.toml": SAGE,
  });
  await test.expect(["check"], { stdout: "the Codex is valid: 2 Soulstones, 2 Covens\n" });
});

Deno.test("check reports an invalid Codex on stderr, exits with 3, and prints nothing on stdout", async () => {
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
  const result = await test.run(["check"]);
  strictEqual(result.code, 0);
  strictEqual(result.stdout, VALID);
  match(result.stderr, /^warning\[entry-repeated\]: `a` appears twice in `groups`\n/);
  match(result.stderr, /\n\n1 warning\n$/);
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
      slot: null,
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

Deno.test("an unreadable file is an error with a reason, and never blocks", async () => {
  // In a process: a read that blocks on the pipe would block every test.
  await using test = cli().process()
    .codex({ "soulstones/eye.toml": EYE, "soulstones/folder.toml/x": "" });
  const codex = `${test.config}/lychd/soulstones`;
  Deno.symlinkSync("nowhere", `${codex}/dangling.toml`);
  Deno.symlinkSync("loop.toml", `${codex}/loop.toml`);
  Deno.symlinkSync("..", `${codex}/up`);
  strictEqual((await test.shell("mkfifo home/.config/lychd/soulstones/pipe.toml")).code, 0);
  const block = (name: string, reason: string) =>
    `error[file-unreadable]: cannot read the file: ${reason}
 --> [DIR]/home/.config/lychd/soulstones/${name}:1:1
hint: check owner and mode with: ls -lL FILE

`;
  await test.expect(["check"], {
    code: 3,
    stderr: block("dangling.toml", "it is a broken symlink") +
      block("loop.toml", "too many levels of symlinks") +
      block("pipe.toml", "it is not a file") + "3 errors\n",
  });
});

Deno.test("a lychd.toml that is a broken symlink or a folder is an error", async () => {
  await using dangling = cli().codex({ "soulstones/eye.toml": EYE });
  await using folder = cli().codex({ "soulstones/eye.toml": EYE, "lychd.toml/x": "" });
  Deno.symlinkSync("nowhere", `${dangling.config}/lychd/lychd.toml`);
  const [a, b] = await Promise.all([dangling.run(["check"]), folder.run(["check"])]);
  match(a.stderr, /^error\[file-unreadable\]: cannot read the file: it is a broken symlink\n/);
  match(b.stderr, /^error\[file-unreadable\]: cannot read the file: it is not a file\n/);
  deepStrictEqual([a.code, b.code], [3, 3]);
});

Deno.test("hidden files and other kinds of files are not part of a Codex", async () => {
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

Deno.test("the Codex is --codex, otherwise LYCHD_CODEX, then below XDG_CONFIG_HOME or HOME", async () => {
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

Deno.test("the path of a Codex may be relative, end with slashes, be a symlink or contain symlinks", async () => {
  await using test = cli().write("mine/soulstones/eye.toml", EYE).write("shared/sage.toml", SAGE);
  Deno.symlinkSync("mine", `${test.dir}/link`);
  Deno.symlinkSync("../../shared/sage.toml", `${test.dir}/mine/soulstones/sage.toml`);
  Deno.mkdirSync(`${test.dir}/linked`);
  Deno.symlinkSync("../shared", `${test.dir}/linked/soulstones`);
  const two = { stdout: "the Codex is valid: 2 Soulstones, 2 Covens\n" };
  await Promise.all([
    test.expect(["check", "--codex", "mine"], two),
    test.expect(["check", "--codex", "./mine//"], two),
    test.expect(["check", "--codex", "link"], two),
    test.expect(["check", "--codex", "[DIR]/link/"], two),
    test.expect(["check", "--codex", "linked"], { stdout: VALID }),
  ]);
});

Deno.test("a report shows the path of the Codex as it was given", async () => {
  await using test = cli().write("mine/soulstones/eye.toml", "[eye\n");
  const result = await test.run(["check", "--codex", "mine/"]);
  match(result.stderr, /\n *--> mine\/soulstones\/eye\.toml:\d/);
});

Deno.test("a Codex that does not exist, is a file, or is empty is invalid", async () => {
  await using test = cli().write("file", "").write("empty/README", "");
  const [missing, file, empty] = await Promise.all(
    ["missing", "file", "empty"].map((name) => test.run(["check", "--codex", name])),
  );
  match(missing?.stderr ?? "", /^error\[codex-missing\]: no Codex at `missing`: it does not exist/);
  match(
    file?.stderr ?? "",
    /^error\[codex-missing\]: no Codex at `file`: it is not a folder/,
  );
  match(
    empty?.stderr ?? "",
    /^error\[codex-empty\]: no Soulstone is defined below soulstones\/ in `empty`\n/,
  );
  deepStrictEqual([missing?.code, file?.code, empty?.code], [3, 3, 3]);
});

Deno.test("a HOME that is not a folder is reported, and is not an error of the Codex", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const relative = "lychd: XDG_CONFIG_HOME is the relative path `conf`; it must be absolute\n";
  const noHome = "lychd: HOME is not an absolute folder; set HOME or XDG_CONFIG_HOME\n";
  await Promise.all([
    test.expect(["check"], { code: 1, stderr: relative }, { XDG_CONFIG_HOME: "conf" }),
    test.expect(["check"], { code: 1, stderr: noHome }, { HOME: "somewhere" }),
    test.expect(["check"], { stdout: VALID }, {
      HOME: undefined,
      XDG_CONFIG_HOME: `${test.dir}/home/.config`,
    }),
  ]);
});

Deno.test("without HOME the home folder is that of the user database", async () => {
  await using test = cli().process();
  const [unset, empty] = await Promise.all([
    test.run(["check"], { HOME: undefined }),
    test.run(["check"], { HOME: "" }),
  ]);
  for (const result of [unset, empty]) {
    strictEqual(result.stdout, unset.stdout);
    strictEqual(result.stderr.includes("internal error"), false, result.stderr);
    strictEqual(result.stderr.includes("HOME is not"), false, result.stderr);
  }
});

Deno.test({
  name: "names that are not UTF-8 are reported, and their folder is not empty",
  // The binary of the tests has an older runtime, which does not list such names.
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
      `error[file-unreadable]: cannot read the file: its name is not UTF-8 text
 --> [DIR]/home/.config/lychd/soulstones/${name}:1:1
hint: rename it; its bytes are shown by: ls -b [DIR]/home/.config/lychd/soulstones

`;
    await test.expect(["check"], {
      code: 3,
      stderr: `${block("\ufffdber")}${block("\ufffd\ufffd.toml")}2 errors\n`,
    });
    await using vacant = cli().codex({ "soulstones/eye.toml": EYE });
    const { stderr, code } = await vacant.run(["render", "--output", `${test.dir}/out`]);
    match(stderr, /out is neither empty nor written by lychd/);
    strictEqual(code, 1);
  },
});

Deno.test("no report shows a secret that a mistake surrounds", async () => {
  const mistakes = [
    `env = { HF_TOKEN = "s3cret }`,
    `env.HF_TOKEN: "s3cret"`,
    `env.HF_TOKEN = ["s3cret"]`,
    `env.DB_KEY = 53123`,
    `env = { DB_PASS = "s3cret", 1 = 2 }`,
    `quadlet.Container.PodmanArgs = ["--api-key=s3cret"]`,
    `quadlet.Container.PodmanArgs = ["HF_TOKEN=s3cret"]`,
    `quadlet.Container.PodmanArgs = ["--enw=HF_TOKEN=s3cret"]`,
    `quadlet.Service.Environment = 'HF_TOKEN=s3cret \\q'`,
  ];
  for (const mistake of mistakes) {
    await using test = cli().codex({ "soulstones/eye.toml": `${EYE}${mistake}\n` });
    for (const args of [["check"], ["check", "--json"]]) {
      const { code, stdout, stderr } = await test.run(args);
      deepStrictEqual([code, /s3cret|53123/.exec(stdout + stderr)?.[0]], [3, undefined], mistake);
    }
  }
});
