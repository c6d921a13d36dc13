import { strictEqual } from "node:assert/strict";
import { sequenceLength } from "./utf8.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** The first and last bytes of each kind, and their neighbours. */
const LEADS = [
  ...[0x00, 0x7f, 0x80, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef],
  ...[0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff],
];
const SECONDS = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff];
const OTHERS = [0x7f, 0x80, 0xbf, 0xc0];

/** Returns the length of the first character, or 0. */
function decodedLength(bytes: Uint8Array): number {
  for (let length = 1; length <= 4; length++) {
    try {
      if (decoder.decode(bytes.subarray(0, length)) !== "") return length;
    } catch {
      // It may be longer.
    }
  }
  return 0;
}

Deno.test("sequences are valid for TextDecoder too, and their beginnings are not complete", () => {
  const prefixes = new Set<string>();
  const all = LEADS.flatMap((lead) =>
    SECONDS.flatMap((a) => OTHERS.flatMap((b) => OTHERS.map((c) => Uint8Array.of(lead, a, b, c))))
  );
  for (const bytes of all) {
    const length = decodedLength(bytes);
    strictEqual(sequenceLength(bytes, 0), length, String(bytes));
    for (let part = 1; part < length; part++) prefixes.add(String(bytes.subarray(0, part)));
  }
  for (const bytes of all) {
    for (let part = 1; part < 4; part++) {
      const start = bytes.subarray(0, part);
      const length = decodedLength(start);
      strictEqual(
        sequenceLength(start, 0),
        length > 0 ? length : prefixes.has(String(start)) ? -1 : 0,
        String(start),
      );
    }
  }
});
