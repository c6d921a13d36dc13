/** The command tree, and the reader of command lines. Only this folder names the command-line library. */
import { Command, CommanderError } from "commander";
import { type Completion, questionAt } from "../core/completion/question.ts";
import { answerFor, wordsTyped } from "../core/completion/shell.ts";
import { printable } from "../core/report/printable.ts";
import { WIDTH } from "../core/report/text.ts";
import { build, type Take } from "./build.ts";
import { check, doctor } from "./check.ts";
import {
  command,
  type CommandDeclaration,
  didYouMean,
  flag,
  type InvocationOf,
  type Named,
} from "./declare.ts";
import { banish, chat, plan, pull, serve, summon, top } from "./engines.ts";
import { EXIT, type ExitCode } from "./exit.ts";
import { covens, explain, list, logs, status } from "./inspect.ts";
import { apply, edit, purge, render, restart, rollback } from "./render.ts";
import { add, importing, init } from "./setup.ts";
import { complete, completions, help, licenses, schema, selfTest } from "./support.ts";

const program = command("lychd", "Run local inference engines as containers under systemd")
  .details(`
lychd compiles a Codex, a folder of TOML files, to Podman Quadlet units. Each
table in soulstones/ is a Soulstone: one inference engine in a container.
Soulstones with a common group form a Coven and may run together, and so may
those in different slots. All others exclude each other: systemd stops one
before it starts the other.`)
  .commands({
    "Create a Codex": [init, add, edit, importing],
    "Check the Codex and the host": [check, doctor],
    "Install units": [render, apply, rollback, purge],
    "Run engines": [pull, plan, summon, restart, banish, serve, chat, top],
    "Inspect the Codex and its engines": [list, covens, explain, status, logs],
    "Editors, shells and help": [schema, completions, selfTest, licenses, help, complete],
  })
  .examples("lychd init", "lychd doctor", "lychd render --dry-run", "lychd summon chat");

/** The whole command line, for completions and the manual page. */
export const PROGRAM: CommandDeclaration = program.declaration;

type AnyInvocation = InvocationOf<typeof program>;

/** A command line, read: the command and the values of its options. */
export type Invocation =
  | Exclude<AnyInvocation, { command: "complete" | "help" | "self-test" }>
  | Extract<AnyInvocation, { command: "complete" }> & { readonly completion: Completion };

/** The result of reading a command line: a command to run, or text and an exit code. */
export type Parsed =
  | {
    readonly kind: "run";
    readonly invocation: Invocation;
    readonly named: Named;
    /** True if the sandbox of the command is tested instead. */
    readonly isSelfTest: boolean;
  }
  | {
    readonly kind: "exit";
    readonly code: ExitCode;
    readonly stdout: string;
    readonly stderr: string;
  };

/**
 * Reads a command line.
 *
 * @example
 * ```ts
 * import { parseCommandLine } from "./tree.ts";
 * parseCommandLine(["check"], "0.1.0"); // { kind: "run", invocation: { command: "check", … }, … }
 * ```
 */
export function parseCommandLine(
  args: readonly string[],
  version: string,
  columns = WIDTH,
): Parsed {
  const printed = { stdout: "", stderr: "" };
  const exit = (code: ExitCode): Parsed => ({ kind: "exit", code, ...printed });
  const read: { invocation?: AnyInvocation; named?: Named } = {};
  const program = commandTree(version, printed, (invocation, named) => {
    Object.assign(read, { invocation, named });
  }, columns);
  try {
    program.parse([...args], { from: "user" });
    const { invocation, named = {} } = read;
    if (invocation === undefined) return exit(EXIT.usage);
    switch (invocation.command) {
      case "help":
        return invocation.names.reduce(commandBelow, program).help();
      case "self-test": {
        const parsed = parseCommandLine(invocation.words, version, columns);
        return parsed.kind === "run" ? { ...parsed, isSelfTest: true } : parsed;
      }
      case "complete": {
        const { shell, shellWords } = invocation;
        const completion = questionAt(
          { ...PROGRAM, options: { version: VERSION } },
          wordsTyped(shell, shellWords),
        );
        if (completion.question.kind !== "lookup" || completion.codex === "") {
          printed.stdout += answerFor(shell, completion, [], shellWords);
          return exit(EXIT.ok);
        }
        const found = { ...invocation, completion };
        return {
          kind: "run",
          invocation: found,
          named: { codex: completion.codex },
          isSelfTest: false,
        };
      }
      default:
        return { kind: "run", invocation, named, isSelfTest: false };
    }
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
  }
}

const VERSION = flag("-V, --version", "print the version");

/** Builds every command with its options. Their output is appended to `printed`. */
export function commandTree(
  version: string,
  printed: { stdout: string; stderr: string },
  take: Take,
  columns = WIDTH,
): Command {
  const program = new Command()
    .version(version, VERSION.flags, VERSION.about)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void (printed.stdout += text),
      writeErr: (text) => void (printed.stderr += text),
      outputError: (text, write) => write(printableError(text)),
      getOutHelpWidth: () => columns,
      getErrHelpWidth: () => columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  build(program, PROGRAM, take);
  return program;
}

/** Escapes the words of the operator in an error; only a suggestion has a line of its own. */
function printableError(text: string): string {
  const [message = "", suggestion = ""] = text.split(/(\n\(Did you mean .*\?\))?\n$/);
  return `${printable(message)}${suggestion}\n`;
}

function commandBelow(above: Command, name: string): Command {
  const found = above.commands.find((command) =>
    command.name() === name || command.alias() === name
  );
  if (found !== undefined) return found;
  const names = above.createHelp().visibleCommands(above).map((command) => command.name());
  return above.error(`error: unknown command '${name}'${didYouMean(name, names)}`);
}
