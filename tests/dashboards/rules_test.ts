/** Checks the syntax of `rules.yml` with promtool, and its results with rules.test.yml. */
import assert from "node:assert/strict";
import { join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { FOLDER } from "./dashboards.ts";
import { findProgramFolders, versionOf } from "./prometheus.ts";

const folders = findProgramFolders();
if (folders.length === 0) {
  // deno-lint-ignore no-console
  console.error("tests/dashboards: NOT RUN: no Prometheus; name its folder by LYCHD_PROMETHEUS");
}

for (const folder of folders) {
  const promtool = async (...args: string[]) => {
    const { success, stdout, stderr } = await new Deno.Command(join(folder, "promtool"), { args })
      .output();
    const decoder = new TextDecoder();
    assert.ok(success, decoder.decode(stdout) + decoder.decode(stderr));
    return decoder.decode(stdout);
  };

  Deno.test(`promtool ${versionOf(folder)} finds no problem in rules.yml`, async () => {
    const said = await promtool(
      "check",
      "rules",
      "--lint=all",
      "--lint-fatal",
      `${FOLDER}rules.yml`,
    );
    assert.match(said, /SUCCESS: \d\d rules found/);
  });

  Deno.test(`rules.yml distinguishes banished, failed and silent, by promtool ${versionOf(folder)}`, async () => {
    await promtool("test", "rules", fileURLToPath(new URL("rules.test.yml", import.meta.url)));
  });
}
