/** The part of an AbortSignal that the client of engines needs. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * A signal and its controller in one: an AbortController takes a tenth of the time of a whole request.
 *
 * @example
 * ```ts
 * import { Stop } from "./stop_signal.ts";
 * const stop = new Stop();
 * stop.abort("enough");
 * [stop.aborted, stop.reason]; // [true, "enough"]
 * ```
 */
export class Stop implements StopSignal {
  aborted = false;
  reason: unknown;
  readonly #listeners: (() => void)[] = [];

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    const at = this.#listeners.indexOf(listener);
    if (at >= 0) this.#listeners.splice(at, 1);
  }

  /** Aborts once, and calls the listeners. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const listener of this.#listeners.splice(0)) listener();
  }
}
