/** The width of output in columns, unless the terminal is narrower. */
export const WIDTH = 80;

/**
 * Breaks text at spaces into lines of at most `width` columns, each indented by `indent` spaces. A
 * longer word gets a line of its own. Every character counts as one column.
 */
export function wrap(text: string, indent = 0, width = WIDTH): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((each) => `${" ".repeat(indent)}${each}`);
}

/** Returns a number with its noun, in the plural unless the number is 1. */
export function countOf(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/**
 * Removes the characters at the end of a text that `pattern` matches, one by one. The time is linear;
 * that of a pattern such as `/x+$/` is quadratic.
 *
 * @example
 * ```ts
 * import { trimEnd } from "./text.ts";
 * trimEnd("/srv//models//", /\//); // "/srv//models"
 * ```
 */
export function trimEnd(text: string, pattern: RegExp): string {
  let end = text.length;
  while (end > 0 && pattern.test(text.charAt(end - 1))) end--;
  return text.slice(0, end);
}

/** Removes the characters at both ends of a text that `pattern` matches, one by one. */
export function trimEnds(text: string, pattern: RegExp): string {
  let start = 0;
  while (start < text.length && pattern.test(text.charAt(start))) start++;
  return trimEnd(text.slice(start), pattern);
}
