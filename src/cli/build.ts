import { Argument, type Command, Help, InvalidArgumentError, Option } from "commander";
import { HELP } from "../core/completion/tree.ts";
import { WIDTH, wrap } from "../core/report/text.ts";
import type { AnyDeclared, CommandDeclaration, Line, Named } from "./declare.ts";
import { EXIT_MEANINGS } from "./exit.ts";

/** Receives the invocation of a command line. */
export type Take = (invocation: unknown, named: Named) => void;

/** Sets the texts, arguments, options and commands of `command` as they are declared. */
export function build(
  command: Command,
  { about, details, examples, operands, options, commands, toInvocation }: CommandDeclaration,
  take: Take,
  words = "lychd",
): void {
  command.name(words.replace(/^.* /, "")).summary(about)
    .description(`${about}.\n\n${unwrapped(details)}`.trimEnd())
    .helpCommand(false)
    // A command line as an argument has options of its own.
    .allowUnknownOption(Object.values(operands).some(({ flags }) => flags === "<command...>"))
    .helpOption(HELP.flags, HELP.about)
    .configureHelp({ formatItem })
    .addHelpText("after", () => {
      const columns = command.configureOutput().getOutHelpWidth?.() ?? WIDTH;
      const codes = Object.entries(EXIT_MEANINGS).map(([code, meaning]) =>
        wrap(`${code}  ${meaning}`, 0, columns - 2).join("\n     ")
      );
      return `\nExamples:\n${indented(examples)}\n\nExit codes:\n${indented(codes)}`;
    })
    .showHelpAfterError(`hint: ${words} --help`);
  for (const { flags, about, choices, read } of Object.values(operands)) {
    const argument = new Argument(flags, about);
    if (choices !== undefined) argument.choices(choices);
    if (read !== undefined) argument.argParser(read);
    command.addArgument(argument);
  }
  const given: Line["given"][number][] = [];
  const attributes = Object.entries(options).map(([key, declared]) => {
    const made = optionOf(key, declared, given);
    command.addOption(made);
    const { negation } = declared;
    if (negation !== undefined) command.addOption(new Option(negation.flags, negation.about));
    return [key, made.attributeName(), declared.absent] as const;
  });
  for (const below of commands) {
    const { name, alias, isHidden = false, title } = below;
    const made = command.command(name, { hidden: isHidden }).helpGroup(`${title}:`);
    if (alias !== undefined) made.alias(alias);
    build(made, below, take, `${words} ${name}`);
  }
  if (commands.length > 0) return;
  command.action(() => {
    const chosen = command.opts();
    const values = Object.fromEntries([
      ...Object.keys(operands).map((key, i) => [key, command.processedArgs[i]]),
      ...attributes.map(([key, name, absent]) => [key, chosen[name] ?? absent]),
    ]);
    const { codex, output, imports, ...own } = values;
    const facts = values["facts"] === true ? undefined : values["facts"];
    const named: Named = { codex, output, facts, imports: imports && [imports].flat() };
    try {
      take((toInvocation as (values: object, line: Line) => unknown)(own, { named, given }), named);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      command.error(`error: ${error.message}`);
    }
  });
}

function optionOf(key: string, declared: AnyDeclared, given: Line["given"][number][]): Option {
  const { flags, about, choices, conflicts = [], read = (text) => text, isRepeatable } = declared;
  const option = new Option(flags, about).conflicts([...conflicts]);
  if (choices !== undefined) option.choices(choices);
  if (declared.default !== undefined) option.default(declared.default);
  if (option.isBoolean()) return option;
  return option.argParser((text: string, before: unknown) => {
    const value = read(text);
    given.push({ key, text });
    return isRepeatable ? [...Array.isArray(before) ? before : [], value] : value;
  });
}

/** The narrowest column of descriptions that the library wraps. A narrower one is below its term. */
const NARROWEST = 40;

/** Lays out an argument, an option or a command with its description. */
function formatItem(term: string, termWidth: number, about: string, help: Help): string {
  const width = help.helpWidth ?? WIDTH;
  return about === "" || width - termWidth - 4 >= NARROWEST
    ? Help.prototype.formatItem.call(help, term, termWidth, about, help)
    : [`  ${term}`, ...wrap(about, 6, width)].join("\n");
}

/** Joins the lines of each paragraph: help has the width of the terminal. */
function unwrapped(text: string): string {
  return text.replace(/(?<!\n)\n(?!\n)/g, " ");
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join("\n");
}
