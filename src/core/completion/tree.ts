/** Words that only the Codex knows, or the checks of doctor. */
export type Lookup =
  | "wish"
  | "name"
  | "soulstone"
  | "shown"
  | "coven"
  | "slot"
  | "capability"
  | "check";

/** An option or an argument of a command. */
export interface ValueSpec {
  /** Its syntax as help shows it: `--json`, `-n, --lines <count>`, `--facts [file]`, `<wish...>`. */
  readonly flags: string;
  readonly about: string;
  /** The only words that it accepts. */
  readonly choices?: readonly string[] | undefined;
  /** The source of the words that a shell offers, where they are not `choices`. */
  readonly complete?: Lookup | "files" | "folders" | "commands" | undefined;
  /** The flag that turns a switch off. */
  readonly negation?: ValueSpec;
}

/** A command as the command line declares it. */
export interface CommandSpec {
  readonly name: string;
  /** Another name that people try first. */
  readonly alias?: string;
  readonly about: string;
  readonly isHidden?: boolean;
  readonly options: Readonly<Record<string, ValueSpec>>;
  readonly operands: Readonly<Record<string, ValueSpec>>;
  readonly commands: readonly CommandSpec[];
}

/** The option that every command has. */
export const HELP: ValueSpec = { flags: "-h, --help", about: "print this help" };
