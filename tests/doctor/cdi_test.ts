/**
 * Reads the specifications in `cdi/`. `expected.tsv` holds what the CDI library in each Podman says of
 * them.
 */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { readCdiSpec } from "../../src/core/doctor/read/cdi_spec.ts";

const FOLDER = join(import.meta.dirname ?? ".", "cdi");
const [HEAD = "", ...ROWS] = Deno.readTextFileSync(join(FOLDER, "expected.tsv")).trim().split("\n");
const PODMANS = HEAD.split("\t").slice(1).map((column) => {
  const [, major, minor, patch = 0] = /Podman (\d+)\.(\d+)(?:\.(\d+))?/.exec(column) ?? [];
  return [Number(major), Number(minor), Number(patch)] as const;
});

Deno.test("each file of cdi/ has its expected verdicts", () => {
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name)
    .filter((name) => name.endsWith(".yaml"));
  assert.deepEqual(ROWS.map((row) => `${row.split("\t")[0]}.yaml`).sort(), files.sort());
  assert.equal(PODMANS.length, 3);
});

for (const [name = "", ...verdicts] of ROWS.map((row) => row.split("\t"))) {
  Deno.test(`doctor accepts ${name}.yaml exactly where Podman does`, () => {
    const source = Deno.readTextFileSync(join(FOLDER, `${name}.yaml`));
    const accepted = PODMANS.map((podman) => !("problem" in readCdiSpec(source, podman)));
    assert.deepEqual(accepted, verdicts.map((verdict) => verdict === "accepted"));
  });
}
