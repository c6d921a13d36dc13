/** Words of the dialect that this code was once written in, each with what to write instead. */
const DIALECT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(?:s|ed|ing)?\b/i, "fix"],
  [/\banew\b/i, "again"],
  [/\bnowise\b/i, "not at all"],
  [/\bwhom\b/i, "which, or another sentence"],
  [/(?<!-)\b(?:tells|told)\b/i, "reports, shows, knows"],
  [/\bstands\b(?! for)/i, "is"],
  [/\b(?:nobody|somebody|everybody)\b/i, "no one, another user, anyone"],
  [/\bthe laws?\b/i, "the exclusivity rule, the rules"],
  [/\bledgers?\b/i, "import report"],
  [/\bslips?\b/i, "typo, mistake"],
  [/\bpassed over\b/i, "skipped, ignored"],
  [/(?<!\bthere )\bis no\b(?! longer\b| more\b| one\b)/i, "is not a"],
  [/\b(?:is|are) asked\b/i, "gets a question, is queried"],
  [/\bfor ever\b/i, "forever"],
  [/\bwould else\b/i, "would otherwise"],
  [/\bhand(?:s|ed)? over\b/i, "passes"],
];

/** A docstring starts with what the thing does or is, never with a question word. */
const RIDDLE = /^\*[\s*]+(?:What|Who|Whom|Whose|Whether|Where|Those|How|Why|Which)\b/;

/** One word that a text should not contain. */
export interface DialectWord {
  readonly index: number;
  readonly word: string;
  readonly message: string;
}

/**
 * Returns every word of the old dialect in a text, in the order of the list.
 *
 * @example
 * ```ts
 * import { dialectIn } from "./plain_english.ts";
 * dialectIn("a command that mends it"); // [{ index: 15, word: "mends", message: "…" }]
 * ```
 */
export function dialectIn(text: string): DialectWord[] {
  return DIALECT.flatMap(([pattern, instead]) =>
    [...text.matchAll(new RegExp(pattern, "gi"))].map(({ index, 0: word }) => ({
      index,
      word,
      message: `\`${word}\` is not plain English here; write: ${instead}`,
    }))
  );
}

/** Returns true if the text of a block comment is a docstring that starts with a question word. */
export function startsAsRiddle(comment: string): boolean {
  return RIDDLE.test(comment);
}
