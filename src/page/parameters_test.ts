import { deepStrictEqual } from "node:assert/strict";
import { readTemperature, readTokens } from "./parameters.ts";

Deno.test("a temperature is a number from 0 on, with a point or a comma", () => {
  deepStrictEqual(
    ["", " ", "0", "0.7", "0,7", " 1. ", ",5", "2"].map((text) => readTemperature(text).value),
    [undefined, undefined, 0, 0.7, 0.7, 1, 0.5, 2],
  );
  for (const text of ["abc", "-1", "1e3", "0.7.1", "1,000,0", "NaN", ".", "9".repeat(400)]) {
    deepStrictEqual(readTemperature(text), {
      problem: "Write a number that is at least 0, such as 0.7.",
    }, text);
  }
});

Deno.test("a number of tokens is whole and at least 1", () => {
  deepStrictEqual(["", "1", " 512 "].map((text) => readTokens(text).value), [undefined, 1, 512]);
  for (const text of ["-5", "0", "1.5", "1,5", "abc", "1e3", "9".repeat(20)]) {
    deepStrictEqual(readTokens(text), {
      problem: "Write a whole number that is at least 1, such as 512.",
    }, text);
  }
});
