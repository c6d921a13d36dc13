import fc from "fast-check";

/** Texts that a mutation may insert, one character for each byte. */
export interface Mutations {
  readonly insert: readonly string[];
}

/** Changes one to three places of byte strings: removes, inserts, replaces and cuts. */
export function mutated(
  source: fc.Arbitrary<Uint8Array>,
  { insert }: Mutations,
): fc.Arbitrary<Uint8Array> {
  const place = fc.noBias(fc.nat(999_999)).map((n) => n / 1_000_000);
  const bytes = fc.oneof(
    fc.constantFrom(...insert).map((text) => Uint8Array.from(text, (c) => c.charCodeAt(0))),
    fc.uint8Array({ minLength: 1, maxLength: 3 }),
  );
  const edit = fc.oneof(
    fc.record({
      place,
      removes: fc.integer({ min: 1, max: 4 }),
      bytes: fc.constant(new Uint8Array()),
    }),
    fc.record({ place, removes: fc.nat(1), bytes }),
    {
      weight: 1,
      arbitrary: fc.record({
        place,
        removes: fc.constant(Infinity),
        bytes: fc.constant(new Uint8Array()),
      }),
    },
  );
  return fc.tuple(source, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((current, { place, removes, bytes }) => {
      const at = Math.floor(place * current.length);
      const rest = current.subarray(at + removes);
      const result = new Uint8Array(at + bytes.length + rest.length);
      result.set(current.subarray(0, at));
      result.set(bytes, at);
      result.set(rest, at + bytes.length);
      return result;
    }, text)
  );
}
