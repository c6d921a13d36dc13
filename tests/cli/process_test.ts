/**
 * Runs each command as a process, in its sandbox and with its permissions. Most other tests run commands
 * without a process, so this one compares the output of both.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { commandTree } from "../../src/cli/tree.ts";
import { type Cli, EYE, SAGE } from "./cli.ts";
import { PURGE, RENDER, renderedHome, ROLLBACK } from "./inscription.ts";

/** Command lines of every command, in an order in which each one has something to do. */
const LINES: readonly (readonly string[])[] = [
  ["--version"],
  ["help", "render"],
  // Its default is different for a binary, and its key is random.
  ["init", "--no-vessel", "--codex", "new", "--engine", "vllm", "--model", "a/b", "--port", "9871"],
  ["add", "vllm", "--codex", "new", "--model", "c/d", "--coven", "chat", "--port", "9872"],
  ["check", "--codex", "new", "--json"],
  ["import", "quadlet", "eye.container", "--output", "imported"],
  ["import", "llama-swap", "swap.yaml"],
  ["render", "--dry-run"],
  RENDER,
  ["render", "--output", "out"],
  ["explain", "eye"],
  ["plan", "eye"],
  ["pull", "eye", "--dry-run"],
  ["list"],
  ["covens"],
  ["status"],
  ["summon", "eye"],
  ["banish", "eye"],
  ["logs", "sage", "--lines", "1"],
  ["chat", "eye", "hello"],
  ["top"],
  ["complete", "fish", "--", "summon", ""],
  ["doctor", "--only", "codex.valid"],
  ["edit", "eye"],
  ["apply"],
  ["restart", "eye"],
  ROLLBACK,
  [...PURGE, "--yes"],
  ["schema", "lychd"],
  ["completions", "bash"],
  ["licenses"],
];

/** Not compared: they need sandboxes of a process. `self_test_test.ts` and tests/lab cover them. */
const PROCESS_ONLY = ["self-test", "serve"];

async function home(): Promise<Cli> {
  const test = await renderedHome();
  return test.codex({ "soulstones/eye.toml": EYE, "soulstones/sage.toml": SAGE })
    .write("eye.container", "[Container]\nImage=localhost/eye\n")
    .write("swap.yaml", "models:\n  a:\n    cmd: llama-server --port ${PORT} -hf a/b\n");
}

Deno.test("every command has a line here", () => {
  const tree = commandTree(config.version, { stdout: "", stderr: "" }, () => {});
  const named = new Set([...PROCESS_ONLY, ...LINES.map(([command]) => command)]);
  deepStrictEqual(tree.commands.map((each) => each.name()).filter((name) => !named.has(name)), []);
});

Deno.test("every command prints and writes the same with and without a process", async (t) => {
  await using inside = await home();
  await using outside = (await home()).process();
  for (const args of LINES) {
    await t.step(args.join(" "), async () => {
      const [result, expected] = await Promise.all([outside.run(args), inside.run(args)]);
      deepStrictEqual(result, expected);
      strictEqual(
        result.stderr.includes("the sandbox of this command does not allow it"),
        false,
        result.stderr,
      );
      deepStrictEqual(filesOf(outside), filesOf(inside));
    });
  }
});

/** Returns the paths and contents of all files of a test, without the lock file. */
function filesOf(test: Cli): string[] {
  return test.files().filter((path) => !path.endsWith("/.lychd-lock"))
    .map((path) => `${path}\n${test.read(path).replaceAll(test.dir, "[DIR]")}`);
}
