/**
 * The numbers of a request, as a reader writes them.
 *
 * @module
 */

/** A number that was written, or what has to be written instead. Neither for an empty text. */
export interface Written {
  readonly value?: number;
  readonly problem?: string;
}

/**
 * Reads a temperature. A comma counts as a point.
 *
 * @example
 * ```ts
 * import { readTemperature } from "./parameters.ts";
 * readTemperature("0,7"); // { value: 0.7 }
 * ```
 */
export function readTemperature(text: string): Written {
  const trimmed = text.trim().replace(",", ".");
  if (trimmed === "") return {};
  const value = /^(?:\d+\.?\d*|\.\d+)$/.test(trimmed) ? Number(trimmed) : NaN;
  return Number.isFinite(value)
    ? { value }
    : { problem: "Write a number that is at least 0, such as 0.7." };
}

/**
 * Reads a number of tokens.
 *
 * @example
 * ```ts
 * import { readTokens } from "./parameters.ts";
 * readTokens("512"); // { value: 512 }
 * ```
 */
export function readTokens(text: string): Written {
  const trimmed = text.trim();
  if (trimmed === "") return {};
  const value = /^\d+$/.test(trimmed) ? Number(trimmed) : NaN;
  return Number.isSafeInteger(value) && value > 0
    ? { value }
    : { problem: "Write a whole number that is at least 1, such as 512." };
}
