import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { verifyYaml, writeYaml, type YamlValue } from "./yaml.ts";
import { CHARACTER } from "../../../tests/character.ts";

/** Strings that a version of YAML reads as another type if they are not quoted. */
const AMBIGUOUS = [
  ..."yes no on off y n true null ~ .inf 012 0x1f 0o7 1_000 1:30 1e3 2026-11-22 = <<".split(" "),
  ..."- -x ? : # *a &a !a @a `a` %a [ ] { } , | > ' \" \\ \\n a:b".split(" "),
  "",
  " a ",
  "a: b",
  "a #b",
  "- a",
  "\n",
  "a\n",
  "\r\n",
  "\t",
  "\u0000",
  "\u0007",
  "\u0085",
  "\u2028",
  "\ufeff",
  "é 💀",
  "{{ x }}",
];

function readsBack(value: YamlValue): void {
  const expected = { value, list: [{ key: value }] };
  const text = `${writeYaml(expected)}\n`;
  deepStrictEqual(verifyYaml(text, expected), undefined, text);
}

Deno.test("every string reads back as itself, also one that looks like another type", () => {
  for (const text of AMBIGUOUS) readsBack(text);
  for (const text of AMBIGUOUS) readsBack({ [text]: text });
});

Deno.test("every value reads back as itself", () => {
  const { tree } = fc.letrec<{ tree: YamlValue; leaf: YamlValue }>((tie) => ({
    leaf: fc.oneof(
      fc.string({ unit: CHARACTER }),
      fc.constantFrom(...AMBIGUOUS),
      fc.integer(),
      fc.boolean(),
    ),
    tree: fc.oneof(
      { maxDepth: 4 },
      tie("leaf"),
      fc.array(tie("tree"), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: "grapheme", minLength: 1 }), tie("tree"), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
  }));
  fc.assert(fc.property(tree as fc.Arbitrary<YamlValue>, readsBack));
});

Deno.test("a file with another value is detected", () => {
  const expected = { a: "1", b: ["x"] };
  strictEqual(verifyYaml("a: '1'\nb: ['x']\n", expected), undefined);
  for (
    const [text, wrong] of [
      ["a: 1\nb: ['x']\n", "a: 1"],
      ["a: '1'\nb: ['x', 'y']\n", 'b: ["x","y"]'],
      ["a: '1'\n", "b: undefined"],
      ["a: '1'\nb: ['x']\nc: 1\n", "c: 1"],
      // A boolean only in YAML 1.1.
      ["a: '1'\nb: [x]\nc: yes\n", 'c: "yes"'],
    ] as const
  ) deepStrictEqual(verifyYaml(text, expected), { wrong });
  deepStrictEqual(verifyYaml("a: on\n", { a: "on" }), { wrong: "a: true" });
});
