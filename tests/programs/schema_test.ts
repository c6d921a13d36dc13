/** Tests the schemas with taplo, the TOML language server of most editors. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { cli } from "../cli/cli.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** The errors that an editor shows, each as `FILE: MESSAGE`, sorted. */
type EditorErrors = readonly string[];

/** Not a hidden folder, because taplo skips those. */
const MADE = "made/codex";

const TYPOS = [
  [/^port = .*$/m, 'port = "8780"', `"8780" is not of type "integer"`],
  [/^port = .*$/m, "port = 70000", "70000 is greater than the maximum of 65535"],
  [
    /^port = .*$/m,
    "port = 8780\nprot = 1",
    "Additional properties are not allowed ('prot' was unexpected)",
  ],
  [/^image = .*$\n/m, "", '"image" is a required property'],
  [/^\[b\]$/m, '["b c"]', "Additional properties are not allowed ('b c' was unexpected)"],
] as const;

/** Both tests share one run of `taplo lint`, which takes seconds to start. */
let linted: Promise<EditorErrors> | undefined;

async function lint(): Promise<EditorErrors> {
  await using test = cli();
  const result = await test.run([
    ...["init", "--codex", MADE, "--engine", "vllm", "--model", "a/b"],
    ...["--engine", "tabbyapi", "--engine", "llamacpp"],
    ...["--engine", "generic", "--image", "localhost/x"],
  ]);
  strictEqual(result.code, 0, result.stderr);
  const whole = test.read(`${MADE}/soulstones/b.toml`);
  TYPOS.forEach(([from, to], i) =>
    test.write(`${MADE}/soulstones/typo-${i}.toml`, whole.replace(from, to))
  );
  test.write(`${MADE}/other.toml`, "#:schema ./lychd.schema.json\nx = 1\n");
  for (const kind of ["lychd", "soulstones"]) {
    test.write(`${kind}.schema.json`, (await test.run(["schema", kind])).stdout);
  }
  for (const name of EXAMPLES) {
    const codex = join(ROOT, "examples", name);
    const add = (path: string, schema: string) =>
      test.write(
        `${name}/${path}`,
        `#:schema ${schema}\n${Deno.readTextFileSync(join(codex, path))}`,
      );
    add("lychd.toml", "../lychd.schema.json");
    for (const file of Deno.readDirSync(join(codex, "soulstones"))) {
      add(`soulstones/${file.name}`, "../../soulstones.schema.json");
    }
  }
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "-R", "-E", "-S", "--config", join(ROOT, "deno.json")],
      ...["npm:@taplo/cli@0.7.0", "lint", "**/*.toml"],
    ],
    cwd: test.dir,
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const report = new TextDecoder().decode(stderr);
  strictEqual(code, 1, report);
  match(report, /found files total=\d+ excluded=0/);
  const errors = [...report.matchAll(/^error: (.*)\n *┌─ (.*?):\d+:\d+$/gm)]
    .map(([, message, file]) => `${file?.slice(test.dir.length + 1)}: ${message}`);
  // taplo repeats each error for every part of the file.
  return [...new Set(errors)].sort();
}

const EXAMPLES = [...Deno.readDirSync(join(ROOT, "examples"))].map(({ name }) => name);

Deno.test("an editor accepts the output of init, and shows typos in it", async () => {
  const errors = await (linted ??= lint());
  deepStrictEqual(errors.filter((error) => error.startsWith("made/")), [
    `${MADE}/other.toml: Additional properties are not allowed ('x' was unexpected)`,
    ...TYPOS.map(([, , message], i) => `${MADE}/soulstones/typo-${i}.toml: ${message}`),
  ]);
});

Deno.test("an editor accepts every example", async () => {
  const errors = await (linted ??= lint());
  strictEqual(EXAMPLES.length >= 3, true);
  deepStrictEqual(errors.filter((error) => !error.startsWith("made/")), []);
});

Deno.test("schema prints one of three schemas, and nothing else", async () => {
  await using test = cli();
  const result = await test.run(["schema", "lychd"], { HOME: "/nonexistent" });
  deepStrictEqual([result.code, result.stderr], [0, ""]);
  strictEqual(JSON.parse(result.stdout).$schema, "http://json-schema.org/draft-07/schema#");
  await test.expect(["schema", "lych"], {
    code: 2,
    stderr:
      `error: command-argument value 'lych' is invalid for argument 'kind'. ${""}Allowed choices are soulstones, portals, lychd.
(Did you mean lychd?)
hint: lychd schema --help
`,
  });
});
