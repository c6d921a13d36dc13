/**
 * Tests every golden tree with the real Quadlet generator, which must write a service for each unit
 * and report no problem.
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
    "tests/generator: NOT RUN: no Quadlet generator on this host; set LYCHD_QUADLET",
  );
}

const trees = [...Deno.readDirSync(GOLDEN)].filter((entry) => entry.isDirectory)
  .map((entry) => join(GOLDEN, entry.name, "runes", "containers", "systemd")).filter(isFolder);

Deno.test("there are golden trees to test", () => assert.ok(trees.length >= 10));

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
  name: "a service keeps the facts of its unit, and waits for the Vessel before Quadlet stops it",
  ignore: generator === undefined,
  async fn() {
    const tree = join(GOLDEN, "vessel-all-settings/runes/containers/systemd");
    const { services } = await generate(generator ?? "", tree);
    const made = services.get("soulstone-eye.service") ?? "";
    const unit = await Deno.readTextFile(join(tree, "lychd/soulstone-eye.container"));
    const factsOf = (text: string) =>
      text.slice(text.indexOf("[X-Lychd]")).split("\n\n")[0]?.trim();
    assert.equal(factsOf(made), factsOf(unit));
    const stops = made.match(/^ExecStop=.*$/mg)?.map((line) => line.split(" ")[0]);
    assert.deepEqual(stops, ["ExecStop=-/bin/sh", "ExecStop=/usr/bin/podman"]);
  },
});

Deno.test({
  name: "a unit that the generator silently drops is noticed",
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
