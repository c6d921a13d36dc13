import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { memoryHost } from "../testing/memory_host.ts";
import { readCodexFolder } from "./codex_folder.ts";

/** Reads a folder with these names; `limits` are the limits of each listing. */
function read(names: readonly string[]) {
  const limits: (number | undefined)[] = [];
  const memory = memoryHost(Object.fromEntries(names.map((name) => [`/c/soulstones/${name}`, ""])));
  const host = {
    ...memory,
    list(path: string, limit?: number) {
      limits.push(limit);
      return memory.list(path, limit);
    },
  };
  const found = readCodexFolder(host, "/c", "codex");
  if ("error" in found) throw new Error(found.error.message);
  return { ...found.folder, limits };
}

Deno.test("hidden names count towards the limit, and a folder is listed no further", () => {
  const hidden = (count: number) => Array.from({ length: count }, (_, i) => `.x${i}`);
  const most = read([...hidden(2047), "eye.toml"]);
  strictEqual(most.overLimit, undefined);
  deepStrictEqual(most.files.map(({ path }) => path), ["soulstones/eye.toml"]);
  const more = read([...hidden(3000), "eye.toml"]);
  strictEqual(more.overLimit?.limit, "2048 files and folders");
  deepStrictEqual(more.limits, [2049]);
});

Deno.test("a name that is not UTF-8 text is reported, with the command that shows it", () => {
  const real = ["a.toml", "\ufffd.toml"];
  const memory = memoryHost(Object.fromEntries(real.map((name) => [`/c/soulstones/${name}`, ""])));
  const host = {
    ...memory,
    list: () => ["\ufffd.toml", "\ufffdold", "a.toml", "\ufffd.toml", ".\ufffd"],
  };
  const found = readCodexFolder(host, "/c", "my codex");
  if ("error" in found) throw new Error(found.error.message);
  const broken = {
    unreadable: "its name is not UTF-8 text",
    help: "rename it; its bytes are shown by: ls -b 'my codex/soulstones'",
  };
  deepStrictEqual(found.folder.files, [
    { path: "soulstones/a.toml", bytes: new Uint8Array() },
    { path: "soulstones/\ufffd.toml", bytes: new Uint8Array() },
    { path: "soulstones/\ufffd.toml", ...broken },
    { path: "soulstones/\ufffdold", ...broken },
  ]);
});
