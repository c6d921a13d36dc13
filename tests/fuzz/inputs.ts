/** Makes the inputs of the fuzzer: the same seed and number always make the same input. */
import fc from "fast-check";
import { CHARACTER } from "../character.ts";
import { ANSWER_BYTES, CIRCUMSTANCES } from "./answer.ts";
import { type Kind, PARTS, SEEDS } from "./corpus.ts";
import { editedFacts } from "./facts.ts";
import { FORM_BODY } from "./form_body.ts";
import { JSON_BODY, PIECE_SIZES } from "./json_body.ts";

/**
 * A text of a kind; a Codex also has settings. An answer of an engine and the body of a request have the
 * circumstances in which they arrive, as JSON.
 */
export interface Input {
  readonly kind: Kind | "facts" | "answer" | "json" | "form";
  readonly settings: Uint8Array;
  readonly text: Uint8Array;
}

/** The limit of a text; lychd does not read much longer files. */
const LENGTH = 130_000;

/** Changes a text at a place from 0 to 1. */
type Edit = (text: string, place: number) => string;

/** Texts that a typo or an attacker puts into a file. */
const TYPOS = fc.oneof(
  fc.string({ unit: CHARACTER, maxLength: 4 }),
  fc.constantFrom(
    ...[
      "",
      "\n",
      "\r\n",
      " ",
      '"',
      "'",
      '"""',
      "'''",
      "[",
      "]",
      "[[",
      "{",
      "}",
      "=",
      ",",
      ".",
      "#",
    ],
    ...[
      "\\",
      "\\u0000",
      "\\x",
      "\0",
      "\ufeff",
      "\x1b",
      "\x85",
      "\u2028",
      "%h",
      "$",
      "${",
      "{port}",
    ],
    ...["[".repeat(100), "a.".repeat(100), "x".repeat(2000)],
  ),
);

/** Replaces some characters with another text. */
const typo = fc.tuple(TYPOS, fc.nat(12)).map(([by, length]): Edit => (text, place) => {
  const at = Math.floor(place * text.length);
  return text.slice(0, at) + by + text.slice(at + length);
});

/** Changes the lines of a text; `act` gets the index of one. */
function ofLines(act: (lines: string[], at: number) => void): Edit {
  return (text, place) => {
    const lines = text.split("\n");
    act(lines, Math.floor(place * lines.length));
    return lines.join("\n");
  };
}

const remove = fc.nat(3).map((count) => ofLines((lines, at) => lines.splice(at, count)));

/** Inserts one or more lines of another text, or replaces a line with them. */
function insert(kind: Kind): fc.Arbitrary<Edit> {
  const other = fc.tuple(fc.constantFrom(...SEEDS[kind]), fc.nat(30), fc.nat(8))
    .map(([[, text], from, count]) => text.split("\n").slice(from, from + count).join("\n"));
  return fc.tuple(fc.oneof(fc.constantFrom(...PARTS[kind].lines), other), fc.boolean()).map(
    ([block, replaces]) => ofLines((lines, at) => lines.splice(at, Number(replaces), block)),
  );
}

/** Gives a key the value of another key. */
function revalue(kind: Kind): fc.Arbitrary<Edit> {
  return fc.constantFrom(...PARTS[kind].values).map((value) =>
    ofLines((lines, at) => {
      const ofKey = kind === "config" ? /^([^:]*: *).*/ : /^([^=]*=\s*).*/;
      lines[at] = lines[at]?.replace(ofKey, (_, key) => key + value) ?? "";
    })
  );
}

const hex = (c: string, digits: number) =>
  (c.codePointAt(0) ?? 0).toString(16).padStart(digits, "0");

/** Other forms of TOML for the same string. */
const STRINGS: readonly ((plain: string) => string)[] = [
  (s) => `'${s}'`,
  (s) => `'''\n${s}'''`,
  (s) => `"""\n${s}"""`,
  (s) => `"""\\\n   ${s}"""`,
  (s) => `"${[...s].map((c) => `\\U${hex(c, 8)}`).join("")}"`,
  (s) => `"${[...s].map((c, i) => i % 2 === 0 ? c : `\\u${hex(c, 4)}`).join("")}"`,
];

/** Writes the strings of a line, or the space between its values, in another valid form. */
const rewrite = fc.oneof(
  fc.constantFrom(...STRINGS).map((write) => (line: string) =>
    line.replace(/"([^"\\]*)"/g, (_, plain) => write(plain))
  ),
  fc.constantFrom("\n", " # x\n", "\r\n  ", "\t").map((gap) => (line: string) =>
    line.replaceAll(/[[{,](?=.*[\]}])/g, (mark) => mark + gap)
  ),
  fc.constantFrom(" # =,[{\"'", "\t", "\r").map((end) => (line: string) => line + end),
).map((change) => ofLines((lines, at) => lines[at] = change(lines[at] ?? "")));

/** Repeats some lines with other numbers and names, or some characters, until the file is large. */
const enlarge = fc.tuple(
  fc.integer({ min: 1, max: 4000 }),
  fc.oneof(fc.nat(12), fc.constant(0)),
  TYPOS,
)
  .map(([count, height, part]): Edit => (text, place) => {
    const repeat = (each: (i: number) => string) => {
      let made = "";
      for (let i = 0; i < count && made.length < LENGTH; i++) made += each(i);
      return made.slice(0, LENGTH);
    };
    if (height === 0) {
      const at = Math.floor(place * text.length);
      return text.slice(0, at) + repeat(() => part || " ") + text.slice(at);
    }
    return ofLines((lines, at) => {
      const block = lines.slice(at, at + height).join("\n");
      lines.splice(
        at,
        0,
        repeat((i) => `${block.replaceAll(/\d+|(?<=\w)(?=[\]:=])/g, (n) => `${Number(n) + i}`)}\n`),
      );
    })(text, place);
  });

/** Encodes a text, sometimes with a byte order mark, CRLF line ends or a random byte. */
function encode(text: string, [form, at, byte]: readonly [number, number, number]): Uint8Array {
  const changed = form === 0
    ? `\ufeff${text}`
    : form === 1
    ? text.trimEnd().replaceAll(/\r?\n/g, "\r\n")
    : text;
  const bytes = new TextEncoder().encode(changed);
  if (form === 2 && bytes.length > 0) bytes[at % bytes.length] = byte;
  return bytes.subarray(0, LENGTH);
}

/** Returns the texts of a golden test after some edits. */
function inputsOf(kind: Kind, edit: fc.Arbitrary<Edit>, most: number): fc.Arbitrary<Input> {
  const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const bytesOf = fc.tuple(
    fc.array(fc.tuple(edit, place), { minLength: 1, maxLength: most }),
    fc.tuple(fc.nat(39), fc.nat(), fc.nat(255)),
  ).map(([edits, form]) => (text: string) =>
    encode(edits.reduce((current, [act, at]) => act(current, at), text), form)
  );
  return fc.tuple(fc.constantFrom(...SEEDS[kind]), bytesOf, bytesOf)
    .map(([[settings, text], ofSettings, ofText]) => ({
      kind,
      settings: settings === "" ? new Uint8Array() : ofSettings(settings),
      text: ofText(text),
    }));
}

/** Combines bytes with the circumstances in which they arrive. */
function arriving(
  kind: Input["kind"],
  text: fc.Arbitrary<Uint8Array>,
  circumstances: fc.Arbitrary<unknown>,
): fc.Arbitrary<Input> {
  return fc.record({
    kind: fc.constant(kind),
    settings: circumstances.map((value) => new TextEncoder().encode(JSON.stringify(value))),
    text,
  });
}

/** Returns the facts of a host after some edits of the outputs of its programs. */
function ofFacts(edit: fc.Arbitrary<Edit>): fc.Arbitrary<Input> {
  return editedFacts(edit).map((text) => ({ kind: "facts", settings: new Uint8Array(), text }));
}

const inputs: fc.Arbitrary<Input> = fc.oneof(
  { weight: 500, arbitrary: arriving("answer", ANSWER_BYTES, CIRCUMSTANCES) },
  { weight: 250, arbitrary: arriving("json", JSON_BODY, PIECE_SIZES) },
  { weight: 100, arbitrary: arriving("form", FORM_BODY, PIECE_SIZES) },
  { weight: 80, arbitrary: ofFacts(fc.oneof(typo, remove)) },
  { weight: 4, arbitrary: ofFacts(enlarge) },
  ...([["codex", 1000], ["unit", 400], ["config", 200]] as const).flatMap(([kind, weight]) => {
    const edits = [typo, remove, insert(kind), insert(kind), revalue(kind), revalue(kind)];
    const edit = fc.oneof(...edits, ...kind === "codex" ? [rewrite, rewrite] : []);
    return [
      { weight, arbitrary: inputsOf(kind, edit, 5) },
      // A large input takes as long as hundreds of others.
      { weight: 4, arbitrary: inputsOf(kind, enlarge, 2) },
    ];
  }),
);

/** Returns the input for a seed and a number. */
export function inputOf(seed: number, number: number): Input {
  const [input] = fc.sample(inputs, {
    seed: (seed + Math.imul(number, 0x9e3779b1)) | 0,
    numRuns: 1,
  });
  if (input === undefined) throw new Error("fast-check made nothing");
  return input;
}

/** Returns an input as one text, to print and compare it. */
export function textOf({ kind, settings, text }: Input): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return [`# ${kind}`, settings, text].map((part) =>
    typeof part === "string" ? part : decoder.decode(part)
  ).join("\n");
}
