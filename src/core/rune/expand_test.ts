import { deepStrictEqual } from "node:assert/strict";
import { expand, type ExpandedAs } from "./expand.ts";

const KNOWN = { specifiers: { h: "/home/lich", U: "1000" }, variables: { PORT: "8000" } };

const ROWS: readonly (readonly [as: ExpandedAs, text: string, result: string])[] = [
  ["text", "plain $HOME ${X}", "plain $HOME ${X}"],
  ["text", "50%% of %h", "50% of /home/lich"],
  ["text", "%%h %U", "%h 1000"],
  // Not specifiers.
  ["text", "100% 5%) %z %", "100% 5%) %z %"],
  ["word", "$$5 a$$b", "$5 a$b"],
  ["word", "http://x:${PORT}/", "http://x:8000/"],
  ["word", "$PORT", "8000"],
  // In the middle of a word a name without braces is not expanded.
  ["word", "a$PORT b $PORT", "a$PORT b $PORT"],
  ["word", "a$", "a$"],
  ["word", "$$PORT $${PORT}", "$PORT ${PORT}"],
  ["line", "/bin/echo $PORT '$PORT' a$PORT", "/bin/echo 8000 '8000' a$PORT"],
  ["line", "/bin/echo $$PORT $1", "/bin/echo $PORT $1"],
];

Deno.test("specifiers and variables are expanded as systemd expands them", () => {
  for (const [as, text, result] of ROWS) {
    const expanded = expand(text, KNOWN, as);
    deepStrictEqual("text" in expanded ? expanded.text : expanded, result, text);
  }
});

const UNKNOWN: readonly (readonly [as: ExpandedAs, text: string, unknown: string])[] = [
  ["text", "%n", "%n"],
  ["word", "${KEY}", "${KEY}"],
  ["word", "$KEY/x", "$KEY/x"],
  ["word", "$", "$"],
  ["word", "${constructor}", "${constructor}"],
  ["line", "/bin/kill $MAINPID", "$MAINPID"],
  ["line", "%i ${A}", "%i"],
];

Deno.test("the first unknown expansion is returned", () => {
  for (const [as, text, unknown] of UNKNOWN) deepStrictEqual(expand(text, KNOWN, as), { unknown });
});

Deno.test("the names of the replaced expansions are returned", () => {
  deepStrictEqual(expand("%h:${PORT}", KNOWN, "word"), {
    text: "/home/lich:8000",
    filled: ["%h", "${PORT}"],
  });
});
