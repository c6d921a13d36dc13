import { Option } from "commander";
import { type AddCommands, EXIT_CODES, parseSeconds, WISH_HELP } from "./common.ts";

/** The commands that start and stop engines. */
export const addWishCommands: AddCommands = (program, { codexOption, jsonOption }, take) => {
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
      }, { codex: options.codex })
    );

  program.command("banish")
    .description("Stop a Soulstone, a Coven but for residents, or all engines.")
    .argument("[name]", "a Soulstone or a Coven; without it all engines stop")
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
      take({ command: "banish", json: options.json === true, wish })
    );
};

interface SummonCliOptions {
  readonly codex?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly wait: boolean;
  readonly timeout?: number;
  readonly memoryTimeout: number;
  readonly fallback?: boolean;
}
