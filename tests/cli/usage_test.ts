import { match, strictEqual } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { cli } from "./cli.ts";

const TELLS = "(lychd --help tells what there is)\n";

/** Commands whose help has nothing of its own to be tested. */
const OTHERS = ["doctor", "import", "plan", "list", "covens", "summon", "banish", "status", "logs"];

Deno.test("help and version need no home, no Codex and no folder", async () => {
  await using test = cli();
  const nowhere = { HOME: undefined, PATH: undefined, XDG_CONFIG_HOME: "relative" };
  const [short, long, version, ofCheck, ofRender, byCommand, ofRollback, ofPurge, ...others] =
    await Promise.all([
      test.run(["-h"], nowhere),
      test.run(["--help"], nowhere),
      test.run(["--version"], nowhere),
      test.run(["check", "--help"], nowhere),
      test.run(["render", "-h"], nowhere),
      test.run(["help", "render"], nowhere),
      test.run(["rollback", "--help"], nowhere),
      test.run(["help", "purge"], nowhere),
      ...OTHERS.map((command) => test.run([command, "--help"], nowhere)),
    ]);
  for (
    const said of [
      short,
      long,
      version,
      ofCheck,
      ofRender,
      byCommand,
      ofRollback,
      ofPurge,
      ...others,
    ]
  ) {
    strictEqual(said.stderr, "");
    strictEqual(said.code, 0);
  }
  strictEqual(version.stdout, `${config.version}\n`);
  strictEqual(short.stdout, long.stdout);
  strictEqual(ofRender.stdout, byCommand.stdout);
  match(long.stdout, /^Usage: lychd \[options\] \[command\]\n/);
  match(ofCheck.stdout, /^Usage: lychd check \[options\]\n/);
  match(ofRender.stdout, /^Usage: lychd render \[options\]\n/);
  match(ofRollback.stdout, /^Usage: lychd rollback \[options\]\n/);
  match(ofPurge.stdout, /^Usage: lychd purge \[options\]\n/);
  for (const [i, { stdout }] of others.entries()) {
    match(stdout, new RegExp(`^Usage: lychd ${OTHERS[i]} \\[options\\]`));
  }
  for (const { stdout } of [long, ofCheck, ofRender, ofRollback, ofPurge, ...others]) {
    match(stdout, /\nExit codes:\n {2}0 {2}ok\n/);
    for (const line of stdout.split("\n")) strictEqual(line.length <= 80, true, line);
  }
});

const TOO_MANY = (command: string, word: string) =>
  `error: too many arguments for '${command}'. Expected 0 arguments but got 1: ${word}.\n`;

const WRONG: readonly { readonly args: readonly string[]; readonly stderr: string }[] = [
  { args: ["chek"], stderr: "error: unknown command 'chek'\n(Did you mean check?)\n" },
  { args: ["--nope"], stderr: "error: unknown option '--nope'\n" },
  { args: ["check", "--jsn"], stderr: "error: unknown option '--jsn'\n(Did you mean --json?)\n" },
  { args: ["check", "extra"], stderr: TOO_MANY("check", "extra") },
  {
    args: ["render", "--output"],
    stderr: "error: option '--output <dir>' argument missing\n",
  },
  { args: ["render", "--output="], stderr: "error: --output needs the name of a folder\n" },
  {
    args: ["render", "--dry-run", "--output", "x"],
    stderr: "error: option '--dry-run' cannot be used with option '--output <dir>'\n",
  },
  {
    args: ["render", "--dry-run", "--force"],
    stderr: "error: option '--dry-run' cannot be used with option '--force'\n",
  },
  {
    args: ["render", "--exit-code", "--restart"],
    stderr: "error: option '--exit-code' cannot be used with option '--restart'\n",
  },
  {
    args: ["render", "--output", "x", "--force"],
    stderr: "error: option '--output <dir>' cannot be used with option '--force'\n",
  },
  { args: ["render", "--yes"], stderr: "error: unknown option '--yes'\n" },
  { args: ["rollback", "--codex", "x"], stderr: "error: unknown option '--codex'\n" },
  { args: ["rollback", "2"], stderr: TOO_MANY("rollback", "2") },
  { args: ["purge", "--dry-run"], stderr: "error: unknown option '--dry-run'\n" },
  { args: ["purge", "eye"], stderr: TOO_MANY("purge", "eye") },
  { args: ["plan"], stderr: "error: missing required argument 'wish'\n" },
  { args: ["list", "eye"], stderr: TOO_MANY("list", "eye") },
  { args: ["status", "--codex", "x"], stderr: "error: unknown option '--codex'\n" },
  { args: ["summon"], stderr: "error: missing required argument 'wish'\n" },
  {
    args: ["summon", "eye", "--timeout=soon"],
    stderr: "error: option '--timeout <seconds>' argument 'soon' is invalid. " +
      "It must be a whole number of seconds.\n",
  },
  {
    args: ["banish", "eye", "owl"],
    stderr: "error: too many arguments for 'banish'. Expected 1 argument but got 2: eye, owl.\n",
  },
  { args: ["logs"], stderr: "error: missing required argument 'name'\n" },
  {
    args: ["logs", "eye", "--lines=many"],
    stderr: "error: option '-n, --lines <count>' argument 'many' is invalid. " +
      "It must be a whole number.\n",
  },
  ...["-1", "1.5", "soon", "", "100000"].map((seconds) => ({
    args: ["render", `--wait=${seconds}`],
    stderr: `error: option '--wait <seconds>' argument '${seconds}' is invalid. ` +
      "It must be a whole number of seconds.\n",
  })),
];

Deno.test("wrong usage exits 2, says what is wrong on stderr, and writes nothing", async () => {
  await using test = cli();
  const before = test.listing();
  await Promise.all(
    WRONG.map(({ args, stderr }) => test.expect(args, { code: 2, stderr: stderr + TELLS })),
  );
  await test.expect(["check", "--codex="], {
    code: 2,
    stderr: "error: --codex needs the name of a folder\n",
  });
  strictEqual(test.listing().join("\n"), before.join("\n"));
});

Deno.test("no command at all is wrong usage and shows the help on stderr", async () => {
  await using test = cli();
  const said = await test.run([]);
  strictEqual(said.code, 2);
  strictEqual(said.stdout, "");
  match(said.stderr, /^Usage: lychd/);
});
