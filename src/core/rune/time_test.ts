/** The time to read a value grows linearly with its length. */
import { ok } from "node:assert/strict";
import { expand } from "./expand.ts";
import { splitWords } from "./split.ts";
import { readQuadletUnit, readUnit } from "./unit.ts";

const LENGTH = 200_000;

/** Quadratic time would take a minute; the limit leaves room for a busy machine. */
const LIMIT_MILLISECONDS = 2000;

const VALUES: readonly string[] = [
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
      .map((part) => `${head}${part.repeat(LENGTH / part.length)}b`)
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

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`${name} reads a long value in time`, () => {
    for (const value of VALUES) {
      const begun = performance.now();
      read(value);
      const milliseconds = performance.now() - begun;
      ok(
        milliseconds < LIMIT_MILLISECONDS,
        `${Math.round(milliseconds)} ms: ${JSON.stringify(value.slice(0, 10))}`,
      );
    }
  });
}
