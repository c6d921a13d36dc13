/** What an editor says of a Codex: taplo is the language server behind the TOML modes of most. */
import { deepStrictEqual, match, strictEqual } from "node:assert/strict";
import { join } from "node:path/posix";
import { type Cli, cli } from "./cli.ts";

const ROOT = join(import.meta.dirname ?? ".", "../..");

/** Runs `taplo lint` on every TOML file below `folder`: the words of each fault, or nothing. */
async function lint(test: Cli, folder: string): Promise<string[]> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "-R", "-E", "-S", "--config", join(ROOT, "deno.json")],
      ...["npm:@taplo/cli@0.7.0", "lint", "**/*.toml"],
    ],
    cwd: join(test.dir, folder),
    env: { NO_COLOR: "1" },
    stdout: "null",
  }).output();
  const faults = new TextDecoder().decode(stderr).match(/^error: .*$/gm) ?? [];
  strictEqual(code === 0, faults.length === 0, new TextDecoder().decode(stderr));
  return faults;
}

Deno.test("an editor takes what init writes, and tells a slip in it", async () => {
  await using test = cli();
  const folder = "home/.config/lychd";
  const said = await test.run([
    ...["init", "--engine", "vllm", "--model", "a/b", "--engine", "tabbyapi"],
    ...["--engine", "llamacpp", "--engine", "generic", "--image", "localhost/x"],
  ]);
  strictEqual(said.code, 0, said.stderr);
  deepStrictEqual(await lint(test, folder), []);
  const whole = test.read(`${folder}/soulstones/b.toml`);
  SLIPS.forEach(([from, to], i) =>
    test.write(`${folder}/soulstones/slip-${i}.toml`, whole.replace(from, to))
  );
  test.write(`${folder}/other.toml`, "#:schema ./lychd.schema.json\nx = 1\n");
  const faults = (await lint(test, folder)).join("\n");
  for (const [, , fault] of SLIPS) match(faults, fault);
  match(faults, /'x' was unexpected/);
});

const SLIPS = [
  [/^port = .*$/m, 'port = "8780"', /"8780" is not of type "integer"/],
  [/^port = .*$/m, "port = 70000", /70000 is greater than the maximum of 65535/],
  [/^port = .*$/m, "port = 8780\nprot = 1", /'prot' was unexpected/],
  [/^image = .*$\n/m, "", /"image" is a required property/],
  [/^\[b\]$/m, '["b c"]', /'b c' was unexpected/],
] as const;

Deno.test("an editor takes every example", async () => {
  await using test = cli();
  const examples = [...Deno.readDirSync(join(ROOT, "examples"))].map(({ name }) => name);
  for (const kind of ["lychd", "soulstones"]) {
    test.write(`${kind}.schema.json`, (await test.run(["schema", kind])).stdout);
  }
  for (const name of examples) {
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
  strictEqual(examples.length >= 3, true);
  deepStrictEqual(await lint(test, "."), []);
});

Deno.test("schema prints one of two, and nothing else", async () => {
  await using test = cli();
  const said = await test.run(["schema", "lychd"], { HOME: "/nonexistent" });
  deepStrictEqual([said.code, said.stderr], [0, ""]);
  strictEqual(JSON.parse(said.stdout).$schema, "http://json-schema.org/draft-07/schema#");
  await test.expect(["schema", "lych"], {
    code: 2,
    stderr:
      `error: command-argument value 'lych' is invalid for argument 'kind'. ${""}Allowed choices are soulstones, lychd.
(Did you mean lychd?)
(lychd schema --help tells what there is)
`,
  });
});
