import { type Command, InvalidArgumentError, type Option } from "commander";
import { nearest } from "../core/report/nearest.ts";
import type { Invocation } from "../run/invocation.ts";

/** What several commands have. */
export interface Common {
  readonly codexOption: Option;
  readonly jsonOption: Option;
  /** Says something on stdout, and ends well. */
  readonly answer: (text: string) => never;
}

/** Folders and files that a command line names. */
export interface Named {
  readonly codex?: string | undefined;
  readonly output?: string | undefined;
  readonly facts?: string | undefined;
  readonly imports?: readonly string[] | undefined;
}

/** Told what a command line that was read becomes. */
export type Take = (invocation: Invocation, named?: Named) => void;

/** Adds the commands of one kind to the program. */
export type AddCommands = (program: Command, common: Common, take: Take) => void;

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

/** The nearest of `known`, on a line of its own; nothing when none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? "" : `\n(Did you mean ${near}?)`;
}

/** Reads one of `words`, and refuses any other. */
export function oneOf<T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(
      `Allowed choices are ${words.join(", ")}.${didYouMean(text, words)}`,
    );
  };
}

/** What a wish is, for the help of the commands that take one. */
export const WISH_HELP = `
A wish is the name of a Coven, of a Soulstone, or of one or more capabilities.
Where a name is several of these: coven:NAME, soulstone:NAME, capability:NAME.
`;

/** Reads a time. */
export function parseSeconds(text: string): number {
  if (!/^\d{1,5}$/.test(text)) {
    throw new InvalidArgumentError("It must be a whole number of seconds.");
  }
  return Number(text);
}
