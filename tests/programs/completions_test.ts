/** Tests completions in real shells, with TAB on a terminal, and the answers of lychd. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { type Shell, SHELLS } from "../../src/core/completion/shell.ts";
import { type Cli, cli, exists, EYE, SAGE } from "../cli/cli.ts";
import type { Step } from "../cli/pty.ts";

/** A Soulstone with a description, whose capability has the name of its Coven. */
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
    "soulstones/sage.toml": SAGE + 'slot = "deep"\n',
    "soulstones/scribe.toml": SCRIBE,
  });
}

/** Returns true if a shell is not installed, and `LYCHD_TOOLS=require` does not require it. */
function isMissing(shell: Shell): boolean {
  const isInstalled = ["/bin", "/usr/bin"].some((folder) => exists(`${folder}/${shell}`));
  return !isInstalled && Deno.env.get("LYCHD_TOOLS") !== "require";
}

/** The command of each shell, and its lines that load completions, print words and list candidates. */
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

/** The typed line before a TAB, and the words of the line after it. */
const LINES: readonly (readonly [line: string, ...words: string[]])[] = [
  ["lychd ren", "lychd", "render"],
  ["lychd summon e", "lychd", "summon", "eye"],
  ["lychd summon thi", "lychd", "summon", "think"],
  ["lychd summon coven:", "lychd", "summon", "coven:vision"],
  ["lychd summon ocr se", "lychd", "summon", "ocr", "see"],
  ["lychd banish 'scri", "lychd", "banish", "scribe"],
  ["lychd banish sa", "lychd", "banish", "sage"],
  ["lychd help sum", "lychd", "help", "summon"],
  ["lychd import qua", "lychd", "import", "quadlet"],
  ["lychd help import ll", "lychd", "help", "import", "llama-swap"],
  ["lychd import llama-swap my", "lychd", "import", "llama-swap", "my.json"],
  ["lychd render --dry", "lychd", "render", "--dry-run"],
  ["lychd init --engine sg", "lychd", "init", "--engine", "sglang"],
  ["lychd init --engine=sg", "lychd", "init", "--engine=sglang"],
  ["lychd add vllm --slot de", "lychd", "add", "vllm", "--slot", "deep"],
  ["lychd doctor --only systemd.li", "lychd", "doctor", "--only", "systemd.linger"],
  ["lychd doctor --only cdi,systemd.li", "lychd", "doctor", "--only", "cdi,systemd.linger"],
  ["lychd check --codex mi", "lychd", "check", "--codex", "mine/"],
  ["lychd check --codex=mi", "lychd", "check", "--codex=mine/"],
  ["lychd doctor --facts my", "lychd", "doctor", "--facts", "my.json"],
  ["lychd summon --codex mine x", "lychd", "summon", "--codex", "mine", "xerxes"],
  ["lychd schema nothing-fits", "lychd", "schema", "nothing-fits"],
];

/** The candidates after `lychd summon `. */
const WISHES = [
  ...["coven:vision", "think", "eye", "sage", "scribe"],
  ...["ocr", "see", "capability:vision"],
];

const START_OF_LINE = "\u0001";
const ERASE_LINE = "\u0015";

Deno.test("every shell completes on TAB, and runs nothing of the typed line", async (t) => {
  // In parallel: a session on a terminal mostly waits.
  const inParallel = { sanitizeOps: false, sanitizeResources: false, sanitizeExit: false };
  await Promise.all(
    SHELLS.map((shell) =>
      t.step({ name: shell, ignore: isMissing(shell), fn: () => completes(shell), ...inParallel })
    ),
  );
});

/** Sends its arguments to this process and prints the answer. */
const CLIENT = `#!/usr/bin/env bash
exec 3<>/dev/tcp/127.0.0.1/PORT
printf '%s\\0' $# "$@" >&3
exec cat <&3
`;

/**
 * Makes `lychd` on the PATH of a test get its output from this process, because a process of lychd for
 * each TAB is slow. Stops when disposed.
 */
function serve(test: Cli): Disposable {
  const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  test.write("bin/lychd", CLIENT.replace("PORT", String(server.addr.port)));
  (async () => {
    for await (const connection of server) {
      const { stdout } = await test.run(await argumentsFrom(connection));
      const writer = connection.writable.getWriter();
      // A shell may have stopped a completion of which it no longer needs the answer.
      await writer.write(new TextEncoder().encode(stdout)).then(() => writer.close(), () => {});
    }
  })();
  return { [Symbol.dispose]: () => server.close() };
}

/** Reads the number of arguments and the arguments, each with a NUL after it. */
async function argumentsFrom(connection: Deno.TcpConn): Promise<string[]> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  for (let text = "";;) {
    const length = await connection.read(buffer);
    text += decoder.decode(buffer.subarray(0, length ?? 0), { stream: true });
    const [count, ...args] = text.split("\0").slice(0, -1);
    if (length === null || Number(count) === args.length) return args;
  }
}

async function completes(shell: Shell): Promise<void> {
  await using test = home();
  const path = test.onPath();
  using _server = Deno.env.get("LYCHD_BINARY") ? undefined : serve(test);
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
  const result = await test.atTerminal(command, steps, {
    PATH: `${path}:${Deno.env.get("PATH")}`,
    PS1: "$ ",
  });
  // deno-lint-ignore no-control-regex
  const plain = result.shown.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, " ");
  const listed = plain.slice(plain.lastIndexOf("<nothing-fits>"));
  for (const wish of WISHES) match(listed, new RegExp(`(?<![\\w:])${wish}(?![\\w:])`));
  strictEqual(exists(`${test.dir}/run`), false);
}

Deno.test("completions come from the Codex, even from an invalid one", async () => {
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
  // summon accepts a capability; banish does not.
  deepStrictEqual(await answer("banish", "oc"), ["words", ""]);
  deepStrictEqual(await answer("summon", "--codex=nowhere", ""), ["words", ""]);
  test.codex({
    "soulstones/eye.toml": '[eye]\nport = 1\n["\\u001b[2J"]\nport = 2\n[x]\nport = \'',
    "soulstones/sage.toml": "[sage]\nport = 1\n",
  });
  deepStrictEqual(await answer("logs", "s"), [
    "words",
    "sage\tSoulstone",
    "soulstone:scribe\tSoulstone: Reads: `every` $(letter)",
    "service:scribe\tWatcher: Grafana",
    "",
  ]);
  deepStrictEqual(await answer("status", "p"), ["words", "pod\tthe pod of all engines", ""]);
});

Deno.test("completions are printed for three shells; others are refused", async () => {
  await using test = cli();
  const nowhere = { HOME: undefined, XDG_CONFIG_HOME: undefined };
  for (const shell of SHELLS) {
    const result = await test.run(["completions", shell], nowhere);
    deepStrictEqual([result.code, result.stderr], [0, ""]);
    match(result.stdout, new RegExp(`lychd complete ${shell} --`));
  }
  await test.expect(["completions", "fich"], {
    code: 2,
    stderr: "error: command-argument value 'fich' is invalid for argument 'shell'. " +
      "Allowed choices are bash, zsh, fish.\n(Did you mean fish?)\n" +
      "hint: lychd completions --help\n",
  });
});
