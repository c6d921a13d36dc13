import assert from "node:assert/strict";
import type { Facts, Probe } from "../core/facts.ts";
import { DENO_HOST } from "../host/deno_host.ts";
import type { Host } from "../host/host.ts";
import { foldersOfHome } from "../testing/folders_of_home.ts";
import { memoryContext } from "../testing/memory_context.ts";
import { memoryHost } from "../testing/memory_host.ts";
import { gatherCommands } from "./gather.ts";
import { findPrograms } from "./programs.ts";

async function gather(
  host: Host,
  probesFor: (known: Facts["commands"]) => readonly Probe[],
): Promise<{ commands: Facts["commands"]; err: string }> {
  const programs = {
    ...findPrograms(() => false),
    cat: "/usr/bin/cat",
    // Stand-ins that hang, print forever, and print their locale.
    df: "/usr/bin/sleep",
    grep: "/usr/bin/yes",
    ls: "/bin/sh",
  };
  const output = { out: "", err: "" };
  const { terminal } = memoryContext(output, { host, folders: foldersOfHome("/home/lich") });
  const commands = await gatherCommands({ host, programs, terminal }, probesFor);
  return { commands, err: output.err };
}

Deno.test("a program that hangs, is missing or prints forever becomes a fact", async () => {
  const { commands, err } = await gather(DENO_HOST, () => [
    { id: "hangs", program: "df", args: ["60"] },
    { id: "gone", program: "nvidiaSmi", args: [] },
    { id: "floods", program: "grep", args: [] },
    { id: "works", program: "cat", args: ["/etc/os-release", "/nowhere"] },
    { id: "locale", program: "ls", args: ["-c", "echo $LC_ALL"] },
  ]);
  assert.deepEqual(commands["hangs"], {
    command: "/usr/bin/sleep 60",
    failed: "no answer in 3000 ms",
  });
  assert.deepEqual(commands["gone"], { command: "nvidia-smi", failed: "there is no such program" });
  assert.match(JSON.stringify(commands["floods"]), /printed more than 4000000 bytes/);
  assert.ok("exit" in commands["works"]! && commands["works"].exit === 1);
  assert.match(JSON.stringify(commands["works"]), /ID=debian.*\/nowhere: No such file/);
  assert.deepEqual(commands["locale"], {
    command: "/bin/sh -c 'echo $LC_ALL'",
    exit: 0,
    stdout: ["C"],
    stderr: [],
  });
  assert.equal(err, "lychd: still waiting for /usr/bin/sleep 60\n");
});

Deno.test("a program that takes too long is killed", async () => {
  const marker = `3600.${Deno.pid}`;
  await gather(DENO_HOST, () => [{ id: "hangs", program: "df", args: [marker] }]);
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
  assert.doesNotMatch(new TextDecoder().decode(stdout), new RegExp(`sleep ${marker}`));
});

Deno.test("probes can depend on facts, and facts are in the order of their probes", async () => {
  const started: string[] = [];
  const host = memoryHost({}, async (_program, args) => {
    started.push(args[0] ?? "");
    // The first one finishes last.
    await new Promise((wake) => setTimeout(wake, args[0] === "a" ? 20 : 0));
    return { code: 0, stdout: `${args[0]}\n\n`, stderr: "" };
  });
  const { commands } = await gather(host, (known) => [
    { id: "a", program: "cat", args: ["a"] },
    ...known["b"] === undefined ? [] : [{ id: "c", program: "cat", args: ["c"] }],
    { id: "b", program: "cat", args: ["b"] },
  ]);
  assert.deepEqual(started, ["a", "b", "c"]);
  assert.deepEqual(Object.keys(commands), ["a", "c", "b"]);
  assert.deepEqual(commands["a"], {
    command: "/usr/bin/cat a",
    exit: 0,
    stdout: ["a", ""],
    stderr: [],
  });
});
