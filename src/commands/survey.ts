import { type Survey, surveyOf, surveyProbes } from "../core/doctor/mod.ts";
import { printable, shellWord } from "../core/report/mod.ts";
import { gatherFacts } from "../host/facts.ts";
import type { CommandContext } from "./context.ts";

/** Asks the host for its GPUs and the ports that are taken. */
export async function surveyHost(context: CommandContext): Promise<Survey> {
  const { host, programs, environment, terminal, version } = context;
  const commands = await gatherFacts({
    host,
    programs,
    probesFor: (known) => surveyProbes(environment, known),
    commandLine: (words) => words.map(shellWord).join(" "),
    onSlow: (command) => terminal.err(`lychd: still waiting for ${printable(command)}\n`),
  });
  return surveyOf({ format: 1, lychd: version, environment: { ...environment }, commands });
}
