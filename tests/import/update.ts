/** Rewrites the expected results of the import tests: `deno task golden:update`. */
import { importCase, importCases, textOf } from "./import.ts";

for (const test of [...importCases("quadlet"), ...importCases("llama-swap")]) {
  Deno.writeTextFileSync(test.expected, textOf(await importCase(test)));
}
