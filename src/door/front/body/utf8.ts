/**
 * Returns the length of the UTF-8 sequence at `at`, 0 if it is not valid, or -1 if the bytes end before it
 * does. Overlong forms and surrogates are not valid.
 */
export function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  if (length === 0) return 0;
  const second = bytes[at + 1];
  if (second === undefined) return -1;
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return 0;
  for (let i = at + 2; i < at + length; i++) {
    const next = bytes[i];
    if (next === undefined) return -1;
    if (next < 0x80 || next > 0xbf) return 0;
  }
  return length;
}
