/** The commands that help editors, shells and people. */
import { SCHEMA_KINDS } from "../core/codex/kinds.ts";
import { SHELLS } from "../core/completion/shell.ts";
import { argument, command } from "./declare.ts";

export const schema = command("schema", "Print the JSON Schema of a Codex file, for editors")
  .details("`lychd init` writes the schemas to the Codex, and refers to them with `#:schema`.")
  .arguments({
    kind: argument(
      "<kind>",
      "`soulstones` for the files in soulstones/, `portals` for those in portals/, `lychd` for lychd.toml",
      {
        choices: SCHEMA_KINDS,
      },
    ),
  })
  .examples(
    "lychd schema soulstones",
    "lychd schema lychd > ~/.config/lychd/lychd.schema.json",
  );

export const completions = command("completions", "Print the completion script for a shell")
  .details("Put the first example in ~/.bashrc, or the second one in ~/.zshrc after compinit.")
  .arguments({ shell: argument("<shell>", "the shell", { choices: SHELLS }) })
  .examples(
    "source <(lychd completions bash)",
    "source <(lychd completions zsh)",
    "lychd completions fish > ~/.config/fish/completions/lychd.fish",
  );

export const selfTest = command("self-test", "Try to break out of the sandbox of a command")
  .details(`
lychd runs each command in a sandbox that allows only what the command needs.
This starts another program in that sandbox. The program tries to read, write,
run and connect to more than that, and prints one line for each attempt.`)
  .arguments({
    words: argument("<command...>", "the command, with its options", { complete: "commands" }),
  })
  .examples("lychd self-test render", "lychd self-test summon eye");

export const licenses = command("licenses", "Print the licenses of the packages in lychd")
  .examples("lychd licenses");

export const help = command("help", "Print the help of a command")
  .arguments({ names: argument("[command...]", "the command", { complete: "commands" }) })
  .examples("lychd help", "lychd help render");

export const complete = command("complete", "Answer the completion script of a shell").hidden()
  .arguments({
    shell: argument("<shell>", "the shell", { choices: SHELLS }),
    shellWords: argument("[words...]", "the words that are typed; for bash the line and the word"),
  })
  .examples('lychd complete fish -- summon ""');
