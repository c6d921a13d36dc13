import { deepStrictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { DENO_HOST } from "../host/deno_host.ts";
import { type Host, HostError } from "../host/host.ts";
import { memoryHost } from "./memory_host.ts";

/** An operation; its paths are below the folder of the test. */
type Step = readonly [name: string, act: (host: Host, at: (path: string) => string) => unknown];

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const STEPS: readonly Step[] = [
  ["stat of a missing path", (h, at) => h.stat(at("no"))],
  ["lstat of a missing path", (h, at) => h.lstat(at("no"))],
  ["list of a missing path", (h, at) => h.list(at("no"))],
  ["read of a missing path", (h, at) => text(h.read(at("no"), 9))],
  ["remove of a missing path", (h, at) => h.remove(at("no"))],
  ["rename of a missing path", (h, at) => h.rename(at("no"), at("yes"))],
  ["create in a missing folder", (h, at) => h.create(at("no/file"), "x", 0o600)],
  ["make folders", (h, at) => h.makeFolder(at("a/b/c"))],
  ["make a folder again", (h, at) => h.makeFolder(at("a/b/c"))],
  ["list a folder of folders", (h, at) => h.list(at("a")).sort()],
  ["list an empty folder", (h, at) => h.list(at("a/b/c"))],
  ["kind of a folder", (h, at) => h.stat(at("a"))?.kind],
  ["create", (h, at) => h.create(at("a/file"), "héllo", 0o600)],
  ["create again", (h, at) => h.create(at("a/file"), "other", 0o600)],
  ["create over a folder", (h, at) => h.create(at("a/b"), "other", 0o600)],
  ["read", (h, at) => text(h.read(at("a/file"), 99))],
  ["read a part", (h, at) => text(h.readHead(at("a/file"), 3))],
  ["read more than the limit", (h, at) => text(h.read(at("a/file"), 3))],
  ["read a folder", (h, at) => text(h.read(at("a"), 99))],
  ["read the head of a folder", (h, at) => text(h.readHead(at("a"), 99))],
  ["read the head of a missing path", (h, at) => text(h.readHead(at("no"), 99))],
  ["read a part as a stream", (h, at) => text(h.readStream(at("a/file"), 3))],
  ["read with a limit above the size", (h, at) => text(h.read(at("a/file"), 99))],
  ["status of a file", (h, at) => {
    const { kind, mode, sizeBytes } = h.stat(at("a/file")) ?? {};
    return { kind, mode, sizeBytes };
  }],
  ["stat and lstat of a file agree", (h, at) => {
    return h.stat(at("a/file"))?.identity === h.lstat(at("a/file"))?.identity;
  }],
  ["create with another mode", (h, at) => h.create(at("a/open"), "", 0o644)],
  ["the mode is exact", (h, at) => h.stat(at("a/open"))?.mode],
  ["list files and folders", (h, at) => h.list(at("a")).sort()],
  ["list up to a limit", (h, at) => h.list(at("a"), 2).length],
  ["rename over a file", (h, at) => h.rename(at("a/file"), at("a/open"))],
  ["the old name is gone", (h, at) => h.stat(at("a/file"))],
  ["the new name exists", (h, at) => text(h.read(at("a/open"), 99))],
  ["a renamed file keeps its mode", (h, at) => h.stat(at("a/open"))?.mode],
  ["remove a folder that is not empty", (h, at) => h.removeEmptyFolder(at("a"))],
  ["remove an empty folder", (h, at) => h.removeEmptyFolder(at("a/b/c"))],
  ["an empty folder is gone", (h, at) => h.stat(at("a/b/c"))],
  ["remove a missing folder", (h, at) => h.removeEmptyFolder(at("no"))],
  ["sync a folder", (h, at) => h.syncFolder(at("a"))],
  ["remove a file", (h, at) => h.remove(at("a/open"))],
  ["list the rest", (h, at) => h.list(at("a"))],
];

function outcomes(host: Host, root: string): unknown[] {
  return STEPS.map(([name, act]) => {
    try {
      return [name, act(host, (path) => join(root, path))];
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return [name, error.reason];
    }
  });
}

Deno.test("the host in memory behaves as the real one", () => {
  const root = Deno.makeTempDirSync({ prefix: "lychd-host-" });
  try {
    const memory = memoryHost();
    memory.makeFolder("/root");
    deepStrictEqual(outcomes(memory, "/root"), outcomes(DENO_HOST, root));
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});
