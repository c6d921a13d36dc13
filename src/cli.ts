/**
 * The command tree. The only file that names the command-line library, so that another can take its
 * place.
 */
import { Command, CommanderError, Option } from "commander";
import { EXIT, type ExitCode, type Invocation } from "./invocation.ts";

/** What a command line asks for: a run, or some text and an exit code. */
export type Parsed =
  | {
    readonly kind: "run";
    readonly invocation: Invocation;
    readonly codex: string | undefined;
    readonly output: string | undefined;
  }
  | {
    readonly kind: "exit";
    readonly code: ExitCode;
    readonly stdout: string;
    readonly stderr: string;
  };

const EXIT_CODES = `
Exit codes:
  0  ok
  1  failure
  2  wrong usage
  3  the Codex is invalid
  4  differences found (render --dry-run --exit-code)
  5  doctor found errors
  6  the host refused (systemd, Podman, the Quadlet generator)`;

/**
 * Reads a command line.
 *
 * @example
 * ```ts
 * import { parseCommandLine } from "./cli.ts";
 * parseCommandLine(["check"], "0.1.0"); // { kind: "run", invocation: { command: "check", … }, … }
 * ```
 */
export function parseCommandLine(args: readonly string[], version: string): Parsed {
  let stdout = "";
  let stderr = "";
  let run: Omit<Extract<Parsed, { kind: "run" }>, "kind"> | undefined;

  const program = new Command("lychd")
    .description("Turns a Codex of inference engines into Quadlet units for your own systemd.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void (stdout += text),
      writeErr: (text) => void (stderr += text),
      getOutHelpWidth: () => 80,
      getErrHelpWidth: () => 80,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText("after", EXIT_CODES)
    .showSuggestionAfterError()
    .showHelpAfterError("(lychd --help tells what there is)");

  const codexOption = new Option(
    "--codex <dir>",
    "the Codex (default: $LYCHD_CODEX, or lychd in $XDG_CONFIG_HOME)",
  );
  const jsonOption = new Option("--json", "print JSON on stdout");

  program.command("check")
    .description("Validate the Codex and report every fault in it.")
    .addOption(codexOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd check
  lychd check --codex examples/vision --json
${EXIT_CODES}`,
    )
    .action((options: { codex?: string; json?: boolean }) => {
      run = {
        invocation: { command: "check", json: options.json === true },
        codex: options.codex,
        output: undefined,
      };
    });

  program.command("render")
    .description("Compile the Codex to Runes: Quadlet units and systemd targets.")
    .addOption(codexOption)
    .addOption(
      new Option("--dry-run", "show what would change in your folders; cannot write").conflicts(
        "output",
      ),
    )
    .addOption(new Option("--output <dir>", "write the tree to an empty or lychd-made folder"))
    .addOption(
      new Option("--exit-code", "exit with 4 if anything differs").conflicts("output"),
    )
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd render --dry-run
  lychd render --output /tmp/runes
${EXIT_CODES}`,
    )
    .action((
      options: {
        codex?: string;
        dryRun?: boolean;
        output?: string;
        exitCode?: boolean;
        json?: boolean;
      },
      command: Command,
    ) => {
      const dryRun = options.dryRun === true || options.exitCode === true;
      if (!dryRun && options.output === undefined) {
        command.error("error: say --dry-run to see the changes, or --output DIR to write a tree");
      }
      if (options.output === "") command.error("error: --output needs the name of a folder");
      run = {
        invocation: {
          command: "render",
          mode: options.output === undefined ? "dry-run" : "output",
          json: options.json === true,
          exitCode: options.exitCode === true,
        },
        codex: options.codex,
        output: options.output,
      };
    });

  try {
    program.parse([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return { kind: "exit", code: error.exitCode === 0 ? EXIT.ok : EXIT.usage, stdout, stderr };
  }
  if (run === undefined) return { kind: "exit", code: EXIT.usage, stdout, stderr };
  if (run.codex === "") {
    return {
      kind: "exit",
      code: EXIT.usage,
      stdout,
      stderr: "error: --codex needs the name of a folder\n",
    };
  }
  return { kind: "run", ...run };
}
