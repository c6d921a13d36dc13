import { InvalidArgumentError, Option } from "commander";
import { type AddCommands, EXIT_CODES, WISH_HELP } from "./common.ts";

/** The commands that tell what is and what would be, and do nothing. */
export const addReadingCommands: AddCommands = (program, { codexOption, jsonOption }, take) => {
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
      take({ command: "plan", json: options.json === true, wish }, { codex: options.codex })
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
        take({ command, json: options.json === true }, { codex: options.codex })
      );
  }

  program.command("explain")
    .description("Show a unit with the place in the Codex that each line comes from.")
    .argument("<unit>", "a Soulstone, a Coven, a file of lychd, or a systemd unit")
    .addOption(codexOption)
    .addOption(jsonOption)
    .addHelpText(
      "after",
      `
Examples:
  lychd explain eye
  lychd explain lychd.pod
  lychd explain lychd-coven-vision.target --json
${EXIT_CODES}`,
    )
    .action((unit: string, options: { codex?: string; json?: boolean }) =>
      take({ command: "explain", json: options.json === true, unit }, { codex: options.codex })
    );

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
      take({ command: "status", json: options.json === true, watch: options.watch === true })
    );

  program.command("logs")
    .description(
      "Show the journal of a Soulstone, also of one that is gone and still runs, or of a Coven.",
    )
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
      })
    );
};

function parseCount(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError("It must be a whole number.");
  return Number(text);
}
