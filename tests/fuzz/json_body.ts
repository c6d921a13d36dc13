/** Makes JSON bodies, valid and broken, and compares the scanner with `JSON.parse`. */
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { jsonEdits } from "../../src/door/front/body/json_edits.ts";
import {
  JSON_LIMITS,
  type JsonMember,
  JsonScan,
  type ScannedJson,
} from "../../src/door/front/body/json_scan.ts";
import { splice } from "../../src/door/front/body/splice.ts";
import { CHARACTER } from "../character.ts";
import { mutated } from "./mutate.ts";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const GAP = fc.oneof(
  { weight: 5, arbitrary: fc.constant("") },
  fc.stringMatching(/^[ \t\r\n]{0,3}$/),
);

/** One character of a string, in one of the forms that JSON allows. */
const UNIT = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.string({ unit: "grapheme-ascii", minLength: 1, maxLength: 30 }).map(quoted),
  },
  CHARACTER.map(quoted),
  fc.integer({ min: 0, max: 0xffff }).map((code) => `\\u${code.toString(16).padStart(4, "0")}`),
  fc.constantFrom("\\/", "\\b", '\\"', "\\\\", "\\uD83D\\uDE00", "\u007f", "\u2028"),
);

function quoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

const STRING = fc.array(UNIT, { maxLength: 6 }).map((units) => `"${units.join("")}"`);

/** Names with a meaning, some of them escaped. */
const NAME = fc.oneof(
  fc.constantFrom(
    ...[
      '"model"',
      '"mod\\u0065l"',
      '"\\u006d\\u006fdel"',
      '"Model"',
      '"model "',
      '"stream"',
      '"str\\u0065am"',
    ],
    ...['"messages"', '"temperature"', '"__proto__"', '"constructor"', '""', '"max_tokens"'],
  ),
  STRING,
);

const NUMBER = fc.oneof(
  fc.constantFrom(
    "0",
    "-0",
    "1",
    "10",
    "0.5",
    "1e5",
    "1E+5",
    "-1.25e-7",
    "1e999",
    "123456789012345678901",
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => JSON.stringify(number)),
);

const SCALAR = fc.oneof(STRING, NUMBER, fc.constantFrom("true", "false", "null"));

const { value: VALUE } = fc.letrec<{ value: string; object: string; array: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    SCALAR,
    tie("object"),
    tie("array"),
  ),
  object: fc.array(fc.tuple(GAP, NAME, GAP, tie("value"), GAP), { maxLength: 4 }).map(objectOf),
  array: fc.array(fc.tuple(GAP, tie("value")), { maxLength: 4 })
    .map((items) => `[${items.map((parts) => parts.join("")).join(",")}]`),
}));

function objectOf(members: readonly (readonly [string, string, string, string, string])[]): string {
  return `{${
    members.map(([a, name, b, value, c]) => `${a}${name}${b}:${b}${value}${c}`).join(",")
  }}`;
}

const MEMBER = fc.tuple(GAP, NAME, GAP, VALUE, GAP);

/** The members that the front door reads, in several forms. */
const KNOWN = fc.tuple(
  GAP,
  fc.constantFrom('"model"', '"mod\\u0065l"', '"stream"'),
  GAP,
  STRING,
  GAP,
).chain(([a, name, b, value, c]) =>
  fc.constantFrom(value, value, "true", "false")
    .map((other) => [a, name, b, name === '"stream"' ? other : value, c] as const)
);

/** The outer object. */
const OBJECT = fc.tuple(
  fc.array(MEMBER, { maxLength: 4 }),
  fc.array(KNOWN, { maxLength: 2 }),
  fc.array(MEMBER, { maxLength: 2 }),
).map((parts) => objectOf(parts.flat()));

const DEEP = fc.integer({ min: 180, max: 220 }).map((depth) =>
  `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`
);

const LARGE = fc.tuple(
  OBJECT,
  fc.integer({ min: 1, max: 60_000 }),
  fc.constantFrom("x", "\\n", "ä", "你", "😀"),
)
  .map(([text, count, unit]) =>
    text.replace(/^\{/, `{"large":"${unit.repeat(count)}"${text === "{}" ? "" : ","}`)
  );

const TEXT = fc.oneof(
  { weight: 30, arbitrary: fc.tuple(GAP, OBJECT, GAP).map((parts) => parts.join("")) },
  { weight: 3, arbitrary: VALUE },
  { weight: 1, arbitrary: DEEP },
  { weight: 1, arbitrary: LARGE },
  { weight: 1, arbitrary: OBJECT.map((text) => `\ufeff${text}`) },
);

/** A body of JSON, or something similar. */
export const JSON_BODY: fc.Arbitrary<Uint8Array> = fc.oneof(
  TEXT.map((text) => encoder.encode(text)),
  mutated(TEXT.map((text) => encoder.encode(text)), {
    insert: [
      "\\",
      '"',
      "\\u",
      "{",
      "}",
      "[",
      "]",
      ",",
      ":",
      "-",
      ".",
      "e",
      "0",
      "\0",
      "\n",
      " ",
      "true",
    ],
  }),
  OBJECT.map((text) => Uint8Array.from([...text].flatMap((c) => [c.charCodeAt(0) & 0xff, 0]))),
);

/** The sizes of the pieces of a body, which repeat. */
export const PIECE_SIZES: fc.Arbitrary<number[]> = fc.array(fc.integer({ min: 1, max: 20 }), {
  minLength: 1,
  maxLength: 4,
});

/** Scans a body in pieces of some sizes, which repeat. */
function scan(bytes: Uint8Array, sizes: readonly number[]): ReturnType<JsonScan["end"]> {
  const scan = new JsonScan();
  // A large body in single bytes would take as long as hundreds of others.
  const least = Math.ceil(bytes.length / 1000);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = Math.max(least, sizes[i % sizes.length] ?? 1);
    scan.push(bytes.slice(at, at + size));
    at += size;
  }
  return scan.end();
}

/** Checks that the scanner and `JSON.parse` agree about a body, whatever its pieces are. */
export function judgeJsonBody(bytes: Uint8Array, sizes: readonly number[]): void {
  const scanned = scan(bytes, sizes);
  deepStrictEqual(scan(bytes, [bytes.length]), scanned);
  const expected = parse(bytes);
  if ("problem" in scanned) {
    ok(expected === undefined, `it was refused: ${scanned.problem}`);
    return;
  }
  ok(expected !== undefined, "it was accepted");
  strictEqual(scanned.model, Object.hasOwn(expected, "model") ? expected.model : undefined);
  strictEqual(scanned.stream, expected.stream === true);
  deepStrictEqual(new Set(scanned.members.keys()), new Set(Object.keys(expected)));
  for (const [name, { start, valueStart, end }] of scanned.members) {
    deepStrictEqual(JSON.parse(strict.decode(bytes.subarray(valueStart, end))), expected[name]);
    const member = JSON.parse(`{${strict.decode(bytes.subarray(start, end))}}`);
    deepStrictEqual(Object.keys(member), [name]);
  }
  strictEqual(bytes[scanned.close], "}".charCodeAt(0));
  judgeEdits(bytes, scanned, expected);
}

type Parsed = Record<string, unknown>;

/** Returns the object of a body that the scanner must accept. */
function parse(bytes: Uint8Array): Parsed | undefined {
  try {
    const text = strict.decode(bytes);
    const parsed = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    const { names, depth } = shapeOf(text);
    const isAmbiguous = names.length !== Object.keys(parsed).length;
    const isTooLarge = depth > JSON_LIMITS.depth || names.length > JSON_LIMITS.members ||
      [...names, Object.hasOwn(parsed, "model") ? parsed.model : ""].some((name) =>
        typeof name === "string" && name.length > 1000
      );
    const isOther = Object.hasOwn(parsed, "model") && typeof parsed.model !== "string";
    return isAmbiguous || isTooLarge || isOther ? undefined : parsed;
  } catch {
    return undefined;
  }
}

/** Returns the raw names of the outer object and the depth of valid JSON. */
function shapeOf(text: string): { names: string[]; depth: number } {
  const names: string[] = [];
  let [depth, deepest] = [0, 0];
  for (
    const [token, name] of text.matchAll(/("(?:[^"\\]|\\.)*")(?=\s*:)|"(?:[^"\\]|\\.)*"|[[{\]}]/g)
  ) {
    if (token === "{" || token === "[") deepest = Math.max(deepest, ++depth);
    else if (token === "}" || token === "]") depth--;
    else if (name !== undefined && depth === 1) names.push(name);
  }
  return { names, depth: deepest };
}

/** Sets and strips members, and checks that the others keep their bytes. */
function judgeEdits(bytes: Uint8Array, scanned: ScannedJson, parsed: Parsed): void {
  const names = [...scanned.members.keys()];
  // Every second member goes, and another selection gets a value.
  const strip = [...names.filter((_, i) => (i + bytes.length) % 2 === 0), "absent"];
  const set = {
    model: 'the "engine\'s" own',
    added: [1, { a: null }],
    ...Object.fromEntries(names.filter((_, i) => (i + bytes.length) % 3 === 0).map((n) => [n, n])),
  };
  for (const changes of [{ set: { model: "x" } }, { strip }, { set }, { set, strip }]) {
    const half = bytes.length >> 1;
    const pieces = splice(
      [bytes.subarray(0, half), bytes.subarray(half)],
      jsonEdits(scanned, changes),
    );
    const edited = new Uint8Array(pieces.flatMap((piece) => [...piece]));
    const kept = Object.entries(parsed).filter(([name]) =>
      !("strip" in changes && strip.includes(name))
    );
    const expected = Object.fromEntries([
      ...kept,
      ...Object.entries("set" in changes ? changes.set : {}),
    ]);
    deepStrictEqual(JSON.parse(strict.decode(edited)), expected);
    const again = scan(edited, [edited.length]);
    ok(!("problem" in again), "the edited body is refused");
    for (const [name] of kept) {
      if ("set" in changes && Object.hasOwn(changes.set, name)) continue;
      const was: JsonMember = scanned.members.get(name)!;
      const now: JsonMember = again.members.get(name)!;
      deepStrictEqual(edited.slice(now.start, now.end), bytes.slice(was.start, was.end));
    }
  }
}
