/** Rewrites what every golden case must become from what the compiler says now. */
import { codexFiles, goldenCases, outcomeOf, removeOrphans, writeOutcome } from "./golden.ts";

const cases = goldenCases();
removeOrphans(cases);
for (const golden of cases) {
  writeOutcome(golden, await outcomeOf(codexFiles(golden.codex)));
}
