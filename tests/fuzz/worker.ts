/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** One of the fuzzer's workers: makes inputs by their numbers and judges them. */
import { inputOf, judgeInput, textOf } from "./inputs.ts";

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
  /** How many of them were not the same as another of this worker. */
  readonly distinct: number;
  readonly slowestMilliseconds: number;
  readonly faults: readonly { readonly input: number; readonly words: string }[];
}

const FAULT_LIMIT = 5;

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  const current = new Int32Array(data.current);
  const faults: { input: number; words: string }[] = [];
  const seen = new Set<number>();
  let inputs = 0;
  let slowestMilliseconds = 0;
  for (let input = data.first; input < data.end; input += data.step) {
    if (Date.now() >= data.untilMilliseconds || faults.length >= FAULT_LIMIT) break;
    Atomics.store(current, 0, input);
    const made = inputOf(data.seed, input);
    seen.add(hashOf(textOf(made)));
    const { milliseconds, fault } = await judgeInput(made);
    inputs++;
    slowestMilliseconds = Math.max(slowestMilliseconds, milliseconds);
    if (fault !== undefined) faults.push({ input, words: fault });
  }
  const distinct = seen.size;
  self.postMessage({ inputs, distinct, slowestMilliseconds, faults } satisfies Judged);
};

/** A number that texts which differ rarely share (FNV-1a, 32 bits). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
