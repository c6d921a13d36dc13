import assert from "node:assert/strict";
import type { Facts, Probe } from "../core/facts.ts";
import { DENO_HOST } from "./deno_host.ts";
import { gatherFacts } from "./facts.ts";
import type { Host } from "./host.ts";
import { memoryHost } from "../testing/memory_host.ts";

const PROGRAMS = {
  sleep: "/usr/bin/sleep",
  cat: "/usr/bin/cat",
  sh: "/bin/sh",
  yes: "/usr/bin/yes",
};

function gather(
  host: Host,
  probesFor: (known: Facts["commands"]) => readonly Probe[],
): Promise<{ commands: Facts["commands"]; slow: string[] }> {
  const slow: string[] = [];
  return gatherFacts({
    host,
    programs: PROGRAMS,
    probesFor,
    nameOf: (name) => name,
    commandLine: (words) => words.join(" "),
    onSlow: (command) => slow.push(command),
  }).then((commands) => ({ commands, slow }));
}

Deno.test("a program that hangs, or cannot be found, or talks without end, is a fact", async () => {
  const { commands, slow } = await gather(DENO_HOST, () => [
    { id: "hangs", program: "sleep", args: ["3600"] },
    { id: "gone", program: "nvidiaSmi", args: [] },
    { id: "floods", program: "yes", args: [] },
    { id: "works", program: "cat", args: ["/etc/os-release", "/nowhere"] },
    { id: "tongue", program: "sh", args: ["-c", "echo $LC_ALL"] },
  ]);
  assert.deepEqual(commands["hangs"], {
    command: "/usr/bin/sleep 3600",
    failed: "no answer in 3000 ms",
  });
  assert.deepEqual(commands["gone"], { command: "nvidiaSmi", failed: "there is no such program" });
  assert.match(JSON.stringify(commands["floods"]), /printed more than 4000000 bytes/);
  assert.ok("exit" in commands["works"]! && commands["works"].exit === 1);
  assert.match(JSON.stringify(commands["works"]), /ID=debian.*\/nowhere: No such file/);
  assert.deepEqual(commands["tongue"], {
    command: "/bin/sh -c echo $LC_ALL",
    exit: 0,
    stdout: ["C"],
    stderr: [],
  });
  assert.deepEqual(slow, ["/usr/bin/sleep 3600"]);
});

Deno.test("a program that was given up is killed", async () => {
  const marker = `3600.${Deno.pid}`;
  await gather(DENO_HOST, () => [{ id: "hangs", program: "sleep", args: [marker] }]);
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "args"] }).output();
  assert.doesNotMatch(new TextDecoder().decode(stdout), new RegExp(`sleep ${marker}`));
});

Deno.test("what is known leads to more questions, and facts come in their order", async () => {
  const asked: string[] = [];
  const host = memoryHost({}, async (_program, args) => {
    asked.push(args[0] ?? "");
    // The first to be asked answers last.
    await new Promise((wake) => setTimeout(wake, args[0] === "a" ? 20 : 0));
    return { code: 0, stdout: `${args[0]}\n\n`, stderr: "" };
  });
  const { commands } = await gather(host, (known) => [
    { id: "a", program: "cat", args: ["a"] },
    ...known["b"] === undefined ? [] : [{ id: "c", program: "cat", args: ["c"] }],
    { id: "b", program: "cat", args: ["b"] },
  ]);
  assert.deepEqual(asked, ["a", "b", "c"]);
  assert.deepEqual(Object.keys(commands), ["a", "c", "b"]);
  assert.deepEqual(commands["a"], {
    command: "/usr/bin/cat a",
    exit: 0,
    stdout: ["a", ""],
    stderr: [],
  });
});
