/** What stands in lychd's folders and is none that it wrote: nothing waits for it, or reads it whole. */
import { match, strictEqual } from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { type Cli, EYE } from "./cli.ts";
import {
  CODEX_EYE,
  CURRENT,
  EYE_UNIT,
  inscribed,
  JOURNAL,
  LOCK,
  NOTES,
  OURS,
  RECEIPT,
  RENDER,
  UNKNOWN,
} from "./inscription.ts";

const DONE = `${OURS}/.lychd-done.json`;

/** Runs a command that must not wait for a pipe, in a process of its own: 124 if it does. */
async function runInTime(test: Cli, words: readonly string[]) {
  const { code, stdout, stderr } = await test.shell(`timeout 30 $LYCHD ${words.join(" ")}`);
  return { code, stdout, stderr: stderr.replaceAll(test.dir, "[DIR]").replace(UNKNOWN, "") };
}

/** Runs a command that meets no pipe. */
async function run(test: Cli, words: readonly string[]) {
  const { code, stdout, stderr } = await test.run(words);
  return { code, stdout, stderr: stderr.replace(UNKNOWN, "") };
}

async function makePipe(test: Cli, path: string): Promise<void> {
  const absolute = join(test.dir, path);
  Deno.mkdirSync(dirname(absolute), { recursive: true });
  await new Deno.Command("sh", { args: ["-c", 'rm -f "$0"; mkfifo "$0"', absolute] }).output();
}

for (const path of [JOURNAL, DONE, RECEIPT, LOCK, EYE_UNIT]) {
  Deno.test(`a pipe as ${path.slice(OURS.length + 1)} is refused, and not waited for`, async () => {
    await using test = await inscribed();
    await makePipe(test, path);
    const { code, stderr } = await runInTime(test, RENDER);
    const words = "there is a pipe, socket or device|it is a pipe, socket or device";
    match(
      stderr,
      new RegExp(
        `^lychd: \\[DIR\\]/${path}.*: (?:${words}) where lychd keeps a file: move it away`,
      ),
    );
    strictEqual(code, 1);
  });
}

Deno.test("a journal that is reached by a link is refused", async () => {
  await using test = await inscribed();
  test.write("journal.json", '{"lychd": 1, "entries": []}\n');
  Deno.symlinkSync(`${test.dir}/journal.json`, `${test.dir}/${JOURNAL}`);
  const { code, stderr } = await run(test, RENDER);
  match(stderr, /journal\.json: there is a link where lychd keeps a file: move it away; nothing/);
  strictEqual(code, 1);
});

Deno.test("a pipe as the notes is no note, and gives way", async () => {
  await using test = await inscribed();
  await makePipe(test, NOTES);
  test.write(CODEX_EYE, EYE.replace("v0.33.0", "v0.34.0"));
  strictEqual((await runInTime(test, RENDER)).code, 0);
  strictEqual(Deno.lstatSync(`${test.dir}/${NOTES}`).isFile, true);
});

Deno.test("a pipe among the units of others is not read", async () => {
  await using test = await inscribed();
  await makePipe(test, `${dirname(OURS)}/other.container`);
  for (const words of [["render", "--dry-run"], RENDER]) {
    const { code, stderr } = await runInTime(test, words);
    strictEqual(stderr, "");
    strictEqual(code, 0);
  }
});

for (const path of [JOURNAL, DONE, RECEIPT, EYE_UNIT, CURRENT]) {
  Deno.test(`a ${path.slice(OURS.length + 1)} without end is refused by its size`, async () => {
    await using test = await inscribed();
    const place = `${test.dir}/${path}`;
    Deno.writeTextFileSync(place, "", { append: true });
    Deno.truncateSync(place, 2 ** 40);
    test.write(CODEX_EYE, `${EYE}description = "another"\n`);
    const { code, stderr } = await run(test, RENDER);
    const limit = path === CURRENT ? 256 : 2;
    match(
      stderr,
      new RegExp(
        `${path}.*: it has more than ${limit} MiB, which lychd never writes there: move it away`,
      ),
    );
    strictEqual(code, 1);
  });
}

Deno.test("a lock that a killed run left keeps nobody out", async () => {
  await using test = await inscribed();
  test.write(LOCK, "process 1\n").write(CODEX_EYE, `${EYE}description = "another"\n`);
  const { code, stderr } = await run(test, RENDER);
  strictEqual(stderr, "");
  strictEqual(code, 0);
});

Deno.test("facts may come by a pipe", async () => {
  await using test = await inscribed();
  const { stdout } = await test.shell(
    "$LYCHD doctor --facts > facts.json; mkfifo pipe; cat facts.json > pipe & " +
      "timeout 30 $LYCHD doctor --facts pipe",
  );
  match(stdout, /^\d+ ok, \d+ skipped, /m);
});
