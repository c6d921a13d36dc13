/** Tests that no word of a command line and no text of a file controls the terminal. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { CommandDeclaration } from "../../src/cli/declare.ts";
import { PROGRAM } from "../../src/cli/tree.ts";
import { factsOf, readHost } from "../doctor/hosts.ts";
import { type Cli, cli, EYE, NO_WATCHERS } from "./cli.ts";

/** One of each kind: an escape sequence, C1, bidirectional, DEL, and ends of lines. */
const KINDS = [
  "\u001b[2J",
  "\u009b1m",
  "\u202e",
  "\u2066",
  "\u007f",
  "\r",
  "\n",
  "\u0085",
  "\u2028",
];
const HOSTILE = `x${KINDS.join("y")}z`;

const ESCAPED = String.raw`x\x1b[2Jy\x9b1my\u{202e}y\u{2066}y\x7fy\ry\ny\x85y\u{2028}z`;

/** The characters that {@linkcode HOSTILE} would send to a terminal, without the ends of lines. */
// deno-lint-ignore no-control-regex
const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/u;

/** One line of so many is run; all of them in the process of the test. */
const EVERY = Deno.env.get("LYCHD_BINARY") ? 10 : 1;

/** The lines of a report: a line end of the hostile word would start another one. */
const LINES = /^(?:(?:error|lychd|warning|hint): [^\n]*\n|\(Did you mean [^\n]*\n)+$/;

/** Returns every command line with the hostile word in one place. */
function* linesOf(
  { name, options, operands, commands }: CommandDeclaration,
  above: readonly string[],
): Generator<readonly string[]> {
  const words = [...above, name];
  for (const below of commands) yield* linesOf(below, words);
  const count = Object.keys(operands).length;
  const valid = Object.values(operands).map(({ choices }) => choices?.[0] ?? "x");
  yield [...words, `--${HOSTILE}`];
  yield [...words, `-${HOSTILE}`];
  yield [...words, `-Z${HOSTILE}`];
  yield [...words, ...valid, HOSTILE];
  for (let i = 0; i < count; i++) yield [...words, ...valid.with(i, HOSTILE)];
  for (const { flags } of Object.values(options)) {
    for (const flag of flags.match(/(?<![\w-])--?[\w-]+/g) ?? []) {
      yield [...words, ...valid, flag, HOSTILE];
      yield [...words, ...valid, flag.startsWith("--") ? `${flag}=${HOSTILE}` : flag + HOSTILE];
    }
  }
}

Deno.test("no word of a command line controls the terminal, in any place of any command", async () => {
  await using test = cli().codex({ "soulstones/eye.toml": EYE });
  let wrong = 0;
  for (const [i, [, ...words]] of [...linesOf(PROGRAM, [])].entries()) {
    // A process for each line is slow.
    if (i % EVERY !== 0) continue;
    const shown = words.map((word) => word.replaceAll(HOSTILE, "HOSTILE")).join(" ");
    const { code, stdout, stderr } = await test.run(words, { PATH: undefined });
    deepStrictEqual([stdout, stderr].filter((text) => RAW.test(text)), [], shown);
    if (code !== 2) continue;
    wrong++;
    // The word has no line of its own.
    match(stderr, LINES, shown);
    if (stderr.includes("z'")) ok(stderr.includes(ESCAPED), stderr);
  }
  ok(wrong > 100 / EVERY, `${wrong} lines were wrong usage`);
});

/** The text in values of TOML; a unit has no line ends, and its C1 characters are escaped. */
const VALUE = String.raw`x\u202ey\u2066z\u009b1m`;

/** Makes a home with the hostile text in every file that a command reads. */
async function hostileHome(): Promise<Cli> {
  const facts = await factsOf(readHost("debian-13-nvidia"));
  return cli().codex({
    "lychd.toml": NO_WATCHERS,
    "soulstones/eye.toml":
      `${EYE}description = "x\\u202ey\\u2066z"\nexec = ["${VALUE}"]\nenv = { A = "${VALUE}" }\n`,
  })
    .write("u.container", `[Container]\nImage=a/b\nEnvironment="A=${RAW_VALUE}"\n# ${RAW_VALUE}\n`)
    .write(
      "facts.json",
      JSON.stringify(
        JSON.parse(
          JSON.stringify(facts),
          (key, value) =>
            typeof value === "string" && !["command", "lychd"].includes(key)
              ? `${value}${HOSTILE}`
              : value,
        ),
      ),
    )
    .write(`${QUADLET}/soulstone-eye.container`, `# ${RAW_VALUE}\u007f\u001b[2J\n`);
}

const RAW_VALUE = JSON.parse(`"${VALUE}"`);
const QUADLET = "home/.config/containers/systemd/lychd";

/** Commands that print texts of files. */
const READERS = [
  "check",
  "render --dry-run",
  "explain eye",
  "list",
  "covens",
  "import quadlet u.container",
  "doctor --facts facts.json",
];

Deno.test("JSON never has a character that controls the terminal, and keeps every text", async () => {
  await using test = await hostileHome();
  for (const line of READERS) {
    const { code, stdout, stderr } = await test.run([...line.split(" "), "--json"]);
    ok(code !== 1, stderr);
    deepStrictEqual([stdout, stderr].filter((text) => RAW.test(text)), [], line);
    JSON.parse(stdout);
  }
  const { changes } = JSON.parse((await test.run(["render", "--dry-run", "--json"])).stdout);
  const diffs = changes.map(({ diff }: { diff: string }) => diff).join("");
  ok(diffs.includes(`-# ${RAW_VALUE}\u007f\u001b[2J\n`));
});

Deno.test("a pipe gets the diff as the files have it; a terminal gets visible characters", async () => {
  await using test = await hostileHome();
  const { stdout } = await test.run(["render", "--dry-run"]);
  ok(stdout.includes(`-# ${RAW_VALUE}\u007f\u001b[2J\n`));
  const path = test.onPath();
  const lines = READERS.map((line) => `lychd ${line}; echo END`).join("; ");
  const { shown } = await test.atTerminal(`sh -c '${lines}'`, [], {
    PATH: `${path}:${Deno.env.get("PATH")}`,
    NO_COLOR: "1",
  });
  const outputs = shown.replaceAll("\r\n", "\n").split("END\n");
  strictEqual(outputs.length, READERS.length + 1, shown);
  for (const [i, text] of outputs.entries()) strictEqual(RAW.exec(text), null, READERS[i]);
  ok(shown.includes(String.raw`-# x\u{202e}y\u{2066}z\x9b1m\x7f\x1b[2J`), shown);
});
