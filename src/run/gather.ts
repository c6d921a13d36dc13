import { basename } from "node:path/posix";
import type { Facts, Probe } from "../core/facts.ts";
import { printable, shellWord } from "../core/report/mod.ts";
import { gatherFacts } from "../host/facts.ts";
import { PROGRAM_PLACES, type ProgramName } from "./programs.ts";
import type { CommandContext } from "./context.ts";

/** Asks this host all that `probesFor` names, as far as what is known already tells. */
export async function gather(
  { host, programs, environment, terminal, version }: CommandContext,
  probesFor: (known: Facts["commands"]) => readonly Probe[],
): Promise<Facts> {
  const commands = await gatherFacts({
    host,
    programs,
    probesFor,
    nameOf: (name) => basename(PROGRAM_PLACES[name as ProgramName][0]),
    commandLine: (words) => words.map(shellWord).join(" "),
    onSlow: (command) => terminal.err(`lychd: still waiting for ${printable(command)}\n`),
  });
  return { format: 1, lychd: version, environment: { ...environment }, commands };
}
