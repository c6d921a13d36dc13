/**
 * The text without the characters at its end that `pattern` matches, one by one. A pattern such as
 * `/x+$/` does the same in a time that grows by the square of a long run that is not at the end.
 *
 * @example
 * ```ts
 * import { trimEnd } from "./trim.ts";
 * trimEnd("/srv//models//", /\//); // "/srv//models"
 * ```
 */
export function trimEnd(text: string, pattern: RegExp): string {
  let end = text.length;
  while (end > 0 && pattern.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/**
 * The same at both ends.
 *
 * @example
 * ```ts
 * import { trimEnds } from "./trim.ts";
 * trimEnds('""a"b"', /"/); // 'a"b'
 * ```
 */
export function trimEnds(text: string, pattern: RegExp): string {
  let start = 0;
  while (start < text.length && pattern.test(text.charAt(start))) start++;
  return trimEnd(text.slice(start), pattern);
}
