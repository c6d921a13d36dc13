/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/** A worker of the fuzzer: makes inputs by their numbers and checks them. */
import { inputOf } from "./inputs.ts";
import { judgeInput } from "./judge.ts";

/** The work of a worker. */
export interface Share {
  readonly seed: number;
  /** The number of its first input, and the distance between two inputs. */
  readonly first: number;
  readonly step: number;
  /** The number after the last input. */
  readonly end: number;
  readonly untilMilliseconds: number;
  /** The shared number of the current input. */
  readonly current: SharedArrayBuffer;
}

/** The result of a worker. */
export interface Judged {
  readonly inputs: number;
  /** The time of the slowest input as a part of its limit. */
  readonly slowest: number;
  readonly problems: readonly { readonly input: number; readonly message: string }[];
}

const PROBLEM_LIMIT = 5;

self.onmessage = async ({ data }: MessageEvent<Share>) => {
  const current = new Int32Array(data.current);
  const problems: { input: number; message: string }[] = [];
  let [inputs, slowest] = [0, 0];
  for (let input = data.first; input < data.end; input += data.step) {
    if (Date.now() >= data.untilMilliseconds || problems.length >= PROBLEM_LIMIT) break;
    Atomics.store(current, 0, input);
    const { share, problem } = await judgeInput(inputOf(data.seed, input));
    inputs++;
    slowest = Math.max(slowest, share);
    if (problem !== undefined) problems.push({ input, message: problem });
  }
  self.postMessage({ inputs, slowest, problems } satisfies Judged);
};
