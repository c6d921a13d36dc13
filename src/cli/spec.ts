import type { Argument, Command, Option } from "commander";
import type { CommandSpec, OptionSpec, ValueSpec } from "../core/completion/tree.ts";

/** A command of the library as plain data, hidden ones left out. */
export function commandSpec(command: Command): CommandSpec {
  const help = command.createHelp();
  return {
    name: command.name(),
    about: command.description(),
    options: help.visibleOptions(command).map(optionSpec),
    operands: command.registeredArguments.map(operandSpec),
    commands: help.visibleCommands(command).map(commandSpec),
  };
}

function optionSpec(option: Option): OptionSpec {
  const placeholder = /[<[]([^\].>]+)/.exec(option.flags)?.[1];
  const value: ValueSpec | undefined = placeholder === undefined ? undefined : {
    name: placeholder,
    choices: option.argChoices,
    isOptional: option.optional,
    isVariadic: option.variadic,
  };
  const names = [option.short, option.long].flatMap((name) => name ?? []);
  return { names, about: option.description, value };
}

function operandSpec(argument: Argument): ValueSpec {
  return {
    name: argument.name(),
    choices: argument.argChoices,
    isOptional: !argument.required,
    isVariadic: argument.variadic,
  };
}
