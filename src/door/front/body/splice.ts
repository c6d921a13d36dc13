/** Bytes that replace those from `start` to `end`. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly bytes: Uint8Array;
}

/**
 * Returns the pieces of a body with some bytes replaced. Nothing is copied. The edits must be in order and
 * must not overlap.
 *
 * @example
 * ```ts
 * import { splice } from "./splice.ts";
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * splice([bytes("ab"), bytes("cd")], [{ start: 1, end: 3, bytes: bytes("x") }]); // "a", "x", "d"
 * ```
 */
export function splice(pieces: readonly Uint8Array[], edits: readonly Edit[]): Uint8Array[] {
  if (edits.length === 0) return [...pieces];
  let from = 0;
  const edited = edits.flatMap(({ start, end, bytes }) => {
    const kept = cut(pieces, from, start);
    from = end;
    return [...kept, bytes];
  });
  return [...edited, ...cut(pieces, from, Infinity)];
}

function cut(pieces: readonly Uint8Array[], from: number, to: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const piece of pieces) {
    const [start, end] = [Math.max(0, from - offset), Math.min(piece.length, to - offset)];
    if (start < end) parts.push(piece.subarray(start, end));
    offset += piece.length;
  }
  return parts;
}
