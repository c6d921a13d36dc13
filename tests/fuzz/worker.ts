/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** One of the fuzzer's workers: makes inputs by their numbers and judges them. */
import { inputOf } from "./inputs.ts";
import { judgeInput } from "./judge.ts";

/** What a worker is to do. */
export interface Share {
  readonly seed: number;
  /** Its first input, and how far the next one is from it. */
  readonly first: number;
  readonly step: number;
  /** No input from this number on. */
  readonly end: number;
  readonly untilMilliseconds: number;
  /** Where it notes the number of the input that it has in hand. */
  readonly current: SharedArrayBuffer;
}

/** What it found. */
export interface Judged {
  readonly inputs: number;
  /** What the slowest took of the time that it may take. */
  readonly slowest: number;
  readonly faults: readonly { readonly input: number; readonly words: string }[];
}

const FAULT_LIMIT = 5;

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  const current = new Int32Array(data.current);
  const faults: { input: number; words: string }[] = [];
  let [inputs, slowest] = [0, 0];
  for (let input = data.first; input < data.end; input += data.step) {
    if (Date.now() >= data.untilMilliseconds || faults.length >= FAULT_LIMIT) break;
    Atomics.store(current, 0, input);
    const { share, fault } = await judgeInput(inputOf(data.seed, input));
    inputs++;
    slowest = Math.max(slowest, share);
    if (fault !== undefined) faults.push({ input, words: fault });
  }
  self.postMessage({ inputs, slowest, faults } satisfies Judged);
};
