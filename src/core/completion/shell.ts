import { split } from "shlex";
import { printable } from "../report/printable.ts";
import type { Asked, Candidate } from "./question.ts";

/** The shells that lychd completes in. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@linkcode SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** What a shell hands over: its words; bash the line to the cursor, and what it takes for the word. */
export type Typed = readonly string[];

/** The words behind the name of the program, the last one being typed. */
export function wordsTyped(shell: Shell, typed: Typed): readonly string[] {
  if (shell === "bash") return wordsOfLine(typed[0] ?? "").slice(1);
  // The last one stands there as it was typed: its quotes may still be open.
  return typed.length === 0 ? [] : typed.with(-1, wordsOfLine(typed.at(-1) ?? "").join(" "));
}

/**
 * The words of a line that may end anywhere, also inside quotes. Nothing in it is expanded or run.
 *
 * @example
 * ```ts
 * import { wordsOfLine } from "./shell.ts";
 * wordsOfLine("lychd summon 'deep th"); // ["lychd", "summon", "deep th"]
 * wordsOfLine("lychd summon "); // ["lychd", "summon", ""]
 * ```
 */
export function wordsOfLine(line: string): string[] {
  for (const closing of ["", "'", '"']) {
    try {
      // With a letter at the end the last word is always there.
      const words = split(`${line}x${closing}`);
      return words.with(-1, (words.at(-1) ?? "x").slice(0, -1));
    } catch {
      // The line ends inside the quotes of the next try.
    }
  }
  return [];
}

/**
 * The answer to a shell: on the first line `files`, `folders` or `words`, then a word on each line,
 * as the script in `templates/completions` takes it.
 */
export function answerFor(
  shell: Shell,
  { question, before, typed }: Asked,
  looked: readonly Candidate[],
  handed: Typed,
): string {
  if (question.kind === "files" || question.kind === "folders") return `${question.kind}\n`;
  const candidates = (question.kind === "words" ? question.candidates : looked)
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, about }) => ({ word: before + word, about: printable(about) }));
  return `words\n${
    candidates.map((c) => `${lineFor(shell, c, before + typed, handed)}\n`).join("")
  }`;
}

function lineFor(
  shell: Shell,
  { word, about }: Candidate,
  typed: string,
  handed: Typed,
): string {
  switch (shell) {
    case "bash": {
      // bash cuts words at `:` and `=` too, and replaces what is behind the last one.
      const part = handed[1] ?? typed;
      return typed.endsWith(part) ? word.slice(typed.length - part.length) : word;
    }
    case "zsh": {
      // The script has set aside what is before a `=`.
      const own = /^--[^=]+=/.exec(word)?.[0] ?? "";
      return `${word.slice(own.length).replace(/[\\:]/g, "\\$&")}:${about}`;
    }
    case "fish":
      return `${word}\t${about}`;
  }
}
