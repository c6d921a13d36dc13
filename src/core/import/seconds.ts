/** The maximum of `start_timeout_seconds`. */
export const START_LIMIT_SECONDS = 86_400;

/** The maximum of `stop_timeout_seconds`. */
export const STOP_LIMIT_SECONDS = 3600;

/** Returns the reason why a time was shortened. */
export function whyCut(limitSeconds: number): string {
  return `lychd waits at most ${limitSeconds} seconds`;
}

/** The units of systemd.time(7) and of Go durations that are one second or longer, in seconds. */
const UNITS: ReadonlyMap<string, number> = new Map([
  ...["", "s", "sec", "second", "seconds"].map((unit) => [unit, 1] as const),
  ...["m", "min", "minute", "minutes"].map((unit) => [unit, 60] as const),
  ...["h", "hr", "hour", "hours"].map((unit) => [unit, 3600] as const),
  ...["d", "day", "days"].map((unit) => [unit, 86_400] as const),
]);

/**
 * Returns the seconds of a time span such as `90`, `1min 30s` or `1m30s`, or nothing for any other
 * text and for fractions of a second.
 *
 * @example
 * ```ts
 * import { wholeSeconds } from "./seconds.ts";
 * wholeSeconds("1min 30s"); // 90
 * wholeSeconds("infinity"); // undefined
 * ```
 */
export function wholeSeconds(text: string): number | undefined {
  // Numbers and units alternate, so the pattern never backtracks.
  if (!/^\s*\d/.test(text) || /[^\da-z\s]|[a-z]\s+[a-z]/.test(text)) return undefined;
  let total = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(/(\d+)\s*([a-z]*)/g)) {
    const seconds = UNITS.get(unit);
    if (seconds === undefined) return undefined;
    total += Number(digits) * seconds;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}
