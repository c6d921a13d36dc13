/** Words of the dialect that this code was once written in, each with what to write instead. */
const DIALECT: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bmend(?:s|ed|ing)?\b/, "fix"],
  [/\banew\b/, "again"],
  [/\bnowise\b/, "not at all"],
  [/\bwhom\b/, "which, or another sentence"],
  [/(?<!-)\b(?:tells|told)\b/, "reports, shows, knows"],
  [/\bstands\b(?! for)/, "is"],
  [/\b(?:nobody|somebody|everybody)\b/, "no one, another user, anyone"],
  [/\bthe laws?\b/, "the exclusivity rule, the rules"],
  [/\bledgers?\b/, "import report"],
  [/\bslips?\b/, "typo, mistake"],
  [/\bpassed over\b/, "skipped, ignored"],
  [
    /(?<!\bthere )\bis no\b(?! longer\b| more\b| one\b)|(?<!\bthere )\bare no\b(?! longer\b)/,
    "is not a",
  ],
  [/\b(?:is|are) asked\b(?! to\b| for\b)/, "gets a question, is queried"],
  [/\bfor ever\b/, "forever"],
  [/\bwould else\b/, "would otherwise"],
  [/\bhand(?:s|ed)? over\b/, "passes"],
  [/\bcount from\b/, "takes effect at"],
  [/\b(?:run|runs|running) of that\b/, "nothing to stop"],
  [/\btake an? \w+ for an?\b/, "treat as"],
  [/\bstrangers?\b|(?<!`)\bforeign\b/, "not owned, unexpected, untrusted"],
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
  // A line break of a comment or a document may be inside of a phrase. The length stays the same.
  const joined = text.replace(/\n[ *]*/g, (gap) => " ".padStart(gap.length));
  return DIALECT.flatMap(([pattern, instead]) =>
    [...joined.matchAll(new RegExp(pattern.source.replaceAll(" ", " +"), "gi"))].map((
      { index, 0: word },
    ) => ({
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
