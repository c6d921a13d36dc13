/**
 * Tests of `kill -9` at random moments of a render, on a real file system. The next run finds one
 * complete generation, or a journal with which it restores one.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  binaryTest,
  exampleCodex,
  exists,
  type Generation,
  generationName,
  Home,
  randomFrom,
  wait,
  WITHOUT_SYSTEMD,
} from "./binary.ts";

const KILLS = 200;
/** The number of homes in which kills run in parallel. */
const LANES = 2;
/** This many kills take place on the slowest machine, too. */
const MIN_KILLS = 50;
/** After this time, no more kills than the minimum take place. */
const LIMIT_MILLISECONDS = 80_000;

type Name = "a" | "b";

/** The number of kills in each phase of a render, according to the files that are left. */
interface Phases {
  /** Nothing was written, or the run had not even taken the lock. */
  before: number;
  /** There was a journal, and the next run undid the render. */
  withJournal: number;
  /** The new generation was complete, but old files were not yet removed. */
  whileTidying: number;
  after: number;
  /** There was a journal, and neither generation was complete on the disk. */
  mixtures: number;
}

binaryTest(`kill -9 at ${KILLS} random moments leaves one complete generation`, async () => {
  const seed = Number(Deno.env.get("LYCHD_SEED") ?? Math.floor(Math.random() * 2 ** 31));
  // deno-lint-ignore no-console
  console.log(`LYCHD_SEED=${seed}`);
  const phases: Phases = { before: 0, withJournal: 0, whileTidying: 0, after: 0, mixtures: 0 };
  const end = performance.now() + LIMIT_MILLISECONDS;
  const lanes = Array.from({ length: LANES }, (_, lane) => killMany(seed + lane, phases, end));
  const kills = (await Promise.all(lanes)).reduce((sum, n) => sum + n);
  // deno-lint-ignore no-console
  console.log(
    `${kills} kills: ${phases.before} before anything, ${phases.withJournal} with a journal ` +
      `(${phases.mixtures} of them a mixture; all undone), ${phases.whileTidying} while tidying, ` +
      `${phases.after} after`,
  );
  ok(phases.before > 0 && phases.withJournal > 0, "no kill hit a run while it wrote");
});

/** Kills renders in a new home. Returns the number of kills. */
async function killMany(seed: number, phases: Phases, end: number): Promise<number> {
  const random = randomFrom(seed);
  await using home = new Home();
  const codices = { a: home.codex("a", exampleCodex("a")), b: home.codex("b", exampleCodex("b")) };
  const states: Record<string, Generation> = {};
  // A state includes the previous generation, so record each state after a render of the other.
  for (const name of ["a", "b", "a"] as const) {
    await home.render(codices[name]);
    states[name] = home.generation();
  }
  const length = await measure(home, codices.b);
  deepStrictEqual(home.generation(), states["b"]);
  let current: Name = "b";
  let kills = 0;
  const wanted = () => (performance.now() < end ? KILLS : MIN_KILLS) / LANES;
  for (; kills < wanted(); kills++) {
    const next: Name = current === "a" ? "b" : "a";
    const context: string = `lane seed ${seed}, kill ${kills}, from ${current} to ${next}`;
    const child = home.start(["render", "--codex", codices[next], ...WITHOUT_SYSTEMD]);
    // Most of a run is its startup, so three of four kills wait until it writes.
    if (kills % 4 === 0) await wait(random() * length.whole);
    else await waitForWrite(home, child.pid, random() * length.writing);
    await kill(child);
    current = await checkState(home, states, current, next, phases, context);
    const rendered: Name = random() < 0.5 ? next : current;
    await home.render(codices[rendered]);
    deepStrictEqual(home.generation(), states[rendered], `${context}: then rendered ${rendered}`);
    deepStrictEqual(home.leftovers(), [], `${context}: then rendered ${rendered}`);
    current = rendered;
  }
  return kills;
}

/** Checks the state after a kill, and lets lychd undo an incomplete render. Returns the generation. */
async function checkState(
  home: Home,
  states: Readonly<Record<string, Generation>>,
  before: Name,
  next: Name,
  phases: Phases,
  context: string,
): Promise<Name> {
  const raw = generationName(home.generation(), states);
  if (!exists(home.journal)) {
    ok(raw !== undefined, `${context}: a mixture without a journal`);
    if (raw === before) phases.before++;
    else if (home.leftovers().length > 0) phases.whileTidying++;
    else phases.after++;
    return raw === before ? before : next;
  }
  phases.withJournal++;
  if (raw === undefined) phases.mixtures++;
  // This undoes the incomplete render, and then refuses, because there is no terminal for a prompt.
  const { code, stderr } = await home.run(["purge", ...WITHOUT_SYSTEMD]);
  strictEqual(code, 2, `${context}: ${stderr}`);
  ok(
    stderr.includes("the previous run was interrupted; its changes were undone"),
    `${context}: ${stderr}`,
  );
  deepStrictEqual(home.generation(), states[before], `${context}: undone`);
  deepStrictEqual(home.leftovers(), [], `${context}: undone`);
  return before;
}

/** Measures the whole time of a run, and the time during which it writes. */
async function measure(home: Home, codex: string): Promise<{ whole: number; writing: number }> {
  const start = performance.now();
  const child = home.start(["render", "--codex", codex, ...WITHOUT_SYSTEMD]);
  await waitForWrite(home, child.pid, 0);
  const locked = performance.now();
  const { code } = await child.output();
  const end = performance.now();
  strictEqual(code, 0);
  return { whole: end - start, writing: end - locked };
}

/** Waits until the process holds the lock, and then `more` milliseconds. */
async function waitForWrite(home: Home, processId: number, more: number): Promise<void> {
  const limit = performance.now() + 5000;
  while (Deno.readTextFileSync(home.lock) !== `process ${processId}\n`) {
    if (performance.now() > limit) return;
    await wait(0);
  }
  const end = performance.now() + more;
  while (performance.now() < end) await wait(0);
}

async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It had already exited.
  }
  await child.output();
}
