import { type CommandSpec, HELP, type Lookup, type ValueSpec } from "./tree.ts";

/** A word that fits at the cursor, with its description. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** The kind of word that fits at the cursor. */
export type Question =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "files" | "folders" }
  | {
    readonly kind: "lookup";
    readonly lookup: Lookup;
    /** Earlier words of the same list. */
    readonly taken: readonly string[];
  };

/** A question, and the part of the word at the cursor that it is about. */
export interface Asked {
  readonly question: Question;
  /** The text before that part: `--codex=`, `podman,`. */
  readonly before: string;
  /** The part that is typed so far. */
  readonly typed: string;
  /** The value of `--codex`, if the line has one. */
  readonly codex: string | undefined;
}

/**
 * Returns what fits at the end of a command line. Its last word is still being typed and may be empty.
 *
 * @example
 * ```ts
 * import { questionAt } from "./question.ts";
 * const check = { name: "check", about: "Validate", options: {}, operands: {}, commands: [] };
 * const lychd = { name: "lychd", about: "", options: {}, operands: {}, commands: [check] };
 * questionAt(lychd, ["ch"]).question;
 * // { kind: "words", candidates: [{ word: "check", about: "Validate" }] }
 * ```
 */
export function questionAt(program: CommandSpec, words: readonly string[]): Asked {
  const read = readWords(program, words.slice(0, -1));
  const { command, pending, operands, isOver } = read;
  const word = words.at(-1) ?? "";
  const codex = read.values.get("--codex");
  if (pending !== undefined && !(isOptional(pending) && word.startsWith("-"))) {
    return { ...valueAt(program, pending, word, []), codex };
  }
  if (!isOver && word.startsWith("-")) {
    const [, name = "", value = ""] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = optionNamed(command, name);
    if (option !== undefined && hasValue(option)) {
      const asked = valueAt(program, option, value, []);
      return { ...asked, before: `${name}=${asked.before}`, codex };
    }
    return { question: optionsOf(command), before: "", typed: word, codex };
  }
  const known = Object.values(command.operands);
  const operand = known[operands.length] ??
    known.slice(-1).find(({ flags }) => flags.includes("..."));
  if (operand !== undefined) return { ...valueAt(program, operand, word, operands), codex };
  const question = operands.length === 0 ? commandsOf(command) : wordsFrom([]);
  return { question, before: "", typed: word, codex };
}

/** The words of a command line before the cursor. */
interface Read {
  readonly command: CommandSpec;
  readonly operands: readonly string[];
  /** The last option, if its value is missing. */
  readonly pending: ValueSpec | undefined;
  readonly values: ReadonlyMap<string, string>;
  /** True after a `--`, which ends the options. */
  readonly isOver: boolean;
}

function readWords(program: CommandSpec, words: readonly string[]): Read {
  let command = program;
  let pending: { name: string; option: ValueSpec } | undefined;
  let isOver = false;
  const operands: string[] = [];
  const values = new Map<string, string>();
  for (const word of words) {
    if (pending !== undefined && !(isOptional(pending.option) && word.startsWith("-"))) {
      values.set(pending.name, word);
      pending = undefined;
    } else if (!isOver && word === "--") {
      isOver = true;
    } else if (!isOver && word.startsWith("-") && word !== "-") {
      pending = undefined;
      const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
      const option = optionNamed(command, name);
      if (value !== undefined) values.set(name, value);
      else if (option !== undefined && hasValue(option)) pending = { name, option };
    } else {
      const below = operands.length === 0
        ? command.commands.find((c) => c.name === word)
        : undefined;
      if (below !== undefined) command = below;
      else operands.push(word);
    }
  }
  return { command, operands, pending: pending?.option, values, isOver };
}

function hasValue({ flags }: ValueSpec): boolean {
  return /[<[]/.test(flags);
}

function isOptional({ flags }: ValueSpec): boolean {
  return flags.includes("[");
}

function namesOf({ flags }: ValueSpec): string[] {
  return flags.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [];
}

function optionNamed(command: CommandSpec, name: string): ValueSpec | undefined {
  return allOptions(command).find((option) => namesOf(option).includes(name));
}

function allOptions({ options }: CommandSpec): ValueSpec[] {
  return [...Object.values(options).flatMap((o) => [o, ...o.negation ? [o.negation] : []]), HELP];
}

function valueAt(
  program: CommandSpec,
  { choices, complete }: ValueSpec,
  word: string,
  taken: readonly string[],
): Pick<Asked, "question" | "before" | "typed"> {
  const asked = { before: "", typed: word };
  switch (complete) {
    case undefined:
      return { ...asked, question: wordsFrom((choices ?? []).map((word) => [word, ""])) };
    case "commands":
      return { ...asked, question: commandsOf(readWords(program, taken).command) };
    case "files":
    case "folders":
      return { ...asked, question: { kind: complete } };
    case "check": {
      const cut = word.lastIndexOf(",") + 1;
      const before = word.slice(0, cut);
      const question = { kind: "lookup", lookup: complete, taken: before.split(",") } as const;
      return { question, before, typed: word.slice(cut) };
    }
    default:
      return { ...asked, question: { kind: "lookup", lookup: complete, taken } };
  }
}

function optionsOf(command: CommandSpec): Question {
  return wordsFrom(allOptions(command).map((o) => [namesOf(o).at(-1) ?? "", o.about]));
}

function commandsOf({ commands }: CommandSpec): Question {
  return wordsFrom(commands.filter((c) => !c.isHidden).map((c) => [c.name, c.about]));
}

function wordsFrom(words: readonly (readonly [word: string, about: string])[]): Question {
  return { kind: "words", candidates: words.map(([word, about]) => ({ word, about })) };
}
