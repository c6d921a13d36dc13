/**
 * Each command as a process: behind the gate, in its sandbox, with the permissions that it has. All other
 * tests that judge no process run without one, so what both print is compared here.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import config from "../../deno.json" with { type: "json" };
import { commandTree } from "../../src/cli/tree.ts";
import { type Cli, EYE, SAGE } from "./cli.ts";
import { PURGE, RENDER, renderedHome, ROLLBACK } from "./inscription.ts";

/** A command line of each command, in an order in which one after the other has something to do. */
const LINES: readonly (readonly string[])[] = [
  ["--version"],
  ["help", "render"],
  ["init", "--codex", "new", "--engine", "vllm", "--model", "a/b", "--port", "9871"],
  ["add", "vllm", "--codex", "new", "--model", "c/d", "--coven", "chat", "--port", "9872"],
  ["check", "--codex", "new", "--json"],
  ["import", "quadlet", "eye.container", "--output", "imported"],
  ["import", "llama-swap", "swap.yaml"],
  ["render", "--dry-run"],
  RENDER,
  ["render", "--output", "out"],
  ["plan", "eye"],
  ["list"],
  ["covens"],
  ["status"],
  ["summon", "eye"],
  ["banish", "eye"],
  ["logs", "sage", "--lines", "1"],
  ["complete", "fish", "--", "summon", ""],
  ["doctor", "--only", "codex.valid"],
  ROLLBACK,
  [...PURGE, "--yes"],
  ["schema", "lychd"],
  ["completions", "bash"],
];

async function home(): Promise<Cli> {
  const test = await renderedHome();
  return test.codex({ "soulstones/eye.toml": EYE, "soulstones/sage.toml": SAGE })
    .write("eye.container", "[Container]\nImage=localhost/eye\n")
    .write("swap.yaml", "models:\n  a:\n    cmd: llama-server --port ${PORT} -hf a/b\n");
}

Deno.test("every command has a line here", () => {
  const tree = commandTree(config.version, { stdout: "", stderr: "" }, () => {});
  const named = new Set(LINES.map(([command]) => command));
  deepStrictEqual(tree.commands.map((each) => each.name()).filter((name) => !named.has(name)), []);
});

Deno.test("a command prints and writes as a process what it does without one", async (t) => {
  await using inside = await home();
  await using outside = (await home()).process();
  for (const args of LINES) {
    await t.step(args.join(" "), async () => {
      const [said, expected] = await Promise.all([outside.run(args), inside.run(args)]);
      deepStrictEqual(said, expected);
      strictEqual(said.stderr.includes("lychd itself may not do that"), false, said.stderr);
      deepStrictEqual(written(outside), written(inside));
    });
  }
});

/** What is in the folder of a test, without the times at which it was written and who wrote it. */
function written(test: Cli): string[] {
  return test.files().filter((path) => !path.endsWith("/.lychd-lock"))
    .map((path) => `${path}\n${test.read(path).replaceAll(test.dir, "[DIR]")}`);
}
