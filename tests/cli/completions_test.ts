/** Completions in the shells themselves, by a TAB at a terminal; and what lychd answers them. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Shell, SHELLS } from "../../src/core/completion/shell.ts";
import { type Cli, cli, exists, EYE, SAGE } from "./cli.ts";
import type { Step } from "./pty.ts";

/** A Coven and a capability have one name, and one Soulstone has a description. */
const SCRIBE = `[scribe]
image = "localhost/ocr"
port = 8782
groups = ["vision"]
capabilities = ["ocr", "vision"]
description = "Reads: \`every\` $(letter)"
env = { PORT = "8782" }
`;

function home(): Cli {
  return cli().codex({
    "soulstones/eye.toml": EYE + 'capabilities = ["see"]\n',
    "soulstones/sage.toml": SAGE,
    "soulstones/scribe.toml": SCRIBE,
  });
}

/** A shell that is not installed is a failure where it must be there: `LYCHD_TOOLS=require`. */
function isMissing(shell: Shell): boolean {
  const there = ["/bin", "/usr/bin"].some((folder) => exists(`${folder}/${shell}`));
  return !there && Deno.env.get("LYCHD_TOOLS") !== "require";
}

/** How a shell is started, has the completions, shows words, and lists what there is. */
const SESSIONS = {
  bash: {
    command: "bash --norc -i",
    start: "source <(lychd completions bash)",
    show: "show() { printf '<%s>' \"$@\"; echo; }",
    list: "\t\t",
  },
  zsh: {
    command: "zsh -f -i",
    start: "autoload -Uz compinit; compinit -u -D; setopt noautoremoveslash; " +
      "source <(lychd completions zsh)",
    show: "show() { printf '<%s>' \"$@\"; echo; }",
    list: "\t",
  },
  fish: {
    command: "fish --no-config -i",
    start: "lychd completions fish | source",
    show: "function show; printf '<%s>' $argv; echo; end",
    list: "\t",
  },
} as const satisfies Record<Shell, unknown>;

/** What is typed before a TAB, and the words of the line behind it. */
const LINES: readonly (readonly [line: string, ...words: string[]])[] = [
  ["lychd ren", "lychd", "render"],
  ["lychd summon e", "lychd", "summon", "eye"],
  ["lychd summon thi", "lychd", "summon", "think"],
  ["lychd summon coven:", "lychd", "summon", "coven:vision"],
  ["lychd summon ocr se", "lychd", "summon", "ocr", "see"],
  ["lychd logs 'scri", "lychd", "logs", "scribe"],
  ["lychd banish sa", "lychd", "banish", "sage"],
  ["lychd help sum", "lychd", "help", "summon"],
  ["lychd import qua", "lychd", "import", "quadlet"],
  ["lychd help import ll", "lychd", "help", "import", "llama-swap"],
  ["lychd import llama-swap my", "lychd", "import", "llama-swap", "my.json"],
  ["lychd render --dry", "lychd", "render", "--dry-run"],
  ["lychd init --engine sg", "lychd", "init", "--engine", "sglang"],
  ["lychd init --engine=sg", "lychd", "init", "--engine=sglang"],
  ["lychd doctor --only systemd.li", "lychd", "doctor", "--only", "systemd.linger"],
  ["lychd doctor --only cdi,systemd.li", "lychd", "doctor", "--only", "cdi,systemd.linger"],
  ["lychd check --codex mi", "lychd", "check", "--codex", "mine/"],
  ["lychd check --codex=mi", "lychd", "check", "--codex=mine/"],
  ["lychd doctor --facts my", "lychd", "doctor", "--facts", "my.json"],
  ["lychd summon --codex mine x", "lychd", "summon", "--codex", "mine", "xerxes"],
  ["lychd schema nothing-fits", "lychd", "schema", "nothing-fits"],
];

/** What there is to choose from behind `lychd summon `. */
const WISHES = [
  ...["coven:vision", "think", "eye", "sage", "scribe"],
  ...["ocr", "see", "capability:vision"],
];

const START_OF_LINE = "\u0001";
const ERASE_LINE = "\u0015";

Deno.test("each shell completes at a TAB, and runs nothing that is typed", async (t) => {
  // At the same time: a session at a terminal is mostly waiting.
  const atOnce = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  await Promise.all(
    SHELLS.map((shell) =>
      t.step({ name: shell, ignore: isMissing(shell), fn: () => completes(shell), ...atOnce })
    ),
  );
});

async function completes(shell: Shell): Promise<void> {
  await using test = home();
  test.write("mine/soulstones/x.toml", EYE.replace("[eye]", "[xerxes]")).write("my.json", "{}");
  const { command, start, show, list } = SESSIONS[shell];
  const shown = (words: readonly string[]) => words.map((word) => `<${word}>`).join("");
  const steps: Step[] = [["", `${start}; ${show}; echo rea""dy\r`]];
  let awaited = "ready";
  for (const [line, ...words] of LINES) {
    steps.push([awaited, `${line}\t${START_OF_LINE}show \r`]);
    awaited = shown(words);
  }
  steps.push([awaited, `lychd summon ${list}`]);
  steps.push(["think", `${ERASE_LINE}lychd check $(touch run) \t${ERASE_LINE}exit\r`]);
  const said = await test.atTerminal(command, steps, {
    PATH: `${test.onPath()}:${Deno.env.get("PATH")}`,
    PS1: "$ ",
  });
  // deno-lint-ignore no-control-regex
  const plain = said.shown.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, " ");
  const listed = plain.slice(plain.lastIndexOf("<nothing-fits>"));
  for (const wish of WISHES) match(listed, new RegExp(`(?<![\\w:])${wish}(?![\\w:])`));
  strictEqual(exists(`${test.dir}/run`), false);
}

Deno.test("a shell is answered from the Codex that there is, also from a broken one", async () => {
  await using test = home();
  const answer = async (...words: string[]) =>
    (await test.run(["complete", "fish", "--", ...words])).stdout.split("\n");
  deepStrictEqual(await answer("summon", "see", ""), [
    "words",
    "ocr\tcapability of scribe",
    "vision\tcapability of scribe",
    "",
  ]);
  deepStrictEqual(await answer("logs", "sa"), [
    "words",
    "sage\tSoulstone: Qwen/Qwen3-VL-8B-Instruct",
    "",
  ]);
  deepStrictEqual(await answer("logs", "sage", ""), ["words", ""]);
  // A capability can be wished for, but not stopped.
  deepStrictEqual(await answer("banish", "oc"), ["words", ""]);
  deepStrictEqual(await answer("summon", "--codex=nowhere", ""), ["words", ""]);
  test.codex({
    "soulstones/eye.toml": '[eye]\nport = 1\n["\\u001b[2J"]\nport = 2\n[x]\nport = \'',
    "soulstones/sage.toml": "[sage]\nport = 1\n",
  });
  deepStrictEqual(await answer("logs", "s"), [
    "words",
    "sage\tSoulstone",
    "scribe\tSoulstone: Reads: `every` $(letter)",
    "",
  ]);
});

Deno.test("completions are for one of three shells", async () => {
  await using test = cli();
  const nowhere = { HOME: undefined, XDG_CONFIG_HOME: undefined };
  for (const shell of SHELLS) {
    const said = await test.run(["completions", shell], nowhere);
    deepStrictEqual([said.code, said.stderr], [0, ""]);
    match(said.stdout, new RegExp(`lychd complete ${shell} --`));
  }
  await test.expect(["completions", "fich"], {
    code: 2,
    stderr: "error: command-argument value 'fich' is invalid for argument 'shell'. " +
      "Allowed choices are bash, zsh, fish.\n(Did you mean fish?)\n" +
      "(lychd completions --help tells what there is)\n",
  });
});
