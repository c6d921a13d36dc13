import { type CommandSpec, HELP, type Lookup, type ValueSpec } from "./tree.ts";

/** A word that fits at the cursor, with its description. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** The kind of word that fits at the cursor. `taken` has the earlier words of the same list. */
export type Question =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "files" | "folders" }
  | { readonly kind: "lookup"; readonly lookup: Lookup; readonly taken: readonly string[] };

/** A question, and the part of the word at the cursor that it is about. */
export interface Completion {
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
export function questionAt(program: CommandSpec, words: readonly string[]): Completion {
  let command = program;
  let pending: ValueSpec | undefined;
  let codex: string | undefined;
  // True after a `--`, which ends the options.
  let isOver = false;
  const operands: string[] = [];
  const isValue = (word: string) =>
    pending !== undefined && !(pending.flags.includes("[") && word.startsWith("-"));
  for (const word of words.slice(0, -1)) {
    if (isValue(word)) {
      if (pending !== undefined && namesOf(pending).includes("--codex")) codex = word;
      pending = undefined;
    } else if (!isOver && word === "--") {
      isOver = true;
    } else if (!isOver && word.startsWith("-") && word !== "-") {
      const { name, value } = partsOf(word);
      if (name === "--codex") codex = value ?? codex;
      pending = value === undefined ? optionWithValue(command, name) : undefined;
    } else {
      const below = operands.length === 0 ? commandNamed(command, word) : undefined;
      if (below !== undefined) command = below;
      else operands.push(word);
    }
  }
  const word = words.at(-1) ?? "";
  if (pending !== undefined && isValue(word)) {
    return { ...valueAt(program, pending, word, []), codex };
  }
  if (!isOver && word.startsWith("-")) {
    const { name, value = "" } = partsOf(word);
    const option = word.includes("=") ? optionWithValue(command, name) : undefined;
    if (option === undefined) {
      return { question: optionsOf(command), before: "", typed: word, codex };
    }
    const completion = valueAt(program, option, value, []);
    return { ...completion, before: `${name}=${completion.before}`, codex };
  }
  const known = Object.values(command.operands);
  const operand = known[operands.length] ??
    known.slice(-1).find(({ flags }) => flags.includes("..."));
  if (operand !== undefined) return { ...valueAt(program, operand, word, operands), codex };
  const question = operands.length === 0 ? commandsOf(command) : wordsFrom([]);
  return { question, before: "", typed: word, codex };
}

/** Splits `--name=value`. */
function partsOf(word: string): { name: string; value: string | undefined } {
  const [, name = word, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  return { name, value };
}

function namesOf({ flags }: ValueSpec): string[] {
  return flags.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [];
}

function allOptions({ options }: CommandSpec): ValueSpec[] {
  return [...Object.values(options).flatMap((o) => [o, ...o.negation ? [o.negation] : []]), HELP];
}

function optionWithValue(command: CommandSpec, name: string): ValueSpec | undefined {
  return allOptions(command).find((option) =>
    /[<[]/.test(option.flags) && namesOf(option).includes(name)
  );
}

function commandNamed({ commands }: CommandSpec, name: string): CommandSpec | undefined {
  return commands.find((command) => command.name === name || command.alias === name);
}

function valueAt(
  program: CommandSpec,
  { choices = [], complete }: ValueSpec,
  word: string,
  taken: readonly string[],
): Pick<Completion, "question" | "before" | "typed"> {
  const completion = { before: "", typed: word };
  switch (complete) {
    case undefined:
      return { ...completion, question: wordsFrom(choices.map((word) => [word, ""])) };
    case "commands":
      return {
        ...completion,
        question: commandsOf(taken.reduce((at, name) => commandNamed(at, name) ?? at, program)),
      };
    case "files":
    case "folders":
      return { ...completion, question: { kind: complete } };
    case "check": {
      const cut = word.lastIndexOf(",") + 1;
      const before = word.slice(0, cut);
      const question = { kind: "lookup", lookup: complete, taken: before.split(",") } as const;
      return { question, before, typed: word.slice(cut) };
    }
    default:
      return { ...completion, question: { kind: "lookup", lookup: complete, taken } };
  }
}

function optionsOf(command: CommandSpec): Question {
  return wordsFrom(allOptions(command).map((o) => [namesOf(o).at(-1) ?? "", o.about]));
}

function commandsOf({ commands }: CommandSpec): Question {
  const shown = commands.filter((command) => !command.isHidden);
  return wordsFrom([
    ...shown.map(({ name, about }) => [name, about] as const),
    ...shown.flatMap(({ name, alias }) => alias ? [[alias, `the same as ${name}`] as const] : []),
  ]);
}

function wordsFrom(words: readonly (readonly [word: string, about: string])[]): Question {
  return { kind: "words", candidates: words.map(([word, about]) => ({ word, about })) };
}
