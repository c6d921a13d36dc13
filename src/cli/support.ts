import { SCHEMA_KINDS, type SchemaKind } from "../core/codex/kinds.ts";
import { type AddCommands, EXIT_CODES, oneOf } from "./common.ts";

/** The commands that help editors and shells. */
export const addSupportCommands: AddCommands = (program, _common, take) => {
  program.command("schema")
    .description("Print the JSON Schema of a Codex file, for editors.")
    .argument("<kind>", "the files below soulstones/, or lychd.toml", oneOf(SCHEMA_KINDS))
    .addHelpText(
      "after",
      `
Examples:
  lychd schema soulstones
  lychd schema lychd > ~/.config/lychd/lychd.schema.json

\`lychd init\` puts both beside the Codex, and a line \`#:schema\` into its files.
${EXIT_CODES}`,
    )
    .action((kind: SchemaKind) => take({ command: "schema", kind }, undefined));
};
