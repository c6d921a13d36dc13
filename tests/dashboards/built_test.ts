import assert from "node:assert/strict";
import { builtFiles } from "../../tools/dashboards/build.ts";
import { FOLDER } from "./dashboards.ts";

const built = builtFiles();

for (const [name, text] of built) {
  Deno.test(`dashboards/${name} is up to date`, () => {
    assert.equal(Deno.readTextFileSync(FOLDER + name), text, "run: deno task dashboards");
  });
}

Deno.test("dashboards/ contains no other files", () => {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  assert.deepEqual(
    names.filter((name) => /\.(json|ya?ml)$/.test(name)).sort(),
    [...built.keys()].sort(),
  );
});
