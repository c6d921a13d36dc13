/**
 * Feeds `lychd check`, the readers of units and the imports with Codices, units and configurations
 * after their grammars, with and without slips: none may crash it, take more than a second, or be
 * told without a place.
 *
 * `deno task fuzz --inputs 1000000`, `--seconds 60`, `--seed 1`; `--input NUMBER` shows one again.
 */
import { parseArgs } from "node:util";
import { inputOf, judgeInput, textOf } from "./inputs.ts";
import type { Judged, Share } from "./worker.ts";

/** A worker that shows no progress for so long hangs. */
const HANG_MILLISECONDS = 20_000;

/** Workers note the number of an input in 32 bits. */
const INT32_MAX = 2 ** 31 - 1;

const { values: options } = parseArgs({
  options: {
    seed: { type: "string" },
    inputs: { type: "string" },
    seconds: { type: "string" },
    input: { type: "string" },
  },
});
/** Of so many inputs less would be the same few again and again. */
const DISTINCT_SHARE = 0.8;

const wrong = Object.entries(options).find(([, value]) => !isWhole(value));
const seed = Number(options.seed ?? Date.now() % 1_000_000);
if (wrong !== undefined) {
  say(`--${wrong[0]} takes a whole number from 0 to ${INT32_MAX}, not "${wrong[1]}"`);
  Deno.exitCode = 2;
} else {
  Deno.exitCode = options.input === undefined
    ? await fuzz()
    : await showInput(Number(options.input));
}

function isWhole(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) <= INT32_MAX;
}

async function fuzz(): Promise<number> {
  const begun = Date.now();
  const end = Number(options.inputs ?? INT32_MAX);
  const untilMilliseconds = options.inputs !== undefined && options.seconds === undefined
    ? Infinity
    : begun + Number(options.seconds ?? 60) * 1000;
  const step = navigator.hardwareConcurrency;
  say(`seed ${seed}, ${step} workers`);
  const judged = await Promise.all(
    Array.from({ length: step }, (_, first) => run({ seed, first, step, end, untilMilliseconds })),
  );
  const inputs = judged.reduce((sum, share) => sum + share.inputs, 0);
  const distinct = judged.reduce((sum, share) => sum + share.distinct, 0);
  const slowest = Math.max(...judged.map((share) => share.slowestMilliseconds));
  const seconds = Math.round((Date.now() - begun) / 1000);
  const faults = judged.flatMap((share) => share.faults);
  for (const { input, words } of faults) {
    say(`\ninput ${input}: ${words}\nagain: deno task fuzz --seed ${seed} --input ${input}`);
  }
  say(`${inputs} inputs, ${distinct} distinct, in ${seconds} s; slowest ${Math.round(slowest)} ms`);
  const tooFew = inputs === 0 || distinct < inputs * DISTINCT_SHARE;
  if (tooFew) say("too few inputs, or too few that differ");
  const failed = faults.length + (tooFew ? 1 : 0);
  say(`ok | ${failed === 0 ? 1 : 0} passed | ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Runs one worker, and kills it when it hangs. */
function run(share: Omit<Share, "current">): Promise<Judged> {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  const current = new SharedArrayBuffer(4);
  const view = new Int32Array(current).fill(-1);
  return new Promise((done, fail) => {
    let [last, since] = [-1, Date.now()];
    const watch = setInterval(() => {
      const input = Atomics.load(view, 0);
      if (input !== last) [last, since] = [input, Date.now()];
      else if (Date.now() - since > HANG_MILLISECONDS) {
        end();
        const words = `no answer in ${HANG_MILLISECONDS / 1000} s`;
        const faults = [{ input, words }];
        done({ inputs: 1, distinct: 1, slowestMilliseconds: HANG_MILLISECONDS, faults });
      }
    }, 1000);
    const end = () => {
      clearInterval(watch);
      worker.terminate();
    };
    worker.onmessage = ({ data }: MessageEvent<Judged>) => {
      end();
      done(data);
    };
    worker.onerror = (event) => {
      end();
      fail(new Error(event.message));
    };
    worker.postMessage({ ...share, current } satisfies Share);
  });
}

async function showInput(number: number): Promise<number> {
  const input = inputOf(seed, number);
  say(textOf(input));
  const { fault, milliseconds } = await judgeInput(input);
  say(`# ${fault ?? "all is well"} (${Math.round(milliseconds)} ms)`);
  return fault === undefined ? 0 : 1;
}

function say(words: string): void {
  // deno-lint-ignore no-console
  console.log(words);
}
