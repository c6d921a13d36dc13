/** The time to read a value grows linearly with its length. */
import { ok } from "node:assert/strict";
import { expand } from "./expand.ts";
import { splitWords } from "./split.ts";
import { readQuadletUnit, readUnit } from "./unit.ts";

/** A long value is compared with this many short ones of the same total length. */
const PARTS = 100;
const LENGTH = 100_000;

/** The maximum ratio of a long value to short ones of the same total length; quadratic time gives 100. */
const MOST_TIMES = 30;

/** The best try counts, because other programs and the JIT compiler take time too. */
const TRIES = 5;

/** Values of any length. */
const VALUES: readonly ((length: number) => string)[] = [
  ...["", "a", '"a', "'a", "\\"].flatMap((head) =>
    [
      " ",
      "\t",
      "\\",
      '"',
      "'",
      "[",
      "]",
      "=",
      "%",
      "$",
      "${",
      "$$",
      ";",
      "#",
      "\\\n",
      " \\\n",
      "\n",
    ]
      .map((part) => (length: number) => `${head}${part.repeat(length / part.length)}b`)
  ),
];

const NOTHING = { specifiers: {}, variables: {} };

const READERS: Readonly<Record<string, (value: string) => unknown>> = {
  readUnit: (value) => [readUnit(`[Container]\nExec=${value}\n`), readUnit(`[Container]${value}`)],
  readQuadletUnit: (value) => [
    readQuadletUnit(`[Container]\nExec=${value}\n`),
    readQuadletUnit(`[Container]${value}`),
  ],
  "splitWords of words": (value) => splitWords(value, "words"),
  "splitWords of tokens": (value) => splitWords(value, "tokens"),
  "expand of a text": (value) => expand(value, NOTHING, "text"),
  "expand of a word": (value) => expand(value, NOTHING, "word"),
  "expand of a line": (value) => expand(value, NOTHING, "line"),
};

function millisecondsOf(act: () => unknown): number {
  const start = performance.now();
  act();
  return performance.now() - start;
}

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`${name} reads a long value in time`, () => {
    for (const valueOf of VALUES) {
      const [short, long] = [valueOf(LENGTH / PARTS), valueOf(LENGTH)];
      let [parts, whole, tries] = [Infinity, Infinity, 0];
      do {
        const readParts = () => Array.from({ length: PARTS }, () => read(short));
        parts = Math.min(parts, millisecondsOf(readParts));
        whole = Math.min(whole, millisecondsOf(() => read(long)));
      } while (whole > MOST_TIMES * parts && ++tries < TRIES);
      const words = `${whole} ms, and ${parts} ms in ${PARTS} parts`;
      ok(whole <= MOST_TIMES * parts, `${words}: ${JSON.stringify(short.slice(0, 10))}`);
    }
  });
}
