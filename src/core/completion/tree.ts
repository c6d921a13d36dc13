/** What may stand in one place of a command line. */
export interface ValueSpec {
  /** As help shows it: `wish`, `dir`, `seconds`. It decides what is offered. */
  readonly name: string;
  /** The words that may stand there, where they are known. */
  readonly choices: readonly string[] | undefined;
  /** Whether it may be left out. */
  readonly isOptional: boolean;
  /** Whether more of them may follow. */
  readonly isVariadic: boolean;
}

/** An option of a command. */
export interface OptionSpec {
  /** Its short name, if it has one, and its long one: `-h`, `--help`. */
  readonly names: readonly string[];
  readonly about: string;
  /** Nothing for a switch. */
  readonly value: ValueSpec | undefined;
}

/** A command as the command line knows it, whatever library reads it. */
export interface CommandSpec {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionSpec[];
  readonly operands: readonly ValueSpec[];
  readonly commands: readonly CommandSpec[];
}
