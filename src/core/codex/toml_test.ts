import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { Place } from "../report/mod.ts";
import { parseDocument, type TomlDocument, type TomlPath } from "./toml.ts";

const TEXT = `top = 1
[eye]
image = "x"
exec = ["a",
  "b"]
env = { A = "1", "B C" = "2" }
health.path = "/"
  [eye.quadlet.Unit]
  After = ["☃", "x"]
[["quoted name"]]
k = 1
[["quoted name"]]
k = 2
`;

function documentOf(text: string): TomlDocument {
  const read = parseDocument("f.toml", text);
  if ("error" in read) throw new Error(read.error.message);
  return read.document;
}

function shown({ start, end }: Place): string {
  return `${start.line}:${start.column}-${end.line}:${end.column}`;
}

const SPOTS: readonly (readonly [path: TomlPath, key: string, value: string])[] = [
  [["top"], "1:1-1:4", "1:7-1:8"],
  [["eye"], "2:2-2:5", "2:2-2:5"],
  [["eye", "image"], "3:1-3:6", "3:9-3:12"],
  [["eye", "exec"], "4:1-4:5", "4:8-5:7"],
  [["eye", "exec", 0], "4:9-4:12", "4:9-4:12"],
  [["eye", "exec", 1], "5:3-5:6", "5:3-5:6"],
  [["eye", "env", "A"], "6:9-6:10", "6:13-6:16"],
  [["eye", "env", "B C"], "6:18-6:23", "6:26-6:29"],
  [["eye", "health", "path"], "7:8-7:12", "7:15-7:18"],
  [["eye", "health"], "7:1-7:7", "7:1-7:7"],
  [["eye", "quadlet"], "8:8-8:15", "8:8-8:15"],
  [["eye", "quadlet", "Unit"], "8:16-8:20", "8:16-8:20"],
  [["eye", "quadlet", "Unit", "After", 1], "9:17-9:20", "9:17-9:20"],
  [["quoted name", 0, "k"], "11:1-11:2", "11:5-11:6"],
  [["quoted name", 1, "k"], "13:1-13:2", "13:5-13:6"],
];

Deno.test("every key, value and element has its place", () => {
  const document = documentOf(TEXT);
  for (const [path, key, value] of SPOTS) {
    const spot = document.spot(path);
    deepStrictEqual([shown(spot.key), shown(spot.value)], [key, value], JSON.stringify(path));
  }
});

Deno.test("a path that does not exist has the place of the nearest table around it", () => {
  const document = documentOf(TEXT);
  strictEqual(shown(document.spot(["eye", "port"]).value), "2:2-2:5");
  strictEqual(shown(document.spot(["eye", "exec", 9]).value), "4:8-5:7");
});

const BROKEN: readonly (readonly [text: string, at: string, problem: string])[] = [
  ["[eye\n", "1:1", "this `[` is not closed"],
  ["a = ", "1:5", "the value after `=` is missing"],
  ["a = 1\na = 2\n", "2:1", "the key is already defined above"],
  ['a = "x\n', "1:7", "the string is not closed"],
  ["a = x\n", "1:5", "unexpected character; a string needs quotes"],
  ["a = 1 b = 2\n", "1:7", "expected the end of the line"],
];

Deno.test("invalid TOML is one finding at the place of the syntax error", () => {
  for (const [text, at, problem] of BROKEN) {
    const read = parseDocument("f.toml", text);
    const error = "error" in read ? read.error : undefined;
    deepStrictEqual(
      [`${error?.place.start.line}:${error?.place.start.column}`, error?.message],
      [at, `invalid TOML: ${problem}`],
      text,
    );
  }
});
