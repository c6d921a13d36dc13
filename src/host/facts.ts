import type { Fact, Facts, Probe } from "../core/facts.ts";
import { type Host, HostError } from "./host.ts";

/** What one probe may take: three seconds, and more than the longest CDI specification. */
const LIMITS = { milliseconds: 3000, bytes: 4_000_000 };

/** How many programs run at a time: more would only wait for each other. */
const AT_ONCE = 12;

/** After this a probe is slow enough to be told. */
const SLOW_MILLISECONDS = 1000;

/** How facts are gathered. */
export interface Gathering {
  readonly host: Host;
  /** The places of programs, by the names that probes use. */
  readonly programs: Readonly<Record<string, string | undefined>>;
  /** What an operator calls a program that is not there. */
  readonly nameOf: (program: string) => string;
  /** What there is to ask, as far as what is known already tells. */
  readonly probesFor: (commands: Facts["commands"]) => readonly Probe[];
  /** A command line for people. */
  readonly commandLine: (words: readonly string[]) => string;
  /** Told once of each probe that is slow, by its command line. */
  readonly onSlow: (command: string) => void;
}

/**
 * Asks a host everything that `probesFor` names, in parallel, until it names nothing new. Never
 * fails: what could not be asked is a fact too. Every program speaks English, and is killed after
 * three seconds.
 */
export async function gatherFacts(
  gathering: Gathering,
): Promise<Facts["commands"]> {
  const { probesFor } = gathering;
  const commands: Record<string, Fact> = {};
  for (;;) {
    const waiting = probesFor(commands).filter(({ id }) => commands[id] === undefined);
    if (waiting.length === 0) return inOrder(commands, probesFor(commands));
    const next = async () => {
      for (let probe = waiting.shift(); probe !== undefined; probe = waiting.shift()) {
        commands[probe.id] = await ask(gathering, probe);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, next));
  }
}

/** By the order of the questions, not by who answered first. */
function inOrder(commands: Facts["commands"], probes: readonly Probe[]): Facts["commands"] {
  return Object.fromEntries(probes.flatMap(({ id }) => {
    const fact = commands[id];
    return fact === undefined ? [] : [[id, fact]];
  }));
}

async function ask(
  { host, programs, nameOf, commandLine, onSlow }: Gathering,
  probe: Probe,
): Promise<Fact> {
  const program = programs[probe.program];
  const command = commandLine([program ?? nameOf(probe.program), ...probe.args]);
  if (program === undefined) return { command, failed: "there is no such program" };
  const slow = setTimeout(() => onSlow(command), SLOW_MILLISECONDS);
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
