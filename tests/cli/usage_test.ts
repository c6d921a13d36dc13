import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { split } from "shlex";
import config from "../../deno.json" with { type: "json" };
import type { Command } from "commander";
import { commandTree, parseCommandLine } from "../../src/cli/tree.ts";
import { cli } from "./cli.ts";

/** Returns the hint of wrong usage: the help of the innermost command that the line names. */
function hintFor(given: readonly string[]): string {
  const args = given[0] === "help" ? given.slice(1) : given;
  const named =
    COMMANDS.filter((words) => words.length > 0 && words.every((word, i) => word === args[i])).at(
      -1,
    ) ?? [];
  return `hint: ${["lychd", ...named].join(" ")} --help\n`;
}

/** An environment without anything that other commands need. */
const NOWHERE = { HOME: undefined, PATH: undefined, XDG_CONFIG_HOME: "relative" };

/** The words of every command, including the program itself and subcommands. */
const COMMANDS = commandsBelow(
  commandTree(config.version, { stdout: "", stderr: "" }, () => {}),
  [],
);

function commandsBelow(command: Command, words: readonly string[]): (readonly string[])[] {
  return [
    words,
    ...command.commands.flatMap((below) => commandsBelow(below, [...words, below.name()])),
  ];
}

Deno.test("the help of every command has examples and exit codes, 80 columns and no colors", async () => {
  await using test = cli();
  for (const words of COMMANDS) {
    const [byOption, byCommand] = await Promise.all([
      test.run([...words, "--help"], { ...NOWHERE, FORCE_COLOR: "1" }),
      test.run(["help", ...words], NOWHERE),
    ]);
    deepStrictEqual(byOption, byCommand);
    const { code, stdout, stderr } = byOption;
    deepStrictEqual([code, stderr], [0, ""]);
    match(stdout, new RegExp(`^Usage: lychd ${words.join(" ")}(?:\\|\\w+)? ?(?:\\[|<|\n)`));
    match(stdout, /\nExamples:\n {2}\S/);
    match(stdout, /\nExit codes:\n {2}0 {2}ok\n/);
    for (const line of stdout.split("\n")) strictEqual(line.length <= 80, true, line);
    match(stdout, /^[\n\x20-\x7e]*$/);
    strictEqual(stdout.includes("\u001b"), false);
  }
});

Deno.test("help has the width of the terminal, and whole lines", () => {
  for (const words of COMMANDS) {
    for (const columns of [40, 60, 80]) {
      const parsed = parseCommandLine([...words, "--help"], config.version, columns);
      strictEqual(parsed.kind, "exit");
      const [text = ""] = parsed.kind === "exit" ? parsed.stdout.split("\nExamples:\n") : [];
      for (const line of text.split("\n").slice(1)) {
        // Only a word on its own may be longer.
        strictEqual(line.length <= columns || !line.trim().includes(" "), true, line);
      }
      // The paragraphs; below them are the tables of arguments and options.
      const [about = ""] = text.split(/\n\n(?:Arguments|Options|Commands|[A-Z][^\n]*):\n/);
      const lines = about.split("\n").slice(1);
      for (const [i, line] of lines.entries()) {
        const [next = ""] = (lines[i + 1] ?? "").split(" ");
        const isShort = line !== "" && next !== "" && line.length + 1 + next.length < columns;
        strictEqual(isShort, false, `${words.join(" ")} at ${columns}: ${line}`);
      }
    }
  }
});

Deno.test("lychd accepts every example of its help", async () => {
  await using test = cli();
  let count = 0;
  for (const words of COMMANDS) {
    const { stdout } = await test.run([...words, "--help"], NOWHERE);
    const [examples = ""] = stdout.split("\nExamples:\n")[1]?.split("\n\n") ?? [];
    for (const line of examples.replaceAll(/\\\n */g, "").split("\n")) {
      // Without the parts of the shell, such as `source <(…)` and `> file`.
      const own = /lychd [^<>)]*/.exec(line)?.[0];
      const parsed = parseCommandLine(split(own ?? "").slice(1), config.version);
      strictEqual(parsed.kind === "run" || parsed.code === 0, true, line);
      count++;
    }
  }
  strictEqual(count > 40, true, `${count} examples`);
});

Deno.test("start, stop and ps are other names of summon, banish and status", async () => {
  await using test = cli();
  for (
    const [alias, name] of [["start", "summon"], ["stop", "banish"], ["ps", "status"]] as const
  ) {
    for (const words of [["eye"], ["--nope"], ["--json"], []]) {
      const [byAlias, byName] = [alias, name].map((command) =>
        parseCommandLine([command, ...words], config.version)
      );
      deepStrictEqual(byAlias, byName);
    }
    deepStrictEqual(await test.run(["help", alias]), await test.run(["help", name]));
    match((await test.run(["--help"])).stdout, new RegExp(`\n  ${name}\\|${alias} `));
    match(
      (await test.run(["complete", "fish", "--", alias])).stdout,
      new RegExp(`\n${alias}\tthe same as ${name}\n`),
    );
  }
});

Deno.test("--version needs no environment", async () => {
  await using test = cli();
  await test.expect(["--version"], { stdout: `${config.version}\n` }, NOWHERE);
  await test.expect(["-V"], { stdout: `${config.version}\n` }, NOWHERE);
});

const TOO_MANY = (command: string, word: string) =>
  `error: too many arguments for '${command}'. Expected 0 arguments but got 1: ${word}.\n`;

const WRONG: readonly { readonly args: readonly string[]; readonly stderr: string }[] = [
  { args: ["chek"], stderr: "error: unknown command 'chek'\n(Did you mean check?)\n" },
  {
    args: ["import", "qadlet"],
    stderr: "error: unknown command 'qadlet'\n(Did you mean quadlet?)\n",
  },
  {
    args: ["help", "import", "qadlet"],
    stderr: "error: unknown command 'qadlet'\n(Did you mean quadlet?)\n",
  },
  { args: ["help", "chek"], stderr: "error: unknown command 'chek'\n(Did you mean check?)\n" },
  { args: ["--nope"], stderr: "error: unknown option '--nope'\n" },
  { args: ["check", "--jsn"], stderr: "error: unknown option '--jsn'\n(Did you mean --json?)\n" },
  { args: ["check", "extra"], stderr: TOO_MANY("check", "extra") },
  {
    args: ["render", "--output"],
    stderr: "error: option '--output <dir>' argument missing\n",
  },
  {
    args: ["render", "--output="],
    stderr: "error: option '--output <dir>' argument '' is invalid. " +
      "It must be the name of a folder.\n",
  },
  {
    args: ["render", "--target", "kubernetes"],
    stderr: "error: --target kubernetes needs --output DIR\n",
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
  { args: ["purge", "--codex", "x"], stderr: "error: unknown option '--codex'\n" },
  { args: ["rollback", "2"], stderr: TOO_MANY("rollback", "2") },
  { args: ["purge", "--dry-run"], stderr: "error: unknown option '--dry-run'\n" },
  { args: ["purge", "eye"], stderr: TOO_MANY("purge", "eye") },
  { args: ["plan"], stderr: "error: missing required argument 'wish'\n" },
  { args: ["list", "eye"], stderr: TOO_MANY("list", "eye") },
  { args: ["status", "--codex", "x"], stderr: "error: unknown option '--codex'\n" },
  {
    args: ["summon"],
    stderr: "error: name what to start: a Coven, a Soulstone or capabilities\n",
  },
  {
    args: ["summon", "eye", "--hold", "--release"],
    stderr: "error: option '--hold' cannot be used with option '--release'\n",
  },
  {
    args: ["summon", "eye", "--timeout=soon"],
    stderr: "error: option '--timeout <seconds>' argument 'soon' is invalid. " +
      "It must be a whole number of seconds.\n",
  },
  {
    args: ["banish", "eye", "owl"],
    stderr: "error: too many arguments for 'banish'. Expected 1 argument but got 2: eye, owl.\n",
  },
  {
    args: ["status", "--short", "--json"],
    stderr: "error: option '--short' cannot be used with option '--json'\n",
  },
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

Deno.test("wrong usage exits with 2, explains the error on stderr, and writes nothing", async () => {
  await using test = cli();
  const before = test.listing();
  await Promise.all(
    WRONG.map(({ args, stderr }) => test.expect(args, { code: 2, stderr: stderr + hintFor(args) })),
  );
  await test.expect(["check", "--codex="], {
    code: 2,
    stderr:
      "error: option '--codex <dir>' argument '' is invalid. It must be the name of a folder.\n" +
      "hint: lychd check --help\n",
  });
  strictEqual(test.listing().join("\n"), before.join("\n"));
});

Deno.test("lychd without a command is wrong usage and prints the help on stderr", async () => {
  await using test = cli();
  const result = await test.run([]);
  strictEqual(result.code, 2);
  strictEqual(result.stdout, "");
  match(result.stderr, /^Usage: lychd/);
});
