/** Tests of many runs in one home at once, and of a run that holds the lock for a long time. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import {
  binaryTest,
  checkReceipt,
  exampleCodex,
  exists,
  Home,
  wait,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

const PROCESSES = 20;

binaryTest(`${PROCESSES} concurrent renders of two Codices leave one of the two`, async () => {
  await using home = new Home();
  await using other = new Home();
  const codices = [home.codex("a", exampleCodex("a")), home.codex("b", exampleCodex("b"))];
  const expected = [];
  for (const codex of codices) {
    await other.render(codex);
    expected.push(runesOf(other));
  }
  const runs = await Promise.all(
    Array.from(
      { length: PROCESSES },
      (_, n) =>
        home.run(["render", "--codex", codices[n % 2] ?? "", "--wait", "60", ...WITHOUT_SYSTEMD]),
    ),
  );
  for (const { code, stderr } of runs) strictEqual(code, 0, stderr);
  for (const { stderr } of runs) {
    ok(!/interrupted|edited|internal/.test(stderr), stderr);
  }
  const index = expected.findIndex((runes) =>
    JSON.stringify(runes) === JSON.stringify(runesOf(home))
  );
  ok(index >= 0, `a mixture: ${Object.keys(runesOf(home)).join(", ")}`);
  await checkReceipt(home.generation());
  deepStrictEqual(home.leftovers(), []);
});

binaryTest(`${PROCESSES} concurrent renders and purges leave one generation or none`, async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  await home.render(codex);
  const expected = Object.keys(runesOf(home));
  const runs = await Promise.all(
    Array.from({ length: PROCESSES }, (_, n) =>
      home.run(
        n % 2 === 0
          ? ["render", "--codex", codex, "--wait", "60", ...WITHOUT_SYSTEMD]
          : ["purge", "--yes", "--wait", "60", "--no-reload"],
      )),
  );
  for (const { code, stderr } of runs) {
    strictEqual(code, 0, stderr);
    ok(!/interrupted|edited|internal/.test(stderr), stderr);
  }
  const left = Object.keys(runesOf(home));
  if (left.length > 0) {
    deepStrictEqual(left, expected);
    await checkReceipt(home.generation());
  }
  deepStrictEqual(home.leftovers(), []);
});

binaryTest("a run that waits too long names the lock's holder and changes nothing", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", exampleCodex("a")), home.codex("b", exampleCodex("b"))];
  await home.render(a);
  const before = home.generation();
  const holder = holdLock(home.lock);
  try {
    await untilHeld(holder);
    for (const args of [["render", "--codex", b], ["rollback"], ["purge", "--yes"]]) {
      const start = performance.now();
      const result = await home.run([...args, "--wait", "1", ...WITHOUT_SYSTEMD]);
      const took = performance.now() - start;
      strictEqual(
        result.stderr,
        `lychd: another lychd is writing: process ${holder.pid}\n` +
          "hint: wait longer with --wait SECONDS (now 1)\n",
      );
      deepStrictEqual([result.code, result.stdout], [1, ""]);
      ok(took >= 1000, `it waited only ${took} ms`);
    }
    const atOnce = await home.run(["render", "--codex", b, "--wait", "0", ...WITHOUT_SYSTEMD]);
    strictEqual(atOnce.code, 1);
    match(atOnce.stderr, /--wait SECONDS \(now 0\)\n$/);
    deepStrictEqual(home.generation(), before);
  } finally {
    holder.kill("SIGKILL");
    await holder.output();
  }
});

binaryTest("a waiting run continues when the holder of the lock is killed", async () => {
  await using home = new Home();
  const codex = home.codex("a", exampleCodex("a"));
  await home.render(codex);
  const holder = holdLock(home.lock);
  await untilHeld(holder);
  const run = home.run(["render", "--codex", codex, "--wait", "60", ...WITHOUT_SYSTEMD]);
  await wait(500);
  holder.kill("SIGKILL");
  await holder.output();
  const { code, stderr } = await run;
  strictEqual(code, 0, stderr);
  ok(exists(home.lock));
});

/** Returns the Runes of a home, without the internal files of lychd. */
function runesOf(home: Home): Record<string, string> {
  return Object.fromEntries(
    Object.entries(home.generation()).filter(([path]) => !path.includes("/.lychd-")),
  );
}

/** Starts a process that takes the lock like lychd, prints `held` and keeps the lock. */
function holdLock(path: string): Deno.ChildProcess {
  const program = `
    const file = Deno.openSync(${JSON.stringify(path)}, { read: true, write: true });
    file.lockSync(true);
    file.truncateSync();
    file.writeSync(new TextEncoder().encode("process " + Deno.pid + "\\n"));
    console.log("held");
    setTimeout(() => {}, 60000);
  `;
  return new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-config", program],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

async function untilHeld(holder: Deno.ChildProcess): Promise<void> {
  const reader = holder.stdout.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  strictEqual(new TextDecoder().decode(value), "held\n");
}
