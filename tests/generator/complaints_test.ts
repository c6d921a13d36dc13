/**
 * Checks the Codex lines that lychd shows when the real Quadlet generator or systemd-analyze complains
 * about values that `lychd check` accepts.
 */
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { readCodex } from "../../src/core/codex/mod.ts";
import { compile, complaintFindings } from "../../src/core/compile/mod.ts";
import { DENO_HOST } from "../../src/host/deno_host.ts";
import { verifyOnStage } from "../../src/inscribe/verify.ts";
import { findPrograms } from "../../src/run/programs.ts";
import { foldersOfHome } from "../../src/testing/folders_of_home.ts";
import { memoryContext } from "../../src/testing/memory_context.ts";
import { findGenerator } from "./generator.ts";

const generator = findGenerator();
const { systemdAnalyze } = findPrograms((path) => {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
});

/** Returns true for a generator that does not know keys of Podman 5.5. */
function isBefore55(): boolean {
  if (generator === undefined) return true;
  const { stdout } = new Deno.Command(generator, { args: ["-version"] }).outputSync();
  const version = new TextDecoder().decode(stdout).trim();
  return version.localeCompare("5.5", "en", { numeric: true }) < 0;
}

/** Values of the `quadlet` table, and the findings as CODE LINE:COLUMN. */
const ROWS: readonly (readonly [quadlet: string, findings: readonly string[]])[] = [
  ["Service = { Nice = 5 }", []],
  ['Service = { CPUQuota = "400%", MemoryMax = "75%", TasksMax = "50%" }', []],
  ['Service = { ManagedOOMMemoryPressureLimit = "60%" }', []],
  ['Service = { Nice = "abc" }', ["directive-ignored 7:20"]],
  ['Service = { MemoryMax = "lots" }', ["directive-ignored 7:25"]],
  ['Unit = { ConditionPathExists = "relative" }', ["directive-ignored 7:32"]],
  ['Unit = { After = ["not.aunit"] }', ["directive-ignored 7:19"]],
  ['Service = { WorkingDirectory = "relative" }', ["unit-refused 7:32"]],
  ['Service = { ExecReload = "/bin/sh \'open" }', ["unit-refused 7:26"]],
  ['Container = { Memory = "8g" }', isBefore55() ? ["unit-refused 7:24"] : []],
];

for (const [quadlet, expected] of ROWS) {
  Deno.test({
    name: `the report of ${quadlet} has ${expected.join() || "no findings"}`,
    ignore: generator === undefined || systemdAnalyze === undefined,
    async fn() {
      const home = await Deno.makeTempDir();
      try {
        const text = "[eye]\nimage = 'localhost/eye'\nport = 8780\nexec = ['{port}']\n\n" +
          `[eye.quadlet]\n${quadlet}\n`;
        const bytes = new TextEncoder().encode(text);
        const { codex } = readCodex({ folder: "c", files: [{ path: "soulstones/a.toml", bytes }] });
        const { runes } = await compile(codex);
        const folders = foldersOfHome(home, { runtime: `${home}/run`, user: Deno.uid() ?? 0 });
        const programs = { ...findPrograms(() => false), generator, systemdAnalyze };
        const context = memoryContext({ out: "", err: "" }, {
          host: {
            ...DENO_HOST,
            run: (program, args, env) =>
              DENO_HOST.run(program, args, { ...env, XDG_RUNTIME_DIR: folders.runtime ?? "" }),
          },
          folders,
          programs,
          user: Deno.uid() ?? 0,
        });
        const complaints = await verifyOnStage(context, folders.stage ?? "", runes);
        strictEqual(
          complaints.refused.length > 0,
          expected[0]?.startsWith("unit-refused") ?? false,
        );
        deepStrictEqual(
          complaintFindings(complaints, runes).map(({ code, place: { start } }) =>
            `${code} ${start.line}:${start.column}`
          ),
          expected,
        );
      } finally {
        await Deno.remove(home, { recursive: true });
      }
    },
  });
}
