import { Argument } from "commander";
import { SCHEMA_KINDS, type SchemaKind } from "../core/codex/kinds.ts";
import { printable } from "../core/report/printable.ts";
import { type AddCommands, didYouMean, EXIT_CODES, oneOf } from "./common.ts";

/** The commands that help editors and shells. */
export const addSupportCommands: AddCommands = (program, _, take) => {
  program.command("schema")
    .description("Print the JSON Schema of a Codex file, for editors.")
    .addArgument(
      new Argument("<kind>", "of the files below soulstones/, or of lychd.toml")
        .choices(SCHEMA_KINDS).argParser(oneOf(SCHEMA_KINDS)),
    )
    .addHelpText(
      "after",
      `
Examples:
  lychd schema soulstones
  lychd schema lychd > ~/.config/lychd/lychd.schema.json

\`lychd init\` puts both beside the Codex, and a line \`#:schema\` into its files.
${EXIT_CODES}`,
    )
    .action((kind: SchemaKind) => take({ command: "schema", kind }));

  program.command("help")
    .description("Print the help of a command.")
    .argument("[command]")
    .addHelpText("after", `\nExamples:\n  lychd help\n  lychd help render\n${EXIT_CODES}`)
    .action((name: string | undefined) => {
      const command = program.commands.find((command) => command.name() === name);
      if (name !== undefined && command === undefined) {
        const names = program.commands.map((command) => command.name());
        program.error(`error: unknown command '${printable(name)}'${didYouMean(name, names)}`);
      }
      (command ?? program).help();
    });
};
