/**
 * A number with its noun, in the plural where it must be.
 *
 * @example
 * ```ts
 * import { countOf } from "./words.ts";
 * countOf(1, "port"); // "1 port"
 * countOf(0, "port"); // "0 ports"
 * ```
 */
export function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}
