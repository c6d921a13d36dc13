import fc from "fast-check";

/**
 * Any character, for strings of property tests. It is like the unit `binary` of fast-check, but does not
 * need two seconds to list all characters.
 */
export const CHARACTER = fc.integer({ min: 0, max: 0x10ffff })
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code), codeOf);

/** Returns the code of a character. Throws if a value is not one, as fast-check requires. */
function codeOf(value: unknown): number {
  const [character, ...more] = String(value);
  const code = character?.codePointAt(0);
  if (typeof value !== "string" || code === undefined || more.length > 0) {
    throw new Error("this is not a character");
  }
  return code;
}
