import { rejects, strictEqual, throws } from "node:assert/strict";
import { DENO_HOST } from "./deno_host.ts";

Deno.test("a program that is not waited for any more is ended at once", async () => {
  const interruption = new AbortController();
  const limits = { milliseconds: 20_000, bytes: 100, until: interruption.signal };
  setTimeout(() => interruption.abort(), 100);
  const running = DENO_HOST.run("/bin/sh", ["-c", "exec sleep 3600"], {}, limits);
  await rejects(running, { name: "HostError", fault: "interrupted" });
  await rejects(DENO_HOST.run("/bin/sh", ["-c", "exec sleep 3600"], {}, limits), {
    fault: "interrupted",
  });
});

/** Makes a folder with a pipe that nobody writes to, for a test. */
function withPipe(test: (pipe: string, folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "lychd-pipe-" });
  try {
    const pipe = `${folder}/pipe`;
    new Deno.Command("mkfifo", { args: [pipe] }).outputSync();
    test(pipe, folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a pipe is not waited for, also behind a link", () => {
  withPipe((pipe, folder) => {
    const link = `${folder}/link`;
    Deno.symlinkSync(pipe, link);
    for (const path of [pipe, link]) {
      const words = { name: "HostError", message: "it is a pipe, socket or device, and no file" };
      throws(() => DENO_HOST.read(path, 9), words);
      throws(() => DENO_HOST.readHead(path, 9), words);
    }
  });
});

Deno.test("a pipe is no lock", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "lychd-pipe-" });
  new Deno.Command("mkfifo", { args: [`${folder}/lock`] }).outputSync();
  await rejects(DENO_HOST.lock(`${folder}/lock`, "me", 0), {
    message: "it is a pipe, socket or device where lychd keeps a file: move it away",
  });
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a file without end is refused by its size, and read no further than it may be", () => {
  const path = Deno.makeTempFileSync({ prefix: "lychd-sparse-" });
  Deno.truncateSync(path, 2 ** 40);
  throws(() => DENO_HOST.read(path, 2 ** 20), {
    name: "HostError",
    fault: "too-large",
    message: "it has more than 1 MiB",
  });
  strictEqual(DENO_HOST.readHead(path, 100_000).length, 100_000);
  Deno.removeSync(path);
});
