/**
 * Checks every golden Rune with the real Quadlet generator, which must write a service for each unit
 * without a complaint.
 */
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { expectedServices, findGenerator, generate } from "./generator.ts";

const GOLDEN = fileURLToPath(new URL("../golden", import.meta.url));
const generator = findGenerator();
if (generator === undefined) {
  // deno-lint-ignore no-console
  console.error(
    "tests/generator: NOT RUN: no Quadlet generator on this host; name one by LYCHD_QUADLET",
  );
}

const trees = [...Deno.readDirSync(GOLDEN)].filter((entry) => entry.isDirectory)
  .map((entry) => join(GOLDEN, entry.name, "runes", "containers", "systemd")).filter(isFolder);

Deno.test("there are golden trees to check", () => assert.ok(trees.length >= 10));

for (const tree of trees.sort()) {
  const name = tree.split("/").at(-4);
  Deno.test({
    name: `the generator writes a service for every unit of ${name}`,
    ignore: generator === undefined,
    async fn() {
      const { services, messages } = await generate(generator ?? "", tree);
      assert.deepEqual([...services.keys()].sort(), expectedServices(tree), messages);
      assert.doesNotMatch(messages, /converting|unsupported|error|invalid/i);
    },
  });
}

Deno.test({
  name: "a unit that the generator silently drops is detected",
  ignore: generator === undefined,
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(join(folder, "good.container"), "[Container]\nImage=a\n");
      await Deno.writeTextFile(join(folder, "bad.container"), "[Container]\nImage=a\nFoo=b\n");
      const { services } = await generate(generator ?? "", folder);
      assert.deepEqual(expectedServices(folder), ["bad.service", "good.service"]);
      assert.deepEqual([...services.keys()], ["good.service"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
