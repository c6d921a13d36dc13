/**
 * `kill -9` at random moments of a render, on a real file system: what the next run finds is one
 * generation, whole, or what a journal says how to undo.
 */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import {
  ALONE,
  binaryTest,
  exists,
  type Generation,
  Home,
  household,
  randomFrom,
  wait,
  whichOf,
} from "./binary.ts";

const KILLS = 200;
/** Homes in which kills are tried at the same time. */
const LANES = 2;
const FEWEST_KILLS = 50;
const LIMIT_MILLISECONDS = 80_000;

type Name = "a" | "b";

/** When a kill came, by what it left. */
interface Phases {
  /** Nothing was begun; also when the run had not come so far as to lock. */
  before: number;
  /** A journal was there: the next run undid it. */
  withJournal: number;
  /** The new generation was for good, and old files were still there. */
  whileTidying: number;
  after: number;
  /** With a journal: neither generation was whole on the disk. */
  mixtures: number;
}

binaryTest(
  `${KILLS} times kill -9 at a random moment of a render leaves one generation, whole`,
  async () => {
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
    ok(kills >= FEWEST_KILLS, `only ${kills} kills in ${LIMIT_MILLISECONDS} ms`);
    ok(phases.before > 0 && phases.withJournal > 0, "no kill hit a run while it wrote");
  },
);

/** Kills in a home of its own; tells how often. */
async function killMany(seed: number, phases: Phases, end: number): Promise<number> {
  const random = randomFrom(seed);
  await using home = new Home();
  const codices = { a: home.codex("a", household("a")), b: home.codex("b", household("b")) };
  const states: Record<string, Generation> = {};
  // The former generation is a part of each state, so each is taken when it follows the other.
  for (const name of ["a", "b", "a"] as const) {
    await home.render(codices[name]);
    states[name] = home.generation();
  }
  const length = await measure(home, codices.b);
  deepStrictEqual(home.generation(), states["b"]);
  let is: Name = "b";
  let kills = 0;
  for (; kills < KILLS / LANES && performance.now() < end; kills++) {
    const next: Name = is === "a" ? "b" : "a";
    const context: string = `lane seed ${seed}, kill ${kills}, from ${is} to ${next}`;
    const child = home.start(["render", "--codex", codices[next], ...ALONE]);
    // Most of a run is its start: three of four kills wait until it writes.
    if (kills % 4 === 0) await wait(random() * length.whole);
    else await writes(home, child.pid, random() * length.writing);
    await kill(child);
    is = await checkState(home, states, is, next, phases, context);
    const wanted: Name = random() < 0.5 ? next : is;
    await home.render(codices[wanted]);
    deepStrictEqual(home.generation(), states[wanted], `${context}: then rendered ${wanted}`);
    deepStrictEqual(home.leftovers(), [], `${context}: then rendered ${wanted}`);
    is = wanted;
  }
  return kills;
}

/** Checks what a kill left; tells which generation there is, after what the next run undoes. */
async function checkState(
  home: Home,
  states: Readonly<Record<string, Generation>>,
  is: Name,
  next: Name,
  phases: Phases,
  context: string,
): Promise<Name> {
  const raw = whichOf(home.generation(), states);
  if (!exists(home.journal)) {
    ok(raw !== undefined, `${context}: a mixture without a journal`);
    if (raw === is) phases.before++;
    else if (home.leftovers().length > 0) phases.whileTidying++;
    else phases.after++;
    return raw === is ? is : next;
  }
  phases.withJournal++;
  if (raw === undefined) phases.mixtures++;
  // This undoes what was begun, and then refuses, for there is nobody to ask.
  const said = await home.run(["purge", ...ALONE]);
  strictEqual(said.code, 2, `${context}: ${said.stderr}`);
  ok(said.stderr.includes("a run before this one was cut off"), `${context}: ${said.stderr}`);
  deepStrictEqual(home.generation(), states[is], `${context}: undone`);
  deepStrictEqual(home.leftovers(), [], `${context}: undone`);
  return is;
}

/** How long a run takes, and how long of that it writes. */
async function measure(home: Home, codex: string): Promise<{ whole: number; writing: number }> {
  const start = performance.now();
  const child = home.start(["render", "--codex", codex, ...ALONE]);
  await writes(home, child.pid, 0);
  const locked = performance.now();
  const { code } = await child.output();
  const end = performance.now();
  strictEqual(code, 0);
  return { whole: end - start, writing: end - locked };
}

/** Waits until the lock names the process, and then so much longer. */
async function writes(home: Home, processId: number, longer: number): Promise<void> {
  const limit = performance.now() + 5000;
  while (Deno.readTextFileSync(home.lock) !== `process ${processId}\n`) {
    if (performance.now() > limit) return;
    await wait(0);
  }
  const end = performance.now() + longer;
  while (performance.now() < end) await wait(0);
}

async function kill(child: Deno.ChildProcess): Promise<void> {
  try {
    child.kill("SIGKILL");
  } catch {
    // It had ended already.
  }
  await child.output();
}
