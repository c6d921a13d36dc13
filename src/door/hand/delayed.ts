/**
 * Does something a fixed time after the first of several requests.
 *
 * @example
 * ```ts
 * import { Delayed } from "./delayed.ts";
 * const look = new Delayed(20, () => {});
 * look.request();
 * look.cancel();
 * ```
 */
export class Delayed {
  readonly #milliseconds: number;
  readonly #act: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isEnded = false;

  constructor(milliseconds: number, act: () => void) {
    this.#milliseconds = milliseconds;
    this.#act = act;
  }

  request(): void {
    if (this.#isEnded) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#act();
    }, this.#milliseconds);
  }

  /** Forgets all requests, also later ones. */
  cancel(): void {
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
