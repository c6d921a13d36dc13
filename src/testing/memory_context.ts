/** What tests of commands work with: a host in memory, and words that are kept. */
import { PLAIN } from "../core/report/mod.ts";
import type { FileStatus, Host } from "../host/host.ts";
import { findPrograms } from "../run/programs.ts";
import type { Terminal } from "../run/terminal.ts";
import type { CommandContext } from "../run/context.ts";

/** What a command said. */
export interface Said {
  out: string;
  err: string;
}

/**
 * A context of root without a program, a prober that hears nothing, or a terminal to ask on, unless
 * `given` has one; what is said is added to `said`.
 */
export function memoryContext(
  said: Said,
  given: Pick<CommandContext, "host" | "folders"> & Partial<Omit<CommandContext, "terminal">>,
  terminal: Partial<Terminal> = {},
): CommandContext {
  return {
    programs: findPrograms(() => false),
    user: 0,
    ownGroups: [],
    processId: 1,
    version: "0.0.0",
    environment: {},
    startProber: () => ({ answers: () => Promise.resolve(false), close() {} }),
    interruption: new AbortController().signal,
    ...given,
    terminal: memoryTerminal(said, terminal),
  };
}

/** A terminal that adds the output to `said`, and on which no person can be asked. */
export function memoryTerminal(said: Said, terminal: Partial<Terminal> = {}): Terminal {
  return {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    canAsk: false,
    ask: () => Promise.resolve(""),
    outPalette: PLAIN,
    errPalette: PLAIN,
    outIsGone: () => false,
    outIsTerminal: false,
    errIsTerminal: false,
    type: "",
    ...terminal,
  };
}

/** A host on which what is at one path is otherwise. */
export function hostWith<T extends Host>(host: T, place: string, status: Partial<FileStatus>): T {
  return {
    ...host,
    lstat(path) {
      const found = host.lstat(path);
      return found && { ...found, ...path === place ? status : {} };
    },
  };
}
