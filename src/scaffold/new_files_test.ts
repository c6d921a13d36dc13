import assert from "node:assert/strict";
import { type Host, HostError } from "../host/host.ts";
import { type MemoryHost, memoryHost } from "../testing/memory_host.ts";
import { Crash, mortalHost } from "../testing/mortal_host.ts";
import { writeNewFiles } from "./new_files.ts";

const ROOT = "/home/.config/lychd";

const FILES = [
  { path: "lychd.toml", text: "settings" },
  { path: "soulstones/eye.toml", text: "an eye" },
  { path: "soulstones/sage.toml", text: "a sage" },
];

function contents(host: MemoryHost): Record<string, string> {
  return Object.fromEntries(
    [...host.files].map(([path, { bytes }]) => [path, new TextDecoder().decode(bytes)]),
  );
}

Deno.test("new files are readable by their owner only, and no other file is left", () => {
  const host = memoryHost();
  writeNewFiles(host, ROOT, FILES);
  assert.deepEqual(contents(host), {
    [`${ROOT}/lychd.toml`]: "settings",
    [`${ROOT}/soulstones/eye.toml`]: "an eye",
    [`${ROOT}/soulstones/sage.toml`]: "a sage",
  });
  assert.deepEqual([...new Set([...host.files.values()].map(({ mode }) => mode))], [0o600]);
});

Deno.test("an existing file is kept, and no other file is written", () => {
  for (const { path } of FILES) {
    const before = { [`${ROOT}/${path}`]: "the operator's" };
    const host = memoryHost(before);
    const folders = [...host.folders];
    assert.throws(() => writeNewFiles(host, ROOT, FILES), HostError);
    assert.deepEqual(contents(host), before);
    assert.deepEqual([...host.folders].sort(), folders.sort());
  }
});

Deno.test("if any step fails, all others are undone", () => {
  let refused = 0;
  for (let step = 0;; step++) {
    const memory = memoryHost({ "/home/.config/other": "" });
    const before = [contents(memory), [...memory.folders].sort()];
    let left = step;
    const host: Host = { ...memory };
    for (const name of ["create", "link", "makeFolder"] as const) {
      Object.assign(host, {
        [name]: (...args: never[]) => {
          if (left-- === 0) throw new HostError("no-space", ROOT, "no space is left");
          return (memory[name] as (...args: never[]) => unknown)(...args);
        },
      });
    }
    try {
      writeNewFiles(host, ROOT, FILES);
      break;
    } catch (error) {
      assert.ok(error instanceof HostError);
      assert.deepEqual([contents(memory), [...memory.folders].sort()], before);
      refused++;
    }
  }
  assert.equal(refused, 9);
});

Deno.test("a crash leaves complete files or none, and the next run works", () => {
  for (let deadline = 0;; deadline++) {
    const memory = memoryHost();
    let crashed = false;
    try {
      writeNewFiles(mortalHost(memory, deadline), ROOT, FILES);
    } catch (error) {
      assert.ok(error instanceof Crash);
      crashed = true;
    }
    const visible = Object.entries(contents(memory))
      .filter(([path]) => !path.slice(path.lastIndexOf("/") + 1).startsWith("."));
    for (const [path, text] of visible) {
      assert.equal(text, FILES.find((file) => path === `${ROOT}/${file.path}`)?.text);
    }
    if (!crashed) return assert.equal(visible.length, FILES.length);
    for (const [path] of visible) memory.files.delete(path);
    writeNewFiles(memory, ROOT, FILES);
    assert.equal(Object.keys(contents(memory)).length, FILES.length);
  }
});
