import { type Command, InvalidArgumentError, type Option } from "commander";
import type { Invocation } from "../invocation.ts";

/** Options that several commands have. */
export interface CommonOptions {
  readonly codexOption: Option;
  readonly jsonOption: Option;
}

/** Told what a command line that was read becomes. */
export type Take = (invocation: Invocation, codex: string | undefined) => void;

/** Adds the commands of one kind to the program. */
export type AddCommands = (program: Command, common: CommonOptions, take: Take) => void;

/** The exit codes, for the end of every help. */
export const EXIT_CODES = `
Exit codes:
  0  ok
  1  failure
  2  wrong usage
  3  the Codex is invalid
  4  differences found (render --dry-run --exit-code)
  5  doctor found errors
  6  the host refused (systemd, Podman, the Quadlet generator)
  130  interrupted`;

/** Reads one of `words`, and refuses any other. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(`Allowed choices are ${words.join(", ")}.`);
  };
}
