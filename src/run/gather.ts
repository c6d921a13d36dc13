import { basename } from "node:path/posix";
import { type Fact, type Facts, NO_PROGRAM, type Probe } from "../core/facts.ts";
import { printable } from "../core/report/printable.ts";
import { shellWord } from "../core/report/shell.ts";
import { HostError } from "../host/host.ts";
import type { CommandContext } from "./context.ts";
import { PROGRAM_PLACES, type ProgramName } from "./programs.ts";

/** The limits of one probe. The bytes are more than the longest CDI specification has. */
const LIMITS = { milliseconds: 3000, bytes: 4_000_000 };

/** The number of programs that run at a time. */
const PARALLEL_LIMIT = 12;

/** After this time the operator sees which program lychd is waiting for. */
const SLOW_MILLISECONDS = 1000;

/** Returns the probes that follow from the facts so far. */
type ProbesFor = (known: Facts["commands"]) => readonly Probe[];

type Gathering = Pick<CommandContext, "host" | "programs" | "terminal">;

/** Gathers the facts of this host. */
export async function gather(context: CommandContext, probesFor: ProbesFor): Promise<Facts> {
  const commands = await gatherCommands(context, probesFor);
  return { format: 1, lychd: context.version, environment: { ...context.environment }, commands };
}

/**
 * Runs the probes of `probesFor` in parallel until it returns no new ones. Never fails: a program that
 * cannot run is a fact too. All output is in English.
 */
export async function gatherCommands(
  gathering: Gathering,
  probesFor: ProbesFor,
): Promise<Facts["commands"]> {
  const commands: Record<string, Fact> = {};
  for (;;) {
    const probes = probesFor(commands);
    const waiting = probes.filter(({ id }) => commands[id] === undefined);
    // Facts are in the order of their probes, not in that of the answers.
    if (waiting.length === 0) {
      return Object.fromEntries(probes.map(({ id }) => [id, commands[id]!]));
    }
    const next = async () => {
      for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
        commands[probe.id] = await runProbe(gathering, probe);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL_LIMIT }, next));
  }
}

async function runProbe({ host, programs, terminal }: Gathering, probe: Probe): Promise<Fact> {
  const name = probe.program as ProgramName;
  const program = programs[name];
  const shown = program ?? basename(PROGRAM_PLACES[name][0]);
  const command = [shown, ...probe.args].map(shellWord).join(" ");
  if (program === undefined) return { command, failed: NO_PROGRAM };
  const slow = setTimeout(
    () => terminal.err(`lychd: still waiting for ${printable(command)}\n`),
    SLOW_MILLISECONDS,
  );
  try {
    const ran = await host.run(program, probe.args, { LC_ALL: "C" }, LIMITS);
    return { command, exit: ran.code, stdout: lines(ran.stdout), stderr: lines(ran.stderr) };
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
    return { command, failed: error.message };
  } finally {
    clearTimeout(slow);
  }
}

function lines(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}
