/**
 * Declares commands. From one declaration follow the parser, the type of the values, `--help`, the
 * completions of shells and the manual page.
 */
import { InvalidArgumentError } from "commander";
import type { CommandSpec, ValueSpec } from "../core/completion/tree.ts";
import { nearest } from "../core/report/nearest.ts";

/** An option or an argument. */
export interface AnyDeclared extends ValueSpec {
  /** Reads the text; throws an `InvalidArgumentError` that names the accepted form. */
  readonly read?: ((text: string) => unknown) | undefined;
  /** The value when it is not given; help shows it. */
  readonly default?: unknown;
  /** The value when it is not given; help does not show it. */
  readonly absent?: unknown;
  readonly isRepeatable?: boolean;
  /** The keys of the options that cannot be given with it. */
  readonly conflicts?: readonly string[] | undefined;
}

/** An option or an argument whose value has the type `T`. */
export interface Declared<T> extends AnyDeclared {
  /** Only for the type checker. */
  readonly type?: T;
}

/** Options or arguments, each by the name of its value. */
export type Table = Readonly<Record<string, AnyDeclared>>;

/** The values of a table. */
export type ValuesOf<T extends Table> = {
  readonly [K in keyof T]: T[K] extends Declared<infer V> ? V : never;
};

interface Reading<T, D = undefined> extends Pick<ValueSpec, "complete"> {
  readonly read?: (text: string) => T;
  readonly choices?: readonly (T & string)[];
  readonly default?: D;
  readonly conflicts?: readonly string[];
}

/** Declares a switch. A switch named `--no-…` is true by default. */
export function flag(
  flags: string,
  about: string,
  conflicts?: readonly string[],
): Declared<boolean> {
  return { flags, about, conflicts, absent: false };
}

/** Declares a switch with a second one that turns it off; undefined if neither is given. */
export function toggle(on: [string, string], off: [string, string]): Declared<boolean | undefined> {
  return { flags: on[0], about: on[1], negation: { flags: off[0], about: off[1] } };
}

/** Declares an option with a value: `--wait <seconds>`, or `--facts [file]` if it may be omitted. */
export function option<const F extends string, T = string, D = undefined>(
  flags: F,
  about: string,
  reading: Reading<T, D> = {},
): Declared<T | D | (F extends `${string}[${string}` ? true : never)> {
  return withReader(flags, about, reading);
}

/** Declares an option that may be given several times. */
export function repeatable<T = string>(
  flags: string,
  about: string,
  reading: Reading<T> = {},
): Declared<readonly T[]> {
  return { ...withReader(flags, about, reading), isRepeatable: true, absent: [] };
}

/** Declares an argument: `<wish...>`, `<file>` or `[name]`. */
export function argument<const F extends string, T = string>(
  flags: F,
  about: string,
  reading: Reading<T> = {},
): Declared<
  F extends `${string}...${string}` ? readonly T[] : F extends `<${string}` ? T : T | undefined
> {
  return withReader(flags, about, reading);
}

function withReader<T>(flags: string, about: string, reading: Reading<T, unknown>): AnyDeclared {
  return { flags, about, ...reading, read: reading.read ?? oneOf(reading.choices) };
}

/** Folders and files that a command line names; the gate resolves them. */
export interface Named {
  readonly codex?: string | undefined;
  readonly output?: string | undefined;
  readonly facts?: string | undefined;
  readonly imports?: readonly string[] | undefined;
}

/** The values that are not part of an invocation: {@linkcode Named} has them. */
type Own<Values> = Omit<Values, "codex" | "output" | "imports">;

/** The parts of a command line that the values do not have. */
export interface Line {
  readonly named: Named;
  /** The options with their texts, in the order of the command line. */
  readonly given: readonly { readonly key: string; readonly text: string }[];
}

/** A declared command. */
export interface CommandDeclaration extends CommandSpec {
  /** The title above it in the help of its parent. */
  readonly title?: string;
  readonly details: string;
  readonly examples: readonly string[];
  readonly options: Table;
  readonly operands: Table;
  readonly commands: readonly CommandDeclaration[];
  readonly toInvocation: (values: never, line: Line) => unknown;
}

/** The invocation that a declared command results in. */
export type InvocationOf<C> = C extends Command<string, object, infer Result> ? Result : never;

/**
 * Declares a command. Without {@linkcode Command.invocation} its values are the invocation.
 *
 * @example
 * ```ts
 * import { command, flag } from "./declare.ts";
 * command("status", "Show the state of every Soulstone")
 *   .options({ watch: flag("--watch", "keep running and print each change") })
 *   .examples("lychd status --watch");
 * ```
 */
export function command<const Name extends string>(name: Name, about: string) {
  return new Command<Name, Record<never, never>, { readonly command: Name }>({
    name,
    about,
    details: "",
    examples: [],
    options: {},
    operands: {},
    commands: [],
    toInvocation: (values: object) => ({ command: name, ...values }),
  });
}

/** Builds a {@linkcode CommandDeclaration}; every method returns a new one. */
class Command<Name extends string, Values extends object, Result> {
  /** Only for the type checker. */
  declare readonly result?: Result;

  constructor(readonly declaration: CommandDeclaration) {}

  arguments<T extends Table>(operands: T) {
    return this.#with<Values & ValuesOf<T>>({ operands });
  }

  options<T extends Table>(options: T) {
    return this.#with<Values & ValuesOf<T>>({ options });
  }

  /** Sets the text of `--help` after the summary. */
  details(details: string) {
    return this.#with<Values, Result>({ details: details.trim() });
  }

  examples(...examples: readonly string[]) {
    return this.#with<Values, Result>({ examples });
  }

  /** Sets another name of the command. */
  alias(alias: string) {
    return this.#with<Values, Result>({ alias });
  }

  hidden() {
    return this.#with<Values, Result>({ isHidden: true });
  }

  /** Sets the commands below this one, by the title that help prints above them. */
  commands<C extends Readonly<Record<string, readonly Command<string, object, unknown>[]>>>(
    titled: C,
  ) {
    return this.#with<Values, InvocationOf<C[keyof C][number]>>({
      commands: Object.entries(titled).flatMap(([title, commands]) =>
        commands.map(({ declaration }) => ({ ...declaration, title }))
      ),
    });
  }

  /** Sets the function that returns the invocation. It may throw an `InvalidArgumentError`. */
  invocation<const R extends { command: string }>(
    toInvocation: (values: Own<Values>, line: Line) => R,
  ) {
    return this.#with<Values, R>({ toInvocation });
  }

  #with<V extends object, R = { readonly command: Name } & Own<V>>(
    more: Partial<CommandDeclaration>,
  ) {
    return new Command<Name, V, R>({ ...this.declaration, ...more });
  }
}

function oneOf<T extends string>(words: readonly T[] | undefined) {
  return words && ((text: string): T => {
    const word = words.find((word) => word === text);
    if (word !== undefined) return word;
    throw new InvalidArgumentError(
      `Allowed choices are ${words.join(", ")}.${didYouMean(text, words)}`,
    );
  });
}

/** Returns the nearest of `known` on a line of its own, or nothing if none is near. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  return near === undefined ? "" : `\n(Did you mean ${near}?)`;
}
