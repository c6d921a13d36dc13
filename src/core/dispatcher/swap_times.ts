/** The swaps that the median is taken from. */
const REMEMBERED = 9;

/** The time of a swap before the first one was measured: an engine that reads its model from disk. */
const UNMEASURED_MILLISECONDS = 30_000;

/**
 * Measures the usual time of a swap: the median of the last nine, so that one which downloaded a model
 * counts little.
 *
 * @example
 * ```ts
 * import { SwapTimes } from "./swap_times.ts";
 * const times = new SwapTimes();
 * times.medianMilliseconds; // 30000
 * for (const time of [8000, 9000, 1_200_000]) times.add(time);
 * times.medianMilliseconds; // 9000
 * ```
 */
export class SwapTimes {
  readonly #milliseconds: number[] = [];
  medianMilliseconds = UNMEASURED_MILLISECONDS;

  /** Adds the time of a swap. */
  add(milliseconds: number): void {
    this.#milliseconds.push(milliseconds);
    if (this.#milliseconds.length > REMEMBERED) this.#milliseconds.shift();
    const sorted = this.#milliseconds.toSorted((a, b) => a - b);
    this.medianMilliseconds = sorted[Math.floor(sorted.length / 2)] ?? UNMEASURED_MILLISECONDS;
  }
}
