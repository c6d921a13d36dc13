/** Rewrites the expected outcome of every golden case. */
import { kubernetesCases, outcomeOfCase, writeOutcome } from "./kubernetes.ts";

for (const name of kubernetesCases()) writeOutcome(name, await outcomeOfCase(name));
