/**
 * The words of the page for quantities.
 *
 * @module
 */

/**
 * Returns a time span in words, exact enough to read at a glance.
 *
 * @example
 * ```ts
 * import { durationOf } from "./words.ts";
 * durationOf(3725); // "1 h 2 min"
 * ```
 */
export function durationOf(seconds: number): string {
  if (seconds < 10) return `${Math.max(0, seconds).toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/**
 * Returns a size of memory, in GiB from 1 GiB on.
 *
 * @example
 * ```ts
 * import { memoryOf } from "./words.ts";
 * memoryOf(20000); // "19.5 GiB"
 * ```
 */
export function memoryOf(mib: number): string {
  return mib < 1024 ? `${Math.round(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}

/**
 * Returns a number with its noun in the right form.
 *
 * @example
 * ```ts
 * import { countOf } from "./words.ts";
 * countOf(2, "request"); // "2 requests"
 * ```
 */
export function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * Returns names as an enumeration.
 *
 * @example
 * ```ts
 * import { listOf } from "./words.ts";
 * listOf(["ear", "eye", "sage"]); // "ear, eye and sage"
 * ```
 */
export function listOf(names: readonly string[]): string {
  const last = names.at(-1) ?? "nothing";
  return names.length < 2 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}

/**
 * Returns a number with as many digits as are useful, or a dash if it is unknown.
 *
 * @example
 * ```ts
 * import { numberOf } from "./words.ts";
 * numberOf(41.27); // "41.3"
 * ```
 */
export function numberOf(value: number | null | undefined): string {
  if (value === null || value === undefined) return "–";
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1);
}

/** Returns the time of day, in the reader's zone: `14:03:09`. */
export function clockOf(time: string | Date): string {
  const date = new Date(time);
  const two = (value: number) => String(value).padStart(2, "0");
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}
