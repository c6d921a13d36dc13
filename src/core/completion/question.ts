import type { CommandSpec, OptionSpec, ValueSpec } from "./tree.ts";

/** A word that may stand at the cursor, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** Words that only the Codex knows, or the checks of doctor. */
export type Lookup = "wish" | "name" | "coven" | "capability" | "check";

/** What may stand at the cursor. */
export type Question =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "files" | "folders" }
  | {
    readonly kind: "lookup";
    readonly lookup: Lookup;
    /** Words of the same kind that stand there already. */
    readonly taken: readonly string[];
  };

/** A question, and what of the word at the cursor belongs to it. */
export interface Asked {
  readonly question: Question;
  /** What stands before it in the same word: `--codex=`, `podman,`. */
  readonly before: string;
  /** What is typed of it. */
  readonly typed: string;
  /** The value of `--codex`, if the line has one. */
  readonly codex: string | undefined;
}

/** What is offered for a value, by the name that it has in the help. */
const BY_NAME: Readonly<Record<string, Lookup | "files" | "folders">> = {
  wish: "wish",
  name: "name",
  unit: "name",
  coven: "coven",
  capability: "capability",
  checks: "check",
  dir: "folders",
  file: "files",
  model: "files",
};

const NOTHING: Question = { kind: "words", candidates: [] };

/**
 * What may stand at the end of a command line, whose last word, maybe empty, is being typed.
 *
 * @example
 * ```ts
 * import { questionAt } from "./question.ts";
 * const check = { name: "check", about: "Validate.", options: [], operands: [], commands: [] };
 * const lychd = { name: "lychd", about: "", options: [], operands: [], commands: [check] };
 * questionAt(lychd, ["ch"]).question;
 * // { kind: "words", candidates: [{ word: "check", about: "Validate." }] }
 * ```
 */
export function questionAt(program: CommandSpec, words: readonly string[]): Asked {
  const read = readWords(program, words.slice(0, -1));
  const { command, pending, operands, isOver } = read;
  const word = words.at(-1) ?? "";
  const codex = read.values.get("--codex");
  if (pending !== undefined && !(pending.isOptional && word.startsWith("-"))) {
    return { ...valueAt(program, pending, word, []), codex };
  }
  if (!isOver && word.startsWith("-")) {
    const [, name = "", value = ""] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = optionNamed(command, name);
    if (option?.value !== undefined) {
      const asked = valueAt(program, option.value, value, []);
      return { ...asked, before: `${name}=${asked.before}`, codex };
    }
    return { question: optionsOf(command), before: "", typed: word, codex };
  }
  const operand = command.operands[operands.length] ?? command.operands.at(-1);
  const isRoom = operands.length < command.operands.length || operand?.isVariadic === true;
  if (operand !== undefined && isRoom) {
    return { ...valueAt(program, operand, word, operands), codex };
  }
  const question = operands.length === 0 ? commandsOf(command) : NOTHING;
  return { question, before: "", typed: word, codex };
}

/** A command line as far as it stands. */
interface Read {
  readonly command: CommandSpec;
  readonly operands: readonly string[];
  /** The value that the last option waits for. */
  readonly pending: ValueSpec | undefined;
  readonly values: ReadonlyMap<string, string>;
  /** Whether a `--` has ended the options. */
  readonly isOver: boolean;
}

function readWords(program: CommandSpec, words: readonly string[]): Read {
  let command = program;
  let pending: { name: string; value: ValueSpec } | undefined;
  let isOver = false;
  const operands: string[] = [];
  const values = new Map<string, string>();
  for (const word of words) {
    if (pending !== undefined && !(pending.value.isOptional && word.startsWith("-"))) {
      values.set(pending.name, word);
      pending = undefined;
    } else if (!isOver && word === "--") {
      isOver = true;
    } else if (!isOver && word.startsWith("-") && word !== "-") {
      pending = undefined;
      const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const option = optionNamed(command, name);
      if (value !== undefined) values.set(name, value);
      else if (option?.value !== undefined) pending = { name, value: option.value };
    } else {
      const below = operands.length === 0
        ? command.commands.find((c) => c.name === word)
        : undefined;
      if (below !== undefined) command = below;
      else operands.push(word);
    }
  }
  return { command, operands, pending: pending?.value, values, isOver };
}

function optionNamed(command: CommandSpec, name: string): OptionSpec | undefined {
  return command.options.find((option) => option.names.includes(name));
}

function valueAt(
  program: CommandSpec,
  value: ValueSpec,
  word: string,
  taken: readonly string[],
): Pick<Asked, "question" | "before" | "typed"> {
  if (value.choices !== undefined) {
    const candidates = value.choices.map((choice) => ({ word: choice, about: "" }));
    return { question: { kind: "words", candidates }, before: "", typed: word };
  }
  if (value.name === "command") {
    const above = readWords(program, taken).command;
    return { question: commandsOf(above), before: "", typed: word };
  }
  const kind = Object.hasOwn(BY_NAME, value.name) ? BY_NAME[value.name] : undefined;
  switch (kind) {
    case undefined:
      return { question: NOTHING, before: "", typed: word };
    case "files":
    case "folders":
      return { question: { kind }, before: "", typed: word };
    case "check": {
      const cut = word.lastIndexOf(",") + 1;
      const before = word.slice(0, cut);
      const question = { kind: "lookup", lookup: kind, taken: before.split(",") } as const;
      return { question, before, typed: word.slice(cut) };
    }
    default:
      return { question: { kind: "lookup", lookup: kind, taken }, before: "", typed: word };
  }
}

function optionsOf(command: CommandSpec): Question {
  const candidates = command.options.flatMap(({ names, about }) => {
    const word = names.find((name) => name.startsWith("--")) ?? names[0];
    return word === undefined ? [] : [{ word, about }];
  });
  return { kind: "words", candidates };
}

function commandsOf(command: CommandSpec): Question {
  const candidates = command.commands.map(({ name, about }) => ({ word: name, about }));
  return { kind: "words", candidates };
}
