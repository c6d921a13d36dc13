/** The time after a failure in which the same start is not tried again. */
const FIRST_MILLISECONDS = 30_000;
const LONGEST_MILLISECONDS = 600_000;

interface Failure {
  readonly why: string;
  readonly pauseMilliseconds: number;
  readonly untilMilliseconds: number;
}

/**
 * Remembers what failed to start. Each failure in a row doubles the pause, from 30 seconds to 10
 * minutes.
 *
 * @example
 * ```ts
 * import { Failures } from "./failures.ts";
 * const failures = new Failures();
 * failures.add("eye", "out of memory", 0);
 * failures.of("eye", 29_999)?.why; // "out of memory"
 * failures.of("eye", 30_000); // undefined
 * ```
 */
export class Failures {
  readonly #failures = new Map<string, Failure>();

  /** Enters a failure at a time. */
  add(key: string, why: string, nowMilliseconds: number): void {
    const pauseMilliseconds = Math.min(
      2 * (this.#failures.get(key)?.pauseMilliseconds ?? FIRST_MILLISECONDS / 2),
      LONGEST_MILLISECONDS,
    );
    const untilMilliseconds = nowMilliseconds + pauseMilliseconds;
    this.#failures.set(key, { why, pauseMilliseconds, untilMilliseconds });
  }

  /** Forgets the failures of a key, after a success. */
  clear(key: string): void {
    this.#failures.delete(key);
  }

  /** Returns the last failure if its pause is not over. */
  of(key: string, nowMilliseconds: number): Failure | undefined {
    const failure = this.#failures.get(key);
    return failure !== undefined && nowMilliseconds < failure.untilMilliseconds
      ? failure
      : undefined;
  }
}
