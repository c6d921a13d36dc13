import { Ajv } from "ajv";
import { getStaticTOMLValue, parseTOML } from "toml-eslint-parser";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { compile } from "../compile/mod.ts";
import { jsonSchemaText, readCodex, SCHEMA_KINDS } from "./mod.ts";
import { lychdSchema, portalSchema, soulstoneSchema } from "./schema.ts";

/** A part of a JSON Schema. */
interface Part {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Part>>;
  readonly patternProperties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: unknown;
  readonly required?: readonly string[];
}

function tablesOf(part: Part, path: string): [string, Part][] {
  const tables = Object.entries(part.properties ?? {})
    .flatMap(([name, inner]) => tablesOf(inner, `${path}.${name}`));
  return part.properties === undefined ? [] : [[path, part], ...tables];
}

const WHOLE = SCHEMA_KINDS.map((kind): Part => JSON.parse(jsonSchemaText(kind)));

Deno.test("a JSON Schema has the fields of the zod schema and refuses other fields in every table", () => {
  const [soulstones, portal, lychd] = WHOLE;
  const [soulstone] = Object.values(soulstones?.patternProperties ?? {});
  ok(soulstone !== undefined && portal !== undefined && lychd !== undefined);
  deepStrictEqual(Object.keys(portal.properties ?? {}), Object.keys(portalSchema.shape));
  deepStrictEqual(portal.required, ["url"]);
  deepStrictEqual(Object.keys(soulstone.properties ?? {}), Object.keys(soulstoneSchema.shape));
  deepStrictEqual(Object.keys(lychd.properties ?? {}), Object.keys(lychdSchema.shape));
  deepStrictEqual(soulstone.required, ["image", "port"]);
  deepStrictEqual(lychd.required, undefined);
  const tables = [
    ...tablesOf(soulstone, "soulstone"),
    ...tablesOf(portal, "portal"),
    ...tablesOf(lychd, "lychd"),
  ];
  ok(tables.length > 5);
  const open = tables.filter(([, table]) => table.additionalProperties !== false);
  deepStrictEqual([soulstones?.additionalProperties, open], [false, []]);
});

Deno.test("the zod schema and the JSON Schema accept the same addresses", () => {
  const [, , lychd] = WHOLE;
  const part = lychd?.properties?.["sepulcher"]?.properties?.["bind_address"];
  const { anyOf } = part as {
    anyOf: readonly { pattern: string; allOf?: { pattern: string }[] }[];
  };
  for (const address of ["127.0.0.1", "::", "fd00::1", "::ffff:127.0.0.1", "fe80::1%eth0", "x"]) {
    const isValid = anyOf.some(({ pattern, allOf }) =>
      [pattern, ...(allOf ?? []).map((p) => p.pattern)].every((p) => new RegExp(p).test(address))
    );
    const { success } = lychdSchema.safeParse({ sepulcher: { bind_address: address } });
    strictEqual(success, isValid, address);
  }
});

Deno.test("every field has a description", () => {
  const undescribed = WHOLE.flatMap((whole) =>
    [whole, ...Object.values(whole.patternProperties ?? {})].flatMap((part) => tablesOf(part, ""))
      .flatMap(([path, table]) =>
        Object.entries(table.properties ?? {})
          .filter(([, field]) => field.description === undefined && field.properties === undefined)
          .map(([name]) => `${path}.${name}`)
      )
  );
  deepStrictEqual(undescribed, []);
});

const HEAD = '[a]\nimage = "localhost/x"\nport = 8780\n';

/** Valid and invalid fields. */
const FIELDS: readonly (readonly [toml: string, isValid: boolean])[] = [
  ["env = { A_1 = '' }", true],
  ["env = { 'A-B' = '' }", false],
  ["env = { 1A = '' }", false],
  ["description = 'An\\teye: 50% \"x\" \\\\ é'", true],
  ['description = "tab\\tin"', true],
  ['description = "two\\nlines"', false],
  ["description = ' x'", false],
  ["description = 'x\\'", false],
  ["health = { cmd = 'curl -f \"$X\" ; true' }", true],
  ["health = { cmd = 'none' }", true],
  ["health = { cmd = 'None' }", false],
  ["health = { cmd = 'nonesuch --x' }", true],
  ["health = { cmd = 'cmd-shell x' }", false],
  ["health = { cmd = '[\"x\"]' }", false],
  ['health = { cmd = \'"x" y "z"\' }', true],
  ["health = { cmd = ';' }", false],
  ["secrets = ['hub-token,type=env,target=HF_TOKEN', 'b']", true],
  ["secrets = ['a,type=evn']", false],
  ["secrets = ['-a']", false],
  ["volumes = ['~/models:/models:ro,z', '/a b:/c', 'cache_1:/d:U,idmap=uids=0-1', '~/:/e']", true],
  ["volumes = ['models/x:/models']", false],
  ["volumes = ['/models']", false],
  ["volumes = ['/models:models']", false],
  ["volumes = ['/models:/']", false],
  ["volumes = ['/models:/m:rw,rx']", false],
  ["volumes = ['/models:/m:']", false],
  ["volumes = ['x.volume:/m']", false],
  ["volumes = ['/x.volume:/m']", true],
  ["aliases = ['gpt-4o', '@cf/a/b:8b+x', 'hf.co/a/b:Q4_K_M']", true],
  ["aliases = ['a b']", false],
  ["aliases = ['-a']", false],
  ["request = { set = { a = [1, { b = 'x' }] }, strip = ['b c'] }", true],
  ["request = { strip = 'b' }", false],
  ["quadlet = { Container = { Label = ['a=b'] }, Service = { Nice = 5 } }", true],
  ["quadlet = { Containers = { Label = 'a=b' } }", false],
];

Deno.test("`lychd check` and the JSON Schema accept the same values", async () => {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(jsonSchemaText("soulstones")));
  for (const [field, isValid] of FIELDS) {
    const text = HEAD + field;
    const bytes = new TextEncoder().encode(text);
    const read = readCodex({ folder: "", files: [{ path: "soulstones/a.toml", bytes }] });
    const findings = [...read.findings, ...(await compile(read.codex)).findings];
    const isChecked = findings.every(({ severity }) => severity !== "error");
    deepStrictEqual(
      [isChecked, validate(getStaticTOMLValue(parseTOML(text)))],
      [isValid, isValid],
      field,
    );
  }
});
