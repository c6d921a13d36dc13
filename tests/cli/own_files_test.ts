/** Tests of pipes, symlinks and huge files at the paths of lychd's own files: lychd never hangs on them. */
import { match, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { type Cli, EYE } from "./cli.ts";
import {
  CODEX_EYE,
  CURRENT,
  EYE_UNIT,
  JOURNAL,
  LOCK,
  LYCHD_FOLDER,
  NOTES,
  RECEIPT,
  RENDER,
  renderedHome,
  SKIP_REMARKS,
} from "./inscription.ts";

const DONE = `${LYCHD_FOLDER}/.lychd-done.json`;

/** Runs a command in a process of its own, since it must not wait for a pipe. Returns code 124 if it waits. */
async function runInTime(test: Cli, words: readonly string[]) {
  const { code, stdout, stderr } = await test.shell(`timeout 30 $LYCHD ${words.join(" ")}`);
  return { code, stdout, stderr: stderr.replaceAll(test.dir, "[DIR]").replace(SKIP_REMARKS, "") };
}

/** Runs a command in a home without pipes. */
async function run(test: Cli, words: readonly string[]) {
  const { code, stdout, stderr } = await test.run(words);
  return { code, stdout, stderr: stderr.replace(SKIP_REMARKS, "") };
}

async function makePipe(test: Cli, path: string): Promise<void> {
  const absolute = join(test.dir, path);
  Deno.mkdirSync(dirname(absolute), { recursive: true });
  await new Deno.Command("sh", { args: ["-c", 'rm -f "$0"; mkfifo "$0"', absolute] }).output();
}

for (const path of [JOURNAL, DONE, RECEIPT, LOCK, EYE_UNIT]) {
  Deno.test(`a pipe as ${path.slice(LYCHD_FOLDER.length + 1)} is refused without waiting for a writer`, async () => {
    await using test = await renderedHome();
    await makePipe(test, path);
    const { code, stderr } = await runInTime(test, RENDER);
    const problem = "it is a pipe, socket or device, but lychd keeps a file here: move it away";
    match(stderr, new RegExp(`^lychd: \\[DIR\\]/${path}.*: ${problem}`));
    strictEqual(code, 1);
  });
}

Deno.test("a journal that is a symlink is refused", async () => {
  await using test = await renderedHome();
  test.write("journal.json", '{"lychd": 1, "entries": []}\n');
  Deno.symlinkSync(`${test.dir}/journal.json`, `${test.dir}/${JOURNAL}`);
  const { code, stderr } = await run(test, RENDER);
  match(
    stderr,
    /journal\.json: it is a symlink, but lychd keeps a file here: move it away; nothing/,
  );
  strictEqual(code, 1);
});

Deno.test("a pipe as the notes is ignored and replaced", async () => {
  await using test = await renderedHome();
  await makePipe(test, NOTES);
  test.write(CODEX_EYE, EYE.replace("v0.33.0", "v0.34.0"));
  strictEqual((await runInTime(test, RENDER)).code, 0);
  strictEqual(Deno.lstatSync(`${test.dir}/${NOTES}`).isFile, true);
});

Deno.test("a pipe among units that lychd did not write is not read", async () => {
  await using test = await renderedHome();
  await makePipe(test, `${dirname(LYCHD_FOLDER)}/other.container`);
  for (const words of [["render", "--dry-run"], RENDER]) {
    const { code, stderr } = await runInTime(test, words);
    strictEqual(stderr, "");
    strictEqual(code, 0);
  }
});

for (const path of [JOURNAL, DONE, RECEIPT, EYE_UNIT, CURRENT]) {
  Deno.test(`a file ${path.slice(LYCHD_FOLDER.length + 1)} of 1 TiB is refused by its size`, async () => {
    await using test = await renderedHome();
    const place = `${test.dir}/${path}`;
    Deno.writeTextFileSync(place, "", { append: true });
    Deno.truncateSync(place, 2 ** 40);
    test.write(CODEX_EYE, `${EYE}description = "another"\n`);
    const { code, stderr } = await run(test, RENDER);
    const limit = path === CURRENT ? 64 : 2;
    match(
      stderr,
      new RegExp(
        `${path}.*: it has more than ${limit} MiB; lychd never writes files that large: move it away`,
      ),
    );
    strictEqual(code, 1);
  });
}

Deno.test("the lock file of a killed run does not stop the next run", async () => {
  await using test = await renderedHome();
  test.write(LOCK, "process 1\n").write(CODEX_EYE, `${EYE}description = "another"\n`);
  const { code, stderr } = await run(test, RENDER);
  strictEqual(stderr, "");
  strictEqual(code, 0);
});

Deno.test("doctor --facts reads a pipe", async () => {
  await using test = await renderedHome();
  const { stdout } = await test.shell(
    "$LYCHD doctor --facts > facts.json; mkfifo pipe; cat facts.json > pipe & " +
      "timeout 30 $LYCHD doctor --facts pipe",
  );
  match(stdout, /^\d+ ok, \d+ skipped, /m);
});
