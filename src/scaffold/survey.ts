import { type Survey, surveyOf, surveyProbes } from "../core/doctor/mod.ts";
import type { CommandContext } from "../run/context.ts";
import { gather } from "../run/gather.ts";

/** Finds the GPUs and the used ports of this host. */
export async function surveyHost(context: CommandContext): Promise<Survey> {
  const facts = await gather(context, (known) => surveyProbes(context.environment, known));
  return surveyOf(facts, context.user);
}
