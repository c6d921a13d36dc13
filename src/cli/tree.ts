/**
 * The command tree. Only this file and those in cli/ name the command-line library, so that another
 * can take its place.
 */
import { Command, CommanderError, Option } from "commander";
import { type Common, EXIT_CODES, type Named, type Take } from "./common.ts";
import { addExaminingCommands } from "./examine.ts";
import { addImportingCommands } from "./import.ts";
import { addReadingCommands } from "./inspect.ts";
import { addRenderingCommands } from "./render.ts";
import { addStartingCommands } from "./start.ts";
import { addSupportCommands } from "./support.ts";
import { addWishCommands } from "./wish.ts";
import { EXIT, type ExitCode, type Invocation } from "../run/invocation.ts";

/** What a command line asks for: a run, or some text and an exit code. */
export type Parsed =
  | { readonly kind: "run"; readonly invocation: Invocation; readonly named: Named }
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
export function parseCommandLine(args: readonly string[], version: string): Parsed {
  const said = { stdout: "", stderr: "" };
  let run: Omit<Extract<Parsed, { kind: "run" }>, "kind"> | undefined;
  const take: Take = (invocation, named = {}) => run = { invocation, named };
  const program = commandTree(version, said, take);
  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "exit", code: error.exitCode === 0 ? EXIT.ok : EXIT.usage, ...said };
  }
  if (run === undefined) return { kind: "exit", code: EXIT.usage, ...said };
  if (run.named.codex === "") {
    const stderr = "error: --codex needs the name of a folder\n";
    return { kind: "exit", code: EXIT.usage, stdout: said.stdout, stderr };
  }
  return { kind: "run", ...run };
}

/** Every command with its options, in the order of the help; what it says itself is added to `said`. */
export function commandTree(
  version: string,
  said: { stdout: string; stderr: string },
  take: Take,
): Command {
  const program = new Command("lychd")
    .description("Turns a Codex of inference engines into Quadlet units for your own systemd.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void (said.stdout += text),
      writeErr: (text) => void (said.stderr += text),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText(
      "after",
      `
Examples:
  lychd init
  lychd doctor
  lychd render --dry-run
  lychd summon chat

Try to break out of the sandbox of a command:
  lychd self-test COMMAND...
${EXIT_CODES}`,
    )
    .showSuggestionAfterError();
  const common: Common = {
    answer(text) {
      said.stdout += text;
      throw new CommanderError(EXIT.ok, "lychd.answered", "");
    },
    codexOption: new Option(
      "--codex <dir>",
      "the Codex (default: $LYCHD_CODEX, or lychd in $XDG_CONFIG_HOME)",
    ),
    jsonOption: new Option("--json", "print JSON on stdout"),
  };
  for (const [title, addCommands] of GROUPS) {
    addCommands(program.commandsGroup(title), common, take);
  }
  tellOwnHelp(program, "lychd");
  return program;
}

/** After a wrong usage: the help that has the option or the argument. */
function tellOwnHelp(command: Command, name: string): void {
  command.showHelpAfterError(`(${name} --help tells what there is)`);
  for (const below of command.commands) tellOwnHelp(below, `${name} ${below.name()}`);
}

const GROUPS = [
  ["To begin:", addStartingCommands],
  ["To begin with what you have:", addImportingCommands],
  ["To look at a Codex and its host:", addExaminingCommands],
  ["To put units in place:", addRenderingCommands],
  ["To have engines running:", addWishCommands],
  ["To see what is and what would be:", addReadingCommands],
  ["For editors, shells and people:", addSupportCommands],
] as const;
