import { deepStrictEqual, throws } from "node:assert/strict";
import { examplesOf } from "./examples.ts";

const FENCE = " * ```";

Deno.test("an example keeps its lines, and a comment after an expression is its value", () => {
  const lines = [
    "/** Adds. */",
    `${FENCE}ts`,
    ' * import { add } from "../add.ts";',
    " * const one = 1; // a number",
    " * add(one, 2); // 3",
    " * add([1], [2]);",
    " * // [1, 2]",
    " * add({}, {}); // { long: … }",
    FENCE,
    " */",
  ];
  deepStrictEqual(examplesOf(lines.join("\n"), "file:///src/core/x/add_up.ts"), [{
    line: 3,
    code: [
      'import { deepStrictEqual } from "node:assert/strict";',
      "",
      'import { add } from "file:///src/core/add.ts";',
      "const one = 1; // a number",
      "deepStrictEqual(add(one, 2), 3);",
      "deepStrictEqual(add([1], [2]),",
      "[1, 2]);",
      "add({}, {}); // { long: … }",
      "",
    ].join("\n"),
  }]);
});

Deno.test("an example without an end is refused", () => {
  throws(
    () => examplesOf(`${FENCE}ts\n * add(1, 2);\n`, "file:///a.ts"),
    /^Error: file:\/\/\/a\.ts:1: /,
  );
});
