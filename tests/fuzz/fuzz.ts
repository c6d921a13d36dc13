/**
 * Runs `lychd check`, the unit readers and the imports on edited texts of the golden tests, doctor on facts
 * of its test hosts with edited outputs, and the front
 * door's readers on answers of engines and bodies of requests. No input may crash lychd or take longer than
 * its size allows; a text may not cause a finding without a place, and the front door's readers must agree
 * with independent ones.
 *
 * `deno task fuzz --inputs 1000000`, `--seconds 60`, `--seed 1`; `--input NUMBER` runs one input again.
 */
import { parseArgs } from "node:util";
import type { Judged, Share } from "./worker.ts";

/** A worker without progress for this time counts as hanging. */
const HANG_MILLISECONDS = 60_000;

/** Workers store the number of an input in 32 bits. */
const INT32_MAX = 2 ** 31 - 1;

const OPTIONS = ["seed", "inputs", "seconds", "input"] as const;

/** The options of the fuzzer: whole numbers of at least 0. */
export type Options = { readonly [name in typeof OPTIONS[number]]?: number };

/** Reads the options of the fuzzer, or returns an error message. */
export function readOptions(args: readonly string[]): Options | string {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(OPTIONS.map((name) => [name, { type: "string" as const }])),
  });
  const wrong = Object.entries(values)
    .find(([, text]) => !/^\d+$/.test(String(text)) || Number(text) > INT32_MAX);
  return wrong === undefined
    ? Object.fromEntries(Object.entries(values).map(([name, text]) => [name, Number(text)]))
    : `--${wrong[0]} must be a whole number from 0 to ${INT32_MAX}, not "${wrong[1]}"`;
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  if (typeof options === "string") {
    print(options);
    return 2;
  }
  const { seed = Date.now() % 1_000_000, input } = options;
  return input === undefined ? await fuzz(seed, options) : await showInput(seed, input);
}

async function fuzz(seed: number, { inputs: end = INT32_MAX, seconds }: Options): Promise<number> {
  const start = Date.now();
  const untilMilliseconds = end < INT32_MAX && seconds === undefined
    ? Infinity
    : start + (seconds ?? 60) * 1000;
  const step = Math.min(navigator.hardwareConcurrency, end);
  print(`seed ${seed}, ${step} workers`);
  const judged = await Promise.all(
    Array.from({ length: step }, (_, first) => run({ seed, first, step, end, untilMilliseconds })),
  );
  const inputs = judged.reduce((sum, share) => sum + share.inputs, 0);
  const slowest = Math.max(0, ...judged.map((share) => share.slowest));
  const problems = judged.flatMap((share) => share.problems);
  for (const { input, message } of problems) {
    print(
      `\ninput ${input}: ${message}\nrun it again: deno task fuzz --seed ${seed} --input ${input}`,
    );
  }
  const took = Math.round((Date.now() - start) / 1000);
  const share = `the slowest used ${Math.round(slowest * 100)} % of its time limit`;
  print(`${inputs} inputs in ${took} s; ${share}`);
  const failed = problems.length + (inputs === 0 ? 1 : 0);
  print(`ok | ${failed === 0 ? 1 : 0} passed | ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** Runs one worker, and terminates it if it hangs. */
function run(share: Omit<Share, "current">): Promise<Judged> {
  const worker = new Worker(import.meta.resolve("./worker.ts"), { type: "module" });
  const current = new SharedArrayBuffer(4);
  const view = new Int32Array(current).fill(-1);
  return new Promise((done, fail) => {
    let [last, since] = [-1, Date.now()];
    const watch = setInterval(() => {
      const input = Atomics.load(view, 0);
      if (input !== last) [last, since] = [input, Date.now()];
      else if (input >= 0 && Date.now() - since > HANG_MILLISECONDS) {
        end();
        const message = `no answer in ${HANG_MILLISECONDS / 1000} s`;
        done({ inputs: 1, slowest: Infinity, problems: [{ input, message }] });
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

async function showInput(seed: number, number: number): Promise<number> {
  const { inputOf, textOf } = await import("./inputs.ts");
  const { judgeInput } = await import("./judge.ts");
  const input = inputOf(seed, number);
  print(textOf(input));
  const { problem, share } = await judgeInput(input);
  print(`# ${problem ?? "no problem"} (${Math.round(share * 100)} % of its time limit)`);
  return problem === undefined ? 0 : 1;
}

function print(text: string): void {
  // deno-lint-ignore no-console
  console.log(text);
}

if (import.meta.main) Deno.exitCode = await main();
