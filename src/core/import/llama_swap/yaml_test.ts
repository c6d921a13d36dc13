import { deepStrictEqual, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { readYaml, type YamlNode } from "./yaml.ts";

/** Returns a tree as plain values. */
function plain(node: YamlNode): unknown {
  switch (node.kind) {
    case "map":
      return Object.fromEntries(node.entries.map((entry) => [entry.key, plain(entry.node)]));
    case "list":
      return node.items.map(plain);
    case "scalar":
      return node.value;
  }
}

function valueOf(text: string): unknown {
  const read = readYaml("a.yaml", text);
  return "root" in read
    ? plain(read.root)
    : `${read.error.place.start.line}:${read.error.place.start.column} ${read.error.message}`;
}

const VALUES: readonly (readonly [text: string, value: unknown])[] = [
  ["", {}],
  ["# nothing\n", {}],
  ["a: 1\nb: 1.50\nc: '1'\nd: 0x10\ne: yes\nf: true\ng: ~\nh:\n", {
    a: 1,
    b: 1.5,
    c: "1",
    d: 16,
    e: "yes",
    f: true,
    g: null,
    h: null,
  }],
  ["a: !!str 8000\n", { a: "8000" }],
  ["a: |\n  one\n  # two\nb: >\n  three\n  four\n", { a: "one\n# two\n", b: "three four\n" }],
  ["a: &x [1, 2]\nb: *x\n", { a: [1, 2], b: [1, 2] }],
  ["a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {<<: [*x, {r: 4}]}\n", {
    a: { p: 1, q: 2 },
    b: { q: 3, p: 1 },
    c: { p: 1, q: 2, r: 4 },
  }],
  ["'<<': {a: 1}\n", { "<<": { a: 1 } }],
  ["1: a\ntrue: b\n", { "1": "a", "true": "b" }],
  ["a: 1\r\nb: 2\r\n", { a: 1, b: 2 }],
];

Deno.test("YAML is read with aliases and merges resolved", () => {
  for (const [text, value] of VALUES) deepStrictEqual(valueOf(text), value, text);
});

Deno.test("JSON is read as JSON.parse does", () => {
  fc.assert(fc.property(
    fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })),
    (value) => {
      fc.pre(!JSON.stringify(value).includes("__proto__"));
      const text = JSON.stringify(value);
      deepStrictEqual(valueOf(text), JSON.parse(text));
    },
  ));
});

const BROKEN: readonly (readonly [text: string, error: string])[] = [
  ["a: [1\nb: 2\n", "2:1 invalid YAML: deficient indentation"],
  ["a: 1\na: 2\n", "2:1 invalid YAML: the key `a` is already defined above"],
  ["a: *x\n", "1:5 invalid YAML: there is no anchor `x` above"],
  ["a: &x [*x]\n", "1:9 invalid YAML: there is no anchor `x` above"],
  ["[1]: 2\n", "1:1 invalid YAML: a key must be a text"],
  ["a: 1\n---\nb: 2\n", "1:1 invalid YAML: the file has more than one document"],
  ["a: 'open\n", "2:1 invalid YAML: deficient indentation"],
  ["a\rbcdef: 'x'}\n", "1:8 invalid YAML: end of the stream or a document separator is expected"],
];

Deno.test("an error has its place", () => {
  for (const [text, error] of BROKEN) strictEqual(valueOf(text), error, text);
});

Deno.test("aliases cannot exhaust the memory", () => {
  const levels = Array.from(
    { length: 30 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(", ")}]`,
  );
  strictEqual(
    valueOf(`l0: &l0 x\n${levels.join("\n")}\n`),
    "6:9 invalid YAML: more than 100000 values",
  );
});
