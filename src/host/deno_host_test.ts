import { rejects, strictEqual, throws } from "node:assert/strict";
import { DENO_HOST } from "./deno_host.ts";

Deno.test("an interrupted program is killed at once", async () => {
  const interruption = new AbortController();
  const limits = { milliseconds: 20_000, bytes: 100, until: interruption.signal };
  setTimeout(() => interruption.abort(), 100);
  const running = DENO_HOST.run("/bin/sh", ["-c", "exec sleep 3600"], {}, limits);
  await rejects(running, { name: "HostError", reason: "interrupted" });
  await rejects(DENO_HOST.run("/bin/sh", ["-c", "exec sleep 3600"], {}, limits), {
    reason: "interrupted",
  });
});

Deno.test("a watch reports what changes in its folders, not below them, until it is closed", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "lychd-watch-" });
  Deno.mkdirSync(`${folder}/below`);
  let seen = Promise.withResolvers<string>();
  const paths: string[] = [];
  const watch = DENO_HOST.watch([folder], (path) => {
    paths.push(path);
    seen.resolve(path);
  });
  Deno.writeTextFileSync(`${folder}/below/deep`, "");
  // systemd makes such dangling symlinks for running units.
  Deno.symlinkSync("1234", `${folder}/invocation:x.service`);
  strictEqual(await seen.promise, `${folder}/invocation:x.service`);
  seen = Promise.withResolvers();
  Deno.removeSync(`${folder}/invocation:x.service`);
  await seen.promise;
  watch.close();
  Deno.writeTextFileSync(`${folder}/late`, "");
  await new Promise((wake) => setTimeout(wake, 50));
  strictEqual(paths.every((path) => path.endsWith("invocation:x.service")), true, paths.join());
  throws(() => DENO_HOST.watch([`${folder}/none`], () => {}), { reason: "not-found" });
  Deno.removeSync(folder, { recursive: true });
});

/** Runs a test in a folder with a pipe that has no writer. */
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

Deno.test("a read does not block on a pipe, or on a symlink to one", () => {
  withPipe((pipe, folder) => {
    const link = `${folder}/link`;
    Deno.symlinkSync(pipe, link);
    for (const path of [pipe, link]) {
      const words = { name: "HostError", message: "it is a pipe, socket or device, not a file" };
      throws(() => DENO_HOST.read(path, 9), words);
      throws(() => DENO_HOST.readHead(path, 9), words);
    }
  });
});

Deno.test("a lock file with a second name is refused, and the other file is not written", async () => {
  const folder = Deno.makeTempDirSync();
  Deno.writeTextFileSync(`${folder}/other`, "precious");
  Deno.linkSync(`${folder}/other`, `${folder}/lock`);
  await rejects(DENO_HOST.lock(`${folder}/lock`, "me", 0), { message: /second name/ });
  strictEqual(Deno.readTextFileSync(`${folder}/other`), "precious");
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a pipe as the lock file is refused", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "lychd-pipe-" });
  new Deno.Command("mkfifo", { args: [`${folder}/lock`] }).outputSync();
  await rejects(DENO_HOST.lock(`${folder}/lock`, "me", 0), {
    message: "it is a pipe, socket or device, but lychd keeps a file here: move it away",
  });
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a huge file is refused by its size, and readHead stops at its limit", () => {
  const path = Deno.makeTempFileSync({ prefix: "lychd-sparse-" });
  Deno.truncateSync(path, 2 ** 40);
  throws(() => DENO_HOST.read(path, 2 ** 20), {
    name: "HostError",
    reason: "too-large",
    message: "it has more than 1 MiB",
  });
  strictEqual(DENO_HOST.readHead(path, 100_000).length, 100_000);
  Deno.removeSync(path);
});

Deno.test("a program that is followed waits for its reader, and ends when it is aborted", async () => {
  const leaving = new AbortController();
  let text = "";
  const script = "trap 'exit 3' TERM; printf 'é1\\n'; printf '2\\n'; while :; do sleep 0.1; done";
  const code = await DENO_HOST.runFollowed("/bin/sh", ["-c", script], {
    until: leaving.signal,
    onText(piece) {
      text += piece;
      if (text === "é1\n2\n") leaving.abort();
      return Promise.resolve();
    },
  });
  strictEqual(code, 3);
  const options = { until: leaving.signal, onText: () => Promise.resolve() };
  strictEqual(await DENO_HOST.runFollowed("/no/such", [], options), 0);
});
