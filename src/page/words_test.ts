import { deepStrictEqual } from "node:assert/strict";
import { countOf, durationOf, listOf, memoryOf, numberOf } from "./words.ts";

Deno.test("quantities have as many digits as a reader uses", () => {
  deepStrictEqual(
    [-1, 0, 0.04, 0.31, 9.96, 10, 59.9, 60, 3599, 3600, 3725, 86_399, 86_400, 100_000].map(
      durationOf,
    ),
    [
      ...["0 s", "0 s", "0 s", "0.3 s", "10 s", "10 s", "59 s", "1 min", "59 min"],
      ...["1 h", "1 h 2 min", "23 h 59 min", "1 d", "1 d 3 h"],
    ],
  );
  deepStrictEqual([0, 1023, 1024, 20_000].map(memoryOf), [
    "0 MiB",
    "1023 MiB",
    "1.0 GiB",
    "19.5 GiB",
  ]);
  deepStrictEqual([null, undefined, 0, 3, 41.27, 230.4].map(numberOf), [
    "–",
    "–",
    "0",
    "3",
    "41.3",
    "230",
  ]);
});

Deno.test("nouns and lists have the form of their number", () => {
  deepStrictEqual([0, 1, 2].map((count) => countOf(count, "request")), [
    "0 requests",
    "1 request",
    "2 requests",
  ]);
  deepStrictEqual([[], ["a"], ["a", "b"], ["a", "b", "c"]].map(listOf), [
    "nothing",
    "a",
    "a and b",
    "a, b and c",
  ]);
});
