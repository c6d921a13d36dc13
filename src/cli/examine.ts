import { InvalidArgumentError, Option } from "commander";
import { type AddCommands, EXIT_CODES } from "./common.ts";

/** The commands that look at a Codex, and at the host that it is for. */
export const addExaminingCommands: AddCommands = (program, { codexOption, jsonOption }, take) => {
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
    .action((options: { codex?: string; json?: boolean }) =>
      take({ command: "check", json: options.json === true }, { codex: options.codex })
    );

  program.command("doctor")
    .description("Tell what is wrong with this host, and the command that mends it.")
    .addOption(codexOption)
    .addOption(jsonOption)
    .addOption(new Option("--strict", "take a warning for an error"))
    .addOption(
      new Option("--only <checks>", "groups or checks, with commas between them").argParser(
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
    .action((options: DoctorOptions) =>
      take({
        command: "doctor",
        mode: options.list === true ? "list" : options.facts === true ? "print-facts" : "check",
        json: options.json === true,
        strict: options.strict === true,
        only: options.only,
      }, {
        codex: options.codex,
        facts: typeof options.facts === "string" ? options.facts : undefined,
      })
    );
};

interface DoctorOptions {
  readonly codex?: string;
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly only?: readonly string[];
  readonly list?: boolean;
  readonly facts?: string | true;
}

function parseNames(text: string): readonly string[] {
  const names = text.split(",").map((name) => name.trim()).filter((name) => name !== "");
  if (names.length === 0) throw new InvalidArgumentError("It must name at least one.");
  return names;
}
