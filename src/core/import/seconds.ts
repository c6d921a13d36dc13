/** `start_timeout_seconds` at most. */
export const START_LIMIT_SECONDS = 86_400;

/** `stop_timeout_seconds` at most. */
export const STOP_LIMIT_SECONDS = 3600;

/** Why a time became shorter. */
export function whyCut(limitSeconds: number): string {
  return `lychd waits ${limitSeconds} seconds at most`;
}

/** Seconds in each unit of systemd.time(7) and of Go durations that is a whole second or more. */
const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  s: 1,
  sec: 1,
  second: 1,
  seconds: 1,
  m: 60,
  min: 60,
  minute: 60,
  minutes: 60,
  h: 3600,
  hr: 3600,
  hour: 3600,
  hours: 3600,
  d: 86_400,
  day: 86_400,
  days: 86_400,
};

/**
 * The whole seconds of a time span such as `90`, `1min 30s` or `1m30s`; nothing for one that has
 * parts of a second, or is none.
 *
 * @example
 * ```ts
 * import { wholeSeconds } from "./seconds.ts";
 * wholeSeconds("1min 30s"); // 90
 * wholeSeconds("infinity"); // undefined
 * ```
 */
export function wholeSeconds(text: string): number | undefined {
  // Number and unit by turns: each step is the only one that can be taken.
  if (!/^\s*\d/.test(text) || /[^\da-z\s]|[a-z]\s+[a-z]/.test(text)) return undefined;
  let total = 0;
  for (const [, digits = "", unit = ""] of text.matchAll(/(\d+)\s*([a-z]*)/g)) {
    const seconds = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (seconds === undefined) return undefined;
    total += Number(digits) * seconds;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}
