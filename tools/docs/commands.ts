import type { AnyDeclared, CommandDeclaration } from "../../src/cli/declare.ts";
import { EXIT_MEANINGS } from "../../src/cli/exit.ts";
import { PROGRAM } from "../../src/cli/tree.ts";
import { ENVIRONMENT, FILES } from "./environment.ts";

/** A command, with the words that call it, such as `import llama-swap`. */
export interface NamedCommand {
  readonly command: CommandDeclaration;
  readonly words: readonly string[];
}

/** Returns each command that help shows, followed by the commands below it. */
export function shownCommands(
  above: CommandDeclaration = PROGRAM,
  words: readonly string[] = [],
): NamedCommand[] {
  return above.commands.filter(({ isHidden }) => isHidden !== true).flatMap((command) => {
    const own = [...words, command.name];
    return [{ command, words: own }, ...shownCommands(command, own)];
  });
}

/** Returns the words of a usage line after `lychd`. */
export function usageOf({ command: { operands, commands }, words }: NamedCommand): string {
  const operandFlags = Object.values(operands).map(({ flags }) => flags);
  return [...words, "[options]", ...commands.length > 0 ? ["[command]"] : operandFlags].join(" ");
}

/** Returns the arguments and options of a command, each negation after its option. */
export function tagsOf({ operands, options }: CommandDeclaration): AnyDeclared[] {
  return [
    ...Object.values(operands),
    ...Object.values(options).flatMap((o) => [o, ...o.negation ? [o.negation] : []]),
  ];
}

/** Returns the text of an argument or option, with its choices or its default. */
export function tagAbout({ about, choices, default: byDefault }: AnyDeclared): string {
  return about +
    (choices !== undefined
      ? `; one of ${choices.join(", ")}`
      : byDefault !== undefined
      ? ` (default: ${byDefault})`
      : "");
}

/** Returns the Markdown page of all commands. */
export function commandsPage(): string {
  const commands = shownCommands();
  return `# Commands

Every command with its options. The same text is in \`lychd COMMAND --help\` and in the manual page,
[lychd.1](lychd.1). This page is made from the command tree by \`deno task docs\`.

${paragraphs(PROGRAM.details)}

${
    table(
      ["command", "what it does"],
      commands.map(({ command, words }) => [
        `[\`lychd ${words.join(" ")}\`](#lychd-${words.join("-")})`,
        plain(command.about),
      ]),
    )
  }

${commands.map(sectionOf).join("\n\n")}

## Files

${table(["file", "what it is"], FILES.map(([path, about]) => [code(path), plain(about)]))}

## Environment

${table(["variable", "what it is"], ENVIRONMENT.map(([name, about]) => [code(name), plain(about)]))}

## Exit codes

${table(["code", "meaning"], Object.entries(EXIT_MEANINGS).map(([n, about]) => [n, plain(about)]))}
`;
}

function sectionOf(named: NamedCommand): string {
  const { command, words } = named;
  const { alias, about, details, examples } = command;
  const tags = tagsOf(command);
  return [
    `## lychd ${words.join(" ")}`,
    `${plain(about)}.`,
    ...details === "" ? [] : [paragraphs(details)],
    ...alias === undefined ? [] : [`\`lychd ${alias}\` is the same command.`],
    `\`\`\`text\nlychd ${usageOf(named)}\n\`\`\``,
    ...tags.length === 0 ? [] : [
      table(
        ["option", "what it does"],
        tags.map((tag) => [code(tag.flags), plain(tagAbout(tag))]),
      ),
    ],
    ...examples.length === 0 ? [] : [`\`\`\`text\n${examples.join("\n")}\n\`\`\``],
  ].join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function paragraphs(text: string): string {
  return text.split("\n\n").map((each) => plain(each.replaceAll("\n", " "))).join("\n\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Escapes what Markdown would read, outside of code. */
function plain(text: string): string {
  return text.split(/(`[^`]*`)/).map((part, i) =>
    i % 2 === 1 ? part.replaceAll("|", "\\|") : part.replaceAll(/[\\*_<>|[\]]/g, "\\$&")
  ).join("");
}
