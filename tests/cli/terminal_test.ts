import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { cli, EYE } from "./cli.ts";

const ESCAPE = "\u001b";

Deno.test("colors need FORCE_COLOR, and NO_COLOR turns them off", async () => {
  await using test = cli().process()
    .codex({ "soulstones/eye.toml": "[eye]\nport = 8780\n" });
  const has = async (env: Record<string, string>) =>
    (await test.run(["check"], env)).stderr.includes(ESCAPE);
  deepStrictEqual(
    await Promise.all([
      has({}),
      has({ FORCE_COLOR: "1" }),
      has({ FORCE_COLOR: "0" }),
      has({ FORCE_COLOR: "1", NO_COLOR: "1" }),
      has({ FORCE_COLOR: "1", NO_COLOR: "" }),
    ]),
    [false, true, false, false, true],
  );
});

Deno.test("a colored report differs from the plain one only in colors", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": "[eye]\nprot = 8780\n" });
  const [plain, colored] = await Promise.all([
    test.run(["check"]),
    test.run(["check"], { FORCE_COLOR: "1" }),
  ]);
  // deno-lint-ignore no-control-regex
  strictEqual(colored.stderr.replace(/\u001b\[[0-9;]*m/g, ""), plain.stderr);
});

Deno.test("on a terminal of 40 columns, help and tables fit", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": `${EYE}capabilities = ["vision-analysis", "text-generation"]\n`,
  });
  const path = test.onPath();
  for (const words of ["summon --help", "list", "covens"]) {
    const line = `sh -c 'stty cols 40; ${path}/lychd ${words} 2>/dev/null'`;
    const { code, shown } = await test.atTerminal(line, [], { NO_COLOR: "1" });
    strictEqual(code, 0, shown);
    const [own = ""] = shown.split("\r\nExamples:");
    // The first line of help is the syntax.
    for (const line of own.split("\r\n").slice(1)) {
      strictEqual(line.length <= 40, true, `${words}: ${line}`);
    }
  }
});

const CONTROL = "\u001b]0;x\u0007\u001b[2J\u009b1m\u202e";

Deno.test("a Codex cannot send control characters to a terminal", async () => {
  const sent = "\\u001b]0;x\\u0007\\u001b[2J\\u009b1m\\u202e";
  const bad = `["${sent}"]
image = "${sent}"
port = 8780
"${sent}" = 1
groups = ["${sent}"]
volumes = ["${sent}"]
secrets = ["${sent}"]
devices = ["${sent}"]
exec = ["--port", "${sent}"]
engine = "${sent}"

[health]
path = "${sent}"

["${sent}x"]
image = "localhost/x"
port = 8780

["${sent}y"]
image = "localhost/x"
port = 8780

[raw]
image = "localhost/x" # \u009b1m\u202e
`;
  await using test = cli().codex({
    [`soulstones/${CONTROL}.toml`]: bad,
    "lychd.toml": `boot_coven = "${sent}"\n[sepulcher]\nbind_address = "${sent}"\n`,
  });
  const runs = await Promise.all([
    test.run(["check"]),
    test.run(["check", "--json"]),
    test.run(["render", "--dry-run"]),
    test.run(["check", "--codex", CONTROL]),
    test.run(["render", "--output", CONTROL]),
  ]);
  for (const { code, stdout, stderr } of runs) {
    strictEqual(code, 3);
    // deno-lint-ignore no-control-regex
    const raw = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/u;
    const lines = `${stdout}\n${stderr}`.split("\n");
    deepStrictEqual(lines.filter((line) => raw.test(line)), []);
  }
});

Deno.test("control characters in valid values are escaped in Runes and diffs", async () => {
  await using test = cli().codex({
    "soulstones/eye.toml": EYE + 'exec = ["\\u001b[2J"]\nenv = { A = "\\u001b]0;x\\u0007" }\n',
  });
  const result = await test.run(["render", "--dry-run"]);
  strictEqual(result.code, 0);
  strictEqual(result.stdout.includes(ESCAPE), false);
  match(result.stdout, /\\x1b\[2J/);
});

Deno.test("a closed pipe is not an error", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  const result = await test.shell(
    '{ $LYCHD render --dry-run; echo "code $?" >&2; } | head -n 1',
  );
  strictEqual(result.stdout, "--- /dev/null\n");
  strictEqual(result.stderr, "code 0\n");
  const closed = await test.shell("$LYCHD render --dry-run | true; $LYCHD check >&-; echo $?");
  match(closed.stdout, /^[01]\n$/);
  strictEqual(closed.stderr.includes("Stack"), false, closed.stderr);
});

Deno.test("a terminal reports that its reader has closed the pipe", async () => {
  const module = new URL("../../src/run/terminal.ts", import.meta.url).href;
  const code = `import { processTerminal } from "${module}";
    const t = processTerminal({});
    const before = t.outIsGone();
    await new Promise((wake) => setTimeout(wake, 300));
    t.out("x");
    Deno.exit(before === false && t.outIsGone() ? 42 : 1);`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", code],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  await child.stdout.cancel();
  strictEqual((await child.status).code, 42);
});
