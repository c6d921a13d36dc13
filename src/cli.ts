/**
 * The command tree. The only file that names the command-line library, so that another can take its
 * place.
 */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { EXIT, type ExitCode, type InscribeOptions, type Invocation } from "./invocation.ts";

/** What a command line asks for: a run, or some text and an exit code. */
export type Parsed =
  | {
    readonly kind: "run";
    readonly invocation: Invocation;
    readonly codex: string | undefined;
    readonly output: string | undefined;
    readonly facts?: string;
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
  6  the host refused (systemd, Podman, the Quadlet generator)
  130  interrupted`;

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
  const restartOption = new Option("--restart", "restart what runs and changed, and nothing else");
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

  program.command("doctor")
    .description("Tell what is wrong with this host, and the command that mends it.")
    .addOption(codexOption)
    .addOption(jsonOption)
    .addOption(new Option("--strict", "take a warning for an error"))
    .addOption(
      new Option("--only <names>", "groups or checks, with commas between them").argParser(
        parseNames,
      ),
    )
    .addOption(new Option("--list", "print every check and what it asks"))
    .addOption(
      new Option("--facts [file]", "print what is known of this host; or judge by such a file"),
    )
    .addHelpText(
      "after",
      `
Examples:
  lychd doctor
  lychd doctor --only podman,cdi
  lychd doctor --facts > facts.json
  lychd doctor --facts facts.json

It writes nothing and needs no network. In what --facts prints, the home folder
and the names of user and host are replaced.
${EXIT_CODES}`,
    )
    .action((options: DoctorOptions) => {
      run = {
        invocation: {
          command: "doctor",
          mode: options.list === true ? "list" : options.facts === true ? "print-facts" : "check",
          json: options.json === true,
          strict: options.strict === true,
          only: options.only,
        },
        codex: options.codex,
        output: undefined,
        ...typeof options.facts === "string" ? { facts: options.facts } : {},
      };
    });

  writingOptions(
    program.command("render")
      .description("Compile the Codex to units, and put them in place as one transaction.")
      .addOption(codexOption)
      .addOption(
        new Option("--dry-run", "show what would change in your folders; cannot write")
          .conflicts(["output", ...WRITING_ONLY]),
      )
      .addOption(
        new Option("--exit-code", "as --dry-run, and exit with 4 if anything differs")
          .conflicts(["output", ...WRITING_ONLY]),
      )
      .addOption(
        new Option("--output <dir>", "write the tree to an empty or lychd-made folder instead")
          .conflicts([...WRITING_ONLY]),
      )
      .addOption(restartOption),
  )
    .addHelpText(
      "after",
      `
Examples:
  lychd render --dry-run
  lychd render
  lychd render --restart
  lychd render --output /tmp/runes
${EXIT_CODES}`,
    )
    .action((options: RenderOptions, command: Command) => {
      if (options.output === "") command.error("error: --output needs the name of a folder");
      const json = options.json === true;
      const exitCode = options.exitCode === true;
      const mode = options.output !== undefined
        ? "output"
        : options.dryRun === true || exitCode
        ? "dry-run"
        : undefined;
      run = {
        invocation: mode === undefined
          ? { command: "render", mode: "inscribe", ...inscribeOptions(options) }
          : { command: "render", mode, json, exitCode },
        codex: options.codex,
        output: options.output,
      };
    });

  writingOptions(
    program.command("rollback")
      .description("Put back the units of before the last render; again: forth.")
      .addOption(restartOption),
  )
    .addHelpText(
      "after",
      `
Examples:
  lychd rollback
  lychd rollback --restart
${EXIT_CODES}`,
    )
    .action((options: WritingOptions) => {
      const invocation = { command: "rollback" as const, ...inscribeOptions(options) };
      run = { invocation, codex: undefined, output: undefined };
    });

  writingOptions(
    program.command("purge")
      .description("Stop the engines and remove every file that lychd wrote.")
      .addOption(new Option("--yes", "do not ask")),
  )
    .addHelpText(
      "after",
      `
Examples:
  lychd purge
  lychd purge --yes
${EXIT_CODES}`,
    )
    .action((options: WritingOptions & { yes?: boolean }) => {
      const invocation = {
        command: "purge" as const,
        yes: options.yes === true,
        ...inscribeOptions(options),
      };
      run = { invocation, codex: undefined, output: undefined };
    });

  wishCommands(program, { codexOption, jsonOption }, (invocation, codex) => {
    run = { invocation, codex, output: undefined };
  });
  readingCommands(program, { codexOption, jsonOption }, (invocation, codex) => {
    run = { invocation, codex, output: undefined };
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

interface DoctorOptions {
  readonly codex?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly facts?: string | true;
}

interface CommonOptions {
  readonly codexOption: Option;
  readonly jsonOption: Option;
}

/** What a command line that was read becomes. */
type Take = (invocation: Invocation, codex: string | undefined) => void;

const WISH_HELP = `
A wish is the name of a Coven, of a Soulstone, or of one or more capabilities.
Where a name is several of these: coven:NAME, soulstone:NAME, capability:NAME.
`;

/** The commands that start and stop engines. */
function wishCommands(
  program: Command,
  { codexOption, jsonOption }: CommonOptions,
  take: Take,
): void {
  program.command("summon")
    .description("Have a wish running: stop what conflicts, start, wait until all of it answers.")
    .argument("<wish...>", "what is to run")
    .addOption(new Option("--dry-run", "tell what would happen, and do nothing"))
    .addOption(
      new Option("--no-wait", "return when systemd is told to start, and there is GPU memory"),
    )
    .addOption(
      new Option(
        "--timeout <seconds>",
        "give up after this long; systemd goes on (default: never while it starts, and 60 s for an answer)",
      )
        .argParser(parseSeconds),
    )
    .addOption(
      new Option(
        "--memory-timeout <seconds>",
        "how long to wait for GPU memory to be free, then start all the same",
      )
        .argParser(parseSeconds).default(60),
    )
    .addOption(new Option("--fallback", "bring back what ran before if it fails"))
    .addOption(new Option("--no-fallback", "do not (default: ask on a terminal, else do not)"))
    .addOption(codexOption)
    .addOption(new Option("--json", "print an event on each line of stdout, as JSON"))
    .addHelpText(
      "after",
      `${WISH_HELP}
Examples:
  lychd summon vision-ritual
  lychd summon ocr text-generation --fallback
  lychd summon eye --timeout 300 --json

Ctrl-C: before systemd is told to start, nothing is started; after that systemd
goes on by itself. What is the case, and the command for the rest, is said.
${EXIT_CODES}`,
    )
    .action((wish: string[], options: SummonCliOptions) =>
      take({
        command: "summon",
        wish,
        json: options.json === true,
        dryRun: options.dryRun === true,
        wait: options.wait,
        timeoutSeconds: options.timeout,
        memoryTimeoutSeconds: options.memoryTimeout,
        fallback: options.fallback,
      }, options.codex)
    );

  program.command("banish")
    .description("Stop a Soulstone, a Coven but for residents, or all engines.")
    .argument("[wish]", "a Soulstone or a Coven; without it all engines stop")
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd banish eye
  lychd banish vision-ritual
  lychd banish
${EXIT_CODES}`,
    )
    .action((wish: string | undefined, options: { json?: boolean }) =>
      take({ command: "banish", json: options.json === true, wish }, undefined)
    );
}

interface SummonCliOptions {
  readonly codex?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
  readonly memoryTimeout: number;
  readonly fallback?: boolean;
}

/** The commands that only look. */
function readingCommands(
  program: Command,
  { codexOption, jsonOption }: CommonOptions,
  take: Take,
): void {
  program.command("plan")
    .description("Tell what a wish would start and stop, and why; do nothing.")
    .argument("<wish...>", "what is to run")
    .addOption(codexOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `${WISH_HELP}
Examples:
  lychd plan vision-ritual
  lychd plan ocr text-generation
${EXIT_CODES}`,
    )
    .action((wish: string[], options: { codex?: string; json?: boolean }) =>
      take({ command: "plan", json: options.json === true, wish }, options.codex)
    );

  for (
    const [command, description] of [
      ["list", "List the Soulstones of the Codex, and who offers what."],
      ["covens", "Show who runs with whom, who stops whom, and what may not be meant."],
    ] as const
  ) {
    program.command(command)
      .description(description)
      .addOption(codexOption)
      .addOption(jsonOption)
      .addHelpText(
        "after",
        `\nExamples:\n  lychd ${command}\n  lychd ${command} --json\n${EXIT_CODES}`,
      )
      .action((options: { codex?: string; json?: boolean }) =>
        take({ command, json: options.json === true }, options.codex)
      );
  }

  program.command("status")
    .description("Show what every rendered Soulstone does, as systemd tells it.")
    .addOption(new Option("--watch", "go on, and show what changes"))
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd status
  lychd status --watch
  lychd status --json
${EXIT_CODES}`,
    )
    .action((options: { json?: boolean; watch?: boolean }) =>
      take(
        { command: "status", json: options.json === true, watch: options.watch === true },
        undefined,
      )
    );

  program.command("logs")
    .description("Show the journal of a Soulstone, or of all members of a Coven.")
    .argument("<name>", "a Soulstone or a Coven")
    .addOption(new Option("-f, --follow", "go on with what comes"))
    .addOption(
      new Option("-n, --lines <count>", "how many lines").argParser(parseCount).default(50),
    )
    .addOption(new Option("--json", "print the journal's entries as JSON, one on a line"))
    .addHelpText(
      "after",
      `
Examples:
  lychd logs eye
  lychd logs eye --follow
${EXIT_CODES}`,
    )
    .action((name: string, options: { json?: boolean; follow?: boolean; lines: number }) =>
      take({
        command: "logs",
        json: options.json === true,
        name,
        follow: options.follow === true,
        lines: options.lines,
      }, undefined)
    );
}

interface WritingOptions {
  readonly json?: boolean;
  readonly force?: boolean;
  readonly restart?: boolean;
  readonly verify: boolean;
  readonly reload: boolean;
  readonly wait: number;
}

type RenderOptions = WritingOptions & {
  readonly codex?: string;
  readonly dryRun?: boolean;
  readonly exitCode?: boolean;
  readonly output?: string;
};

/** Options that mean nothing where nothing is written into the live folders. */
const WRITING_ONLY = ["force", "restart"];

/** The options of every command that writes into the live folders. */
function writingOptions(command: Command): Command {
  return command
    .addOption(new Option("--force", "take ours where a file was edited; the edit is kept"))
    .addOption(new Option("--no-verify", "do not try the units with the Quadlet generator first"))
    .addOption(new Option("--no-reload", "do not tell systemd"))
    .addOption(
      new Option("--wait <seconds>", "how long to wait for another run")
        .argParser(parseSeconds).default(10),
    )
    .addOption(new Option("--json", "print JSON on stdout"));
}

function parseNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It must name at least one.");
  return names;
}

function parseSeconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw new InvalidArgumentError("It must be a whole number of seconds.");
  }
  return Number(text);
}

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}

function inscribeOptions(options: WritingOptions): InscribeOptions {
  return {
    json: options.json === true,
    force: options.force === true,
    restart: options.restart === true,
    verify: options.verify,
    reload: options.reload,
    waitSeconds: options.wait,
  };
}
