import { Argument, type Command } from "commander";
import { SCHEMA_KINDS, type SchemaKind } from "../core/codex/kinds.ts";
import { printable } from "../core/report/printable.ts";
import { questionAt } from "../core/completion/question.ts";
import { answerFor, type Shell, SHELLS, wordsTyped } from "../core/completion/shell.ts";
import { commandSpec } from "./spec.ts";
import { type AddCommands, didYouMean, EXIT_CODES, oneOf } from "./common.ts";

/** The commands that help editors and shells. */
export const addSupportCommands: AddCommands = (program, { answer }, take) => {
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

  program.command("completions")
    .description("Print the completions of lychd for a shell.")
    .addArgument(new Argument("<shell>", "what reads it").choices(SHELLS).argParser(oneOf(SHELLS)))
    .addHelpText(
      "after",
      `
Examples:
  source <(lychd completions bash)
  source <(lychd completions zsh)
  lychd completions fish > ~/.config/fish/completions/lychd.fish

The first two lines are for ~/.bashrc and, behind compinit, ~/.zshrc.
${EXIT_CODES}`,
    )
    .action((shell: Shell) => take({ command: "completions", shell }));

  program.command("complete", { hidden: true })
    .description("Answer the script of a shell.")
    .argument("<shell>", "", oneOf(SHELLS))
    .argument("[words...]")
    .addHelpText("after", `\nExamples:\n  lychd complete fish -- summon ""\n${EXIT_CODES}`)
    .action((shell: Shell, handed: readonly string[]) => {
      const asked = questionAt(commandSpec(program), wordsTyped(shell, handed));
      if (asked.question.kind !== "lookup") answer(answerFor(shell, asked, [], handed));
      take({ command: "complete", shell, asked, handed }, { codex: asked.codex });
    });

  program.command("help")
    .description("Print the help of a command.")
    .argument("[command...]")
    .addHelpText("after", `\nExamples:\n  lychd help\n  lychd help render\n${EXIT_CODES}`)
    .action((names: readonly string[]) => names.reduce(commandBelow, program).help());
};

function commandBelow(above: Command, name: string): Command {
  const found = above.commands.find((command) => command.name() === name);
  if (found !== undefined) return found;
  const names = above.createHelp().visibleCommands(above).map((command) => command.name());
  return above.error(`error: unknown command '${printable(name)}'${didYouMean(name, names)}`);
}
