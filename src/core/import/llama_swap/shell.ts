/** Reads a script of a shell without running it. */
import { splitPair } from "../setting.ts";

/** One command of a script. */
export interface ShellCommand {
  readonly words: readonly string[];
  /** The variables that it gets, or exports if it has no words, as `NAME=VALUE`. */
  readonly variables: readonly string[];
  /** Variables whose value only a shell can expand. */
  readonly unreadVariables: readonly string[];
  /** Redirections of its input and output, such as `2>&1`. */
  readonly redirections: readonly string[];
  /** The first part that only a shell can expand, such as `$(date)`. */
  readonly unread: string | undefined;
}

/** A word, as far as it is read. */
type Word = Pick<ShellCommand, "unread"> & { readonly text: string };

const VARIABLE = String.raw`\$(?:(?<name>[A-Za-z_]\w*)|\{(?<braced>[A-Za-z_]\w*)\})`;

/** A macro of llama-swap, which is not a variable of the shell. */
const MACRO = String.raw`(?<macro>\$\{env\.\w+\})`;

const TOKEN = new RegExp(
  [
    String.raw`(?<blank>[ \t\r]+|\\\n)`,
    String.raw`(?<comment>(?<![^\s;|&])#[^\n]*)`,
    String.raw`(?<redirection>(?:(?<![^\s;|&])\d+)?(?:>>|>&|>\||<>|<&|<<<|<(?!<)|>)|&>>?)`,
    String.raw`(?<separator>&&|\|\||\|&|[;&|\n])`,
    String.raw`'(?<single>[^']*)'`,
    String.raw`"(?<double>(?:[^"\\]|\\[^])*)"`,
    String.raw`\\(?<escaped>[^])`,
    MACRO,
    VARIABLE,
    String.raw`(?<home>(?<![^\s;|&=])~(?=[/\s]|$))`,
    // An open quote, a substitution, a pattern of file names, a group, or a document.
    String.raw`(?<unread>\$\([^)]*\)?|\$\{[^}]*\}?|\$.?|[\\"'\`*?\[{()}]|<<)`,
    String.raw`(?<plain>[^])`,
  ].join("|"),
  "g",
);

const QUOTED = new RegExp(
  [
    String.raw`\\(?<escaped>[$\`"\\\n])`,
    MACRO,
    VARIABLE,
    String.raw`(?<unread>\$\([^)]*\)?|\$\{[^}]*\}?|\$[^ ]|\`)`,
    String.raw`(?<plain>[^])`,
  ].join("|"),
  "g",
);

/** Words that begin or end a condition, a loop or a function. */
const SYNTAX =
  /^(?:!|\[\[|case|coproc|do|done|elif|else|esac|fi|for|function|if|select|then|until|while)$/;

const ASSIGNMENT = /^[A-Za-z_]\w*=/;

/**
 * Returns the commands of a script, or nothing if it has conditions or loops. `known` has the values of
 * variables.
 *
 * @example
 * ```ts
 * import { readScript } from "./shell.ts";
 * const [first, second] = readScript("export A=1; exec server -p $A 2>>log", new Map()) ?? [];
 * first?.variables; // ["A=1"]
 * second?.words; // ["exec", "server", "-p", "1"]
 * second?.redirections; // ["2>>log"]
 * ```
 */
export function readScript(
  script: string,
  known: ReadonlyMap<string, string>,
): ShellCommand[] | undefined {
  const values = new Map(known);
  const commands: ShellCommand[] = [];
  let words: Word[] = [];
  let redirections: string[] = [];
  let operator: string | undefined;
  let word: Word | undefined;
  const append = (text: string, unread?: string) => {
    word = { text: (word?.text ?? "") + text, unread: word?.unread ?? unread };
  };
  const expanded = (name: string, token: string): [text: string, unread?: string] => {
    const value = values.get(name);
    return value === undefined ? [token, token] : [value];
  };
  const endWord = () => {
    if (word === undefined) return;
    if (operator === undefined) words.push(word);
    else redirections.push(operator + word.text);
    word = operator = undefined;
  };
  const endCommand = () => {
    endWord();
    const own = words.findIndex(({ text }) => !ASSIGNMENT.test(text));
    const start = own < 0 ? words.length : own;
    const isExport = words[start]?.text === "export";
    const assigned = isExport
      ? words.slice(start + 1).filter(({ text }) => ASSIGNMENT.test(text))
      : words.slice(0, start);
    const rest = isExport ? [] : words.slice(start);
    for (const { text, unread } of rest.length > 0 ? [] : assigned) {
      const [name, value] = splitPair(text);
      if (unread === undefined) values.set(name, value);
      else values.delete(name);
    }
    const pairs = (isUnread: boolean) =>
      assigned.filter(({ unread }) => (unread !== undefined) === isUnread).map(({ text }) => text);
    if (own >= 0) {
      commands.push({
        words: rest.map(({ text }) => text),
        variables: pairs(false),
        unreadVariables: pairs(true),
        redirections,
        unread: rest.find(({ unread }) => unread !== undefined)?.unread,
      });
    }
    [words, redirections] = [[], []];
  };
  for (const { 0: token, groups = {} } of script.matchAll(TOKEN)) {
    const { name = groups["braced"], single, double, escaped, unread, home } = groups;
    if (groups["blank"] !== undefined) endWord();
    else if (groups["separator"] !== undefined) endCommand();
    else if (groups["redirection"] !== undefined) {
      endWord();
      operator = token;
    } else if (single !== undefined) append(single);
    else if (escaped !== undefined) append(escaped);
    else if (home !== undefined) append(...expanded("HOME", token));
    else if (name !== undefined) {
      const [value, missing] = expanded(name, token);
      for (const [i, part] of value.split(/[ \t\n]+/).entries()) {
        if (i > 0) endWord();
        if (part !== "") append(part, missing);
      }
    } else if (unread !== undefined) append(token, token);
    else if (double !== undefined) {
      append("");
      for (const { 0: part, groups: inner = {} } of double.matchAll(QUOTED)) {
        const variable = inner["name"] ?? inner["braced"];
        if (inner["escaped"] !== undefined) append(inner["escaped"].replace("\n", ""));
        else if (variable !== undefined) append(...expanded(variable, part));
        else append(part, inner["unread"]);
      }
    } else if (groups["comment"] === undefined) append(token);
  }
  endCommand();
  return commands.some(({ words: [first = ""] }) => SYNTAX.test(first)) ? undefined : commands;
}
