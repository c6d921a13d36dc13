import assert from "node:assert/strict";
import plugin from "./plugin.ts";

const CORE = "/project/src/core/plan/plan.ts";

/** Source text, and the rules that it breaks in `file`. */
const CASES: readonly { source: string; file?: string; breaks: readonly string[] }[] = [
  { source: 'Deno.readTextFileSync("x");', breaks: ["pure-core"] },
  { source: "console.log(1);", breaks: ["pure-core", "one-voice"] },
  { source: 'await fetch("http://localhost");', breaks: ["pure-core"] },
  { source: "const now = Date.now();", breaks: ["pure-core"] },
  { source: "const now = new Date();", breaks: ["pure-core"] },
  { source: "const x = Math.random();", breaks: ["pure-core"] },
  { source: 'import { readFileSync } from "node:fs";', breaks: ["pure-core"] },
  { source: 'import "node:fs";', breaks: ["pure-core"] },
  { source: 'import { randomBytes } from "node:crypto";', breaks: ["pure-core"] },
  { source: 'import * as c from "node:crypto";', breaks: ["pure-core"] },
  { source: 'const m = await import("./x.ts");', breaks: ["pure-core"] },
  { source: "const f = globalThis.fetch;", breaks: ["pure-core"] },
  { source: "const { pid } = process;", breaks: ["pure-core"] },
  { source: 'export { readFileSync } from "node:fs";', breaks: ["pure-core"] },
  { source: 'export * from "node:fs";', breaks: ["pure-core"] },
  { source: 'const d = self["Deno"];', breaks: ["pure-core"] },
  { source: "const d = Date();", breaks: ["pure-core"] },
  { source: "const { now } = Date;", breaks: ["pure-core"] },
  { source: 'const f = new Function("return 1");', breaks: ["pure-core"] },
  { source: "const n = navigator.userAgent;", breaks: ["pure-core"] },
  { source: "const is = x instanceof Date;", breaks: [] },
  { source: 'import { createHash } from "node:crypto";', breaks: [] },
  { source: "const d = new Date(0); const m = Math.max(1, 2);", breaks: [] },
  { source: "const x = { console: 1 }.console;", breaks: [] },
  { source: "console.log(1);", file: "/project/src/core/plan/plan_test.ts", breaks: [] },
  { source: "console.log(1);", file: "/project/src/host/x.ts", breaks: ["one-voice"] },
  { source: "console.log(1);", file: "/project/tools/x.ts", breaks: [] },
  { source: "export const x = 1;", file: "/project/src/x.ts", breaks: ["documented"] },
  {
    source: "// no docstring\nexport function f() {}",
    file: "/project/src/x.ts",
    breaks: ["documented"],
  },
  { source: "/** One. */\nexport const x = 1;", file: "/project/src/x.ts", breaks: [] },
  { source: "Deno.exit(1);", file: "/project/src/host/x.ts", breaks: ["one-exit"] },
  { source: "Deno.exit(1);", file: "/project/main.ts", breaks: [] },
  { source: "// a command that mends it", breaks: ["plain-english"] },
  { source: "/** Whether it runs. */\nconst x = 1;", breaks: ["plain-english"] },
  { source: "/** True if it runs. */\nconst x = 1;", breaks: [] },
  { source: 'const x = "the file is no table";', breaks: ["plain-english"] },
  { source: 'const x = "there is no table";', breaks: [] },
  { source: "const x = `run ${1} and ${2} anew`;", breaks: ["plain-english"] },
  { source: 'const user = "nobody";', breaks: [] },
  { source: 'const x = "mended";', breaks: ["plain-english"] },
  { source: "/* it is\n * no table */\nconst x = 1;", breaks: ["plain-english"] },
  { source: "/**\n * What it is.\n */\nconst x = 1;", breaks: ["plain-english"] },
  { source: 'const x = "nothing runs of that";', breaks: ["plain-english"] },
  { source: 'const x = "anew it";', file: "/project/tests/x_test.ts", breaks: ["plain-english"] },
];

for (const { source, file = CORE, breaks } of CASES) {
  Deno.test(`${file}: ${source} breaks ${breaks.join(", ") || "nothing"}`, () => {
    const found = Deno.lint.runPlugin(plugin, file, source);
    const ids = new Set(found.map((d) => d.id.replace("lychd/", "")));
    assert.deepEqual([...ids].sort(), [...breaks].sort());
  });
}
