/** A context for tests of commands: a host in memory, and output that is collected. */
import { PLAIN } from "../core/report/mod.ts";
import type { FileStatus, Host } from "../host/host.ts";
import { findPrograms } from "../run/programs.ts";
import type { Terminal } from "../run/terminal.ts";
import type { CommandContext } from "../run/context.ts";

/** The output of a command. */
export interface Output {
  out: string;
  err: string;
}

/**
 * Makes a context of root without programs, without answers to a prober and without a terminal, unless
 * `given` and `terminal` have them. Output is added to `output`.
 */
export function memoryContext(
  output: Output,
  given: Pick<CommandContext, "host" | "folders"> & Partial<Omit<CommandContext, "terminal">>,
  terminal: Partial<Terminal> = {},
): CommandContext {
  return {
    programs: findPrograms(() => false),
    user: 0,
    ownGroups: [],
    processId: 1,
    binary: "/usr/local/bin/lychd",
    version: "0.0.0",
    environment: {},
    startProber: () => ({ answers: () => Promise.resolve(false), close() {} }),
    openFront: () => new MessageChannel().port1,
    openEditor: () => Promise.resolve(1),
    interruption: new AbortController().signal,
    ...given,
    terminal: memoryTerminal(output, terminal),
  };
}

/** A terminal that adds the output to `output`, and without a person to prompt. */
export function memoryTerminal(output: Output, terminal: Partial<Terminal> = {}): Terminal {
  return {
    out: (text) => void (output.out += text),
    err: (text) => void (output.err += text),
    canAsk: false,
    ask: () => Promise.resolve(""),
    readAll: () => Promise.resolve(""),
    outPalette: PLAIN,
    errPalette: PLAIN,
    outIsGone: () => false,
    outIsTerminal: false,
    errIsTerminal: false,
    type: "",
    ...terminal,
  };
}

/** Returns a host with another status for one path. */
export function hostWith<T extends Host>(host: T, place: string, status: Partial<FileStatus>): T {
  return {
    ...host,
    lstat(path) {
      const found = host.lstat(path);
      return found && { ...found, ...path === place ? status : {} };
    },
  };
}
