/** Returns a time of `performance.now()` in seconds of the Unix epoch. */
export function epochSeconds(milliseconds: number): number {
  return (performance.timeOrigin + milliseconds) / 1000;
}

/**
 * Returns a time in seconds of the Unix epoch as text.
 *
 * @example
 * ```ts
 * import { timeText } from "./time.ts";
 * timeText(0.25); // "1970-01-01T00:00:00.250Z"
 * ```
 */
export function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
