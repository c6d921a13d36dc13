import { type Command, Option } from "commander";
import type { InscribeOptions } from "../run/invocation.ts";
import { type AddCommands, EXIT_CODES, parseSeconds } from "./common.ts";

/** The commands that write units, or take them back. */
export const addRenderingCommands: AddCommands = (program, { codexOption }, take) => {
  const restartOption = new Option("--restart", "restart what runs and changed, and nothing else");
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
      take(
        mode === undefined
          ? { command: "render", mode: "inscribe", ...inscribeOptions(options) }
          : { command: "render", mode, json, exitCode },
        { codex: options.codex, output: options.output },
      );
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
    .action((options: WritingOptions) =>
      take({ command: "rollback", ...inscribeOptions(options) })
    );

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
    .action((options: WritingOptions & { yes?: boolean }) =>
      take({ command: "purge", yes: options.yes === true, ...inscribeOptions(options) })
    );
};

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
