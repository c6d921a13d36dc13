/**
 * Many runs at once into one home, and one run that holds the lock for long.
 */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { ALONE, binaryTest, checkReceipt, exists, Home, household, wait } from "./binary.ts";

const PROCESSES = 20;

binaryTest(`${PROCESSES} renders of two Codices at once leave one of the two, whole`, async () => {
  await using home = new Home();
  await using apart = new Home();
  const codices = [home.codex("a", household("a")), home.codex("b", household("b"))];
  const wanted = [];
  for (const codex of codices) {
    await apart.render(codex);
    wanted.push(runesOf(apart));
  }
  const runs = await Promise.all(
    Array.from(
      { length: PROCESSES },
      (_, n) => home.run(["render", "--codex", codices[n % 2] ?? "", "--wait", "60", ...ALONE]),
    ),
  );
  for (const { code, stderr } of runs) strictEqual(code, 0, stderr);
  for (const { stderr } of runs) {
    ok(!/cut off|edited|internal/.test(stderr), stderr);
  }
  const is = wanted.findIndex((runes) => JSON.stringify(runes) === JSON.stringify(runesOf(home)));
  ok(is >= 0, `a mixture: ${Object.keys(runesOf(home)).join(", ")}`);
  await checkReceipt(home.generation());
  deepStrictEqual(home.leftovers(), []);
});

binaryTest(
  `${PROCESSES} renders and purges at once leave one generation, whole, or none`,
  async () => {
    await using home = new Home();
    const codex = home.codex("a", household("a"));
    await home.render(codex);
    const whole = Object.keys(runesOf(home));
    const runs = await Promise.all(
      Array.from({ length: PROCESSES }, (_, n) =>
        home.run(
          n % 2 === 0
            ? ["render", "--codex", codex, "--wait", "60", ...ALONE]
            : ["purge", "--yes", "--wait", "60", "--no-reload"],
        )),
    );
    for (const { code, stderr } of runs) {
      ok(code === 0 || (code === 1 && /there is no receipt/.test(stderr)), stderr);
      ok(!/cut off|edited|internal/.test(stderr), stderr);
    }
    const left = Object.keys(runesOf(home));
    if (left.length > 0) {
      deepStrictEqual(left, whole);
      await checkReceipt(home.generation());
    }
    deepStrictEqual(home.leftovers(), []);
  },
);

binaryTest("a run that waits in vain says who holds the lock, and changes nothing", async () => {
  await using home = new Home();
  const [a, b] = [home.codex("a", household("a")), home.codex("b", household("b"))];
  await home.render(a);
  const before = home.generation();
  const holder = holdLock(home.lock);
  try {
    await untilHeld(holder);
    for (const args of [["render", "--codex", b], ["rollback"], ["purge", "--yes"]]) {
      const start = performance.now();
      const said = await home.run([...args, "--wait", "1", ...ALONE]);
      const took = performance.now() - start;
      strictEqual(
        said.stderr,
        `lychd: another lychd is writing: process ${holder.pid}\n` +
          "hint: wait for it longer with --wait SECONDS (now 1)\n",
      );
      deepStrictEqual([said.code, said.stdout], [1, ""]);
      ok(took >= 1000, `it waited only ${took} ms`);
    }
    const atOnce = await home.run(["render", "--codex", b, "--wait", "0", ...ALONE]);
    strictEqual(atOnce.code, 1);
    match(atOnce.stderr, /--wait SECONDS \(now 0\)\n$/);
    deepStrictEqual(home.generation(), before);
  } finally {
    holder.kill("SIGKILL");
    await holder.output();
  }
});

binaryTest("a run that waits goes on when the lock is free, also by a death", async () => {
  await using home = new Home();
  const codex = home.codex("a", household("a"));
  await home.render(codex);
  const holder = holdLock(home.lock);
  await untilHeld(holder);
  const run = home.run(["render", "--codex", codex, "--wait", "60", ...ALONE]);
  await wait(500);
  holder.kill("SIGKILL");
  await holder.output();
  const { code, stderr } = await run;
  strictEqual(code, 0, stderr);
  ok(exists(home.lock));
});

/** The Runes that a home holds, without what lychd keeps for itself. */
function runesOf(home: Home): Record<string, string> {
  return Object.fromEntries(
    Object.entries(home.generation()).filter(([path]) => !path.includes("/.lychd-")),
  );
}

/** A process that takes the lock as lychd does, says so, and keeps it. */
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
