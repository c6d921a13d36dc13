/** Rewrites the expected outcome of every golden case. */
import { codexFiles, goldenCases, outcomeOf, removeOrphans, writeOutcome } from "./golden.ts";

const cases = goldenCases();
removeOrphans(cases);
for (const golden of cases) {
  writeOutcome(golden, await outcomeOf(codexFiles(golden.codex)));
}
