/** The most works that wait. */
const LIMIT = 20;

/**
 * Does one work after the other, and starts at most one per second, however many a front asks for.
 *
 * @example
 * ```ts
 * import { Turns } from "./turns.ts";
 * const turns = new Turns();
 * const first = turns.take(() => Promise.resolve(1)); // a promise of 1; undefined if too many wait
 * ```
 */
export class Turns {
  readonly #pauseMilliseconds: number;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;
  #startMilliseconds = -Infinity;

  constructor(pauseMilliseconds = 1000) {
    this.#pauseMilliseconds = pauseMilliseconds;
  }

  /** Does a work when its turn comes; returns undefined, and does nothing, if too many wait already. */
  take<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#count >= LIMIT) return undefined;
    this.#count++;
    const turn = this.#last.then(() => this.#do(work)).finally(() => this.#count--);
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #do<T>(work: () => Promise<T>): Promise<T> {
    const rest = this.#startMilliseconds + this.#pauseMilliseconds - performance.now();
    if (rest > 0) await new Promise((wake) => setTimeout(wake, rest));
    this.#startMilliseconds = performance.now();
    return await work();
  }
}
