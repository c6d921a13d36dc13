/**
 * Counts what a parser would have to hold of a TOML text, without one: keys, values, lists and
 * tables, by the marks that each of them needs. Of broken TOML it counts at least what stands before
 * the fault.
 *
 * @returns how many there are, and where the first one stands that goes beyond `limit`.
 *
 * @example
 * ```ts
 * import { countValues } from "./size.ts";
 * countValues('[a]\nb = ["x, y", 1] # c = 2\n', 9); // { count: 4, beyond: undefined }
 * ```
 */
export function countValues(
  text: string,
  limit: number,
): { readonly count: number; readonly beyond: number | undefined } {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case "#":
        at = endOfComment(text, at);
        break;
      case '"':
      case "'":
        at = endOfString(text, at);
        break;
      case "=":
      case ",":
      case ".":
      case "[":
      case "{":
        if (++count > limit) return { count, beyond: at };
    }
  }
  return { count, beyond: undefined };
}

function endOfComment(text: string, start: number): number {
  const end = text.indexOf("\n", start);
  return end < 0 ? text.length : end;
}

/** Where the string that begins at `start` has its last character. */
function endOfString(text: string, start: number): number {
  const quote = text[start] ?? "";
  const three = quote.repeat(3);
  const close = text.startsWith(three, start) ? three : quote;
  let at = start + close.length;
  while (at < text.length && !text.startsWith(close, at)) {
    at += text[at] === "\\" && quote === '"' ? 2 : 1;
  }
  return at + close.length - 1;
}
