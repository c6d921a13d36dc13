/** TOML in all the forms of 1.0 and 1.1, with values of any kind. */
import fc from "fast-check";

const WORDS = [
  ...["%h", "%%", "$HOME", "$$", "\\", '"', "'", ";", "-", "{port}", "#", "[x]", "k=v", "", " "],
  ...["a b", "\n", "\t", "\u0000", "\u001b", "\u2028", "\ufffe", "\ud83d\ude00", "ä", "true", "1"],
  "x".repeat(300),
];

/** Characters of any plane; half of a pair may stand alone. */
export function anyCharacters(maxLength: number): fc.Arbitrary<string> {
  const code = fc.oneof(fc.nat(0xff), fc.nat(0xffff), fc.nat(0x10ffff));
  return fc.array(code, { maxLength }).map((codes) => String.fromCodePoint(...codes));
}

/** A text of any content. */
export const text: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: anyCharacters(8) },
);

/** A character as a basic string may write it; of eight ways most are the plain one. */
function writtenCharacter(c: string, way: number): string {
  const code = c.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, "0");
  if (way === 0) return `\\U${hex(8)}`;
  if (way === 1 && code < 0x10000) return `\\u${hex(4)}`;
  if (way === 2 && code < 0x100) return `\\x${hex(2)}`;
  if (c === "\u001b") return "\\e";
  return JSON.stringify(c).slice(1, -1).replaceAll("\x7f", "\\u007f");
}

/** A string in each way that TOML has for it, some of them with more than it was. */
export function writtenText(value: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(value, fc.nat(11), fc.nat(7)).map(([words, form, way]) => {
    const characters = [...words.toWellFormed()];
    const plain = characters.map((c) => writtenCharacter(c, 7)).join("");
    const escaped = characters.map((c, i) => writtenCharacter(c, (way + i) % 8)).join("");
    const isRaw = !/['\p{Cc}]/u.test(words) && words.isWellFormed();
    switch (form) {
      case 0:
        return isRaw ? `'${words}'` : `"${plain}"`;
      case 1:
        return isRaw ? `'''${way < 4 ? "\n" : ""}${words}${way === 7 ? "\r\n''" : ""}'''` : "''";
      case 2:
        return `"""${way < 4 ? "\n" : ""}${escaped.replaceAll("\\n", "\n")}${
          '"'.repeat(way % 3)
        }"""`;
      case 3:
        return `"""${plain}\\${way < 4 ? "" : "  "}\n${" ".repeat(way)}${plain}"""`;
      case 4:
      case 5:
        return `"${escaped}"`;
      default:
        return `"${plain}"`;
    }
  });
}

/** What is no string, as TOML has it, or nearly. */
const oddScalar = fc.oneof(
  fc.constantFrom(
    ...["true", "false", "0", "+1", "-17", "-0", "1_000", "0x1F", "0xdead_beef", "0b1101", "0o755"],
    ...["1.5", "-0.01", "9_224.445_1", "1e3", "5E+22", "6.626e-34", "inf", "-inf", "nan", "+nan"],
    ...["99999999999999999999", "9007199254740993"],
  ),
  fc.constantFrom(
    ...["1979-05-27", "07:32:00", "07:32", "00:32:00.999999", "1979-05-27T07:32:00"],
    ...["1979-05-27T07:32:00.5", "1979-05-27T07:32:00Z", "1979-05-27 07:32:00z"],
    ...["1979-05-27 07:32Z", "1979-05-27T00:32:00-07:00", "1979-05-27t00:32:00.999999+05:30"],
  ),
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["01", "1__0", "0xG", "1.", ".5", "1e", "2021-02-30", "24:00:00", "07:60", "true1"],
    ),
  },
);

/** What may stand between the parts of a list or an inline table. */
export const gap: fc.Arbitrary<string> = fc.constantFrom(
  ...["", " ", " ", "\t", "\n", "\r\n  ", " # x\n", " # =,[{\"'\n\n"],
);

/** What may stand behind a value or the head of a table. */
export const lineEnd: fc.Arbitrary<string> = fc.constantFrom(
  ...["\n", "\n", "\n", "\n", " # a comment\n", "\t#\n", " \t\n", "\r\n", "#=[\n\n"],
);

/** A list of values that are written already. */
export function listText(list: readonly string[], between: string, trails: boolean): string {
  const end = trails && list.length > 0 ? "," : "";
  return `[${between}${list.join(`${between},${between}`)}${between}${end}]`;
}

/** An inline table of values that are written already. */
export function inlineTable(
  table: Readonly<Record<string, string>>,
  between: string,
  trails: boolean,
): string {
  const pairs = Object.entries(table).map((pair) => pair.join(" = "));
  const end = trails && pairs.length > 0 ? "," : "";
  return `{${between}${pairs.join(`${between},${between}`)}${between}${end}}`;
}

/** A value of any kind. */
export const { anyValue } = fc.letrec<{ anyValue: string }>((tie) => ({
  anyValue: fc.oneof(
    { depthSize: "small" },
    writtenText(text),
    oddScalar,
    fc.tuple(fc.array(tie("anyValue"), { maxLength: 3 }), gap, fc.boolean()).map(
      (parts) => listText(...parts),
    ),
    fc.tuple(fc.dictionary(writtenText(text), tie("anyValue"), { maxKeys: 2 }), gap, fc.boolean())
      .map((parts) => inlineTable(...parts)),
  ),
}));

const looseKey = fc.tuple(
  fc.array(
    fc.oneof(fc.constantFrom("a", "b-c", "__proto__", "constructor", "0"), writtenText(text)),
    { minLength: 1, maxLength: 3 },
  ),
  fc.constantFrom(".", " . ", ".\t"),
).map(([parts, dot]) => parts.join(dot));

/** TOML of any content. */
export const looseToml: fc.Arbitrary<string> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.tuple(looseKey, fc.constantFrom(" = ", "=", "\t=  "), anyValue, lineEnd)
        .map((parts) => parts.join("")),
    },
    { weight: 2, arbitrary: fc.tuple(looseKey, lineEnd).map(([key, end]) => `[${key}]${end}`) },
    { weight: 1, arbitrary: fc.tuple(looseKey, lineEnd).map(([key, end]) => `[[ ${key} ]]${end}`) },
    { weight: 1, arbitrary: fc.constantFrom("# ä\n", "\n", "\r\n", "\t\n") },
  ),
  { maxLength: 8 },
).map((lines) => lines.join(""));

const SLIPS = [
  ...["", "\n", "\r\n", '"', "'", '"""', "'''", "[", "]", "[[", "]]", "{", "}", "=", ",", ".", "#"],
  ...["\\", "\\u0000", "\\x", "\u0000", "\ufeff", "\u0085", "\ud800", "[Container]\n", "uri = 1\n"],
  ...["[".repeat(100), "a.".repeat(100), "x".repeat(2000)],
];

/** The text, or the same with some of it left out or replaced. */
export function withSlips(whole: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const by = fc.oneof(fc.constantFrom(...SLIPS), anyCharacters(4));
  const slip = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(12), by);
  const slips = fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    fc.array(slip, { minLength: 1, maxLength: 3 }),
  );
  return fc.tuple(whole, slips).map(([start, each]) =>
    each.reduce((current, [where, length, by]) => {
      const at = Math.floor(where * current.length);
      return current.slice(0, at) + by + current.slice(at + length);
    }, start)
  );
}

/** Bytes: most often those of a text, now and then with another byte, mark or line ends. */
export function bytesOf(whole: fc.Arbitrary<string>): fc.Arbitrary<Uint8Array> {
  return fc.tuple(whole, fc.nat(79), fc.nat(), fc.nat(255)).map(([written, dress, at, byte]) => {
    const bytes = new TextEncoder().encode(
      dress < 2
        ? `\ufeff${written}`
        : dress < 4
        ? written.trimEnd().replaceAll(/\r?\n/g, "\r\n")
        : written,
    );
    if (dress === 79 && bytes.length > 0) bytes[at % bytes.length] = byte;
    return bytes;
  });
}
