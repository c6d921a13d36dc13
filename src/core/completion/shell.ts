import { split } from "shlex";
import bash from "../../../templates/completions/lychd.bash" with { type: "text" };
import fish from "../../../templates/completions/lychd.fish" with { type: "text" };
import zsh from "../../../templates/completions/lychd.zsh" with { type: "text" };
import { printable } from "../report/printable.ts";
import type { Candidate, Completion } from "./question.ts";

/** The shells with completions. */
export const SHELLS = ["bash", "zsh", "fish"] as const;

/** One of {@linkcode SHELLS}. */
export type Shell = (typeof SHELLS)[number];

/** The script of each shell, which runs `lychd complete` at every TAB. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish };

/** The arguments of `lychd complete`: the words; for bash the line up to the cursor, and bash's word. */
export type Typed = readonly string[];

/** Returns the words after the program name. The last one is still being typed. */
export function wordsTyped(shell: Shell, typed: Typed): readonly string[] {
  if (shell === "bash") return wordsOfLine(typed[0] ?? "").slice(1);
  // The last word is raw: its quotes may still be open.
  return typed.length === 0 ? [] : typed.with(-1, wordsOfLine(typed.at(-1) ?? "").join(" "));
}

/**
 * Splits a line that may end anywhere, also inside quotes. Nothing in it is expanded or run.
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
      // The extra letter keeps an empty last word.
      const words = split(`${line}x${closing}`);
      return words.with(-1, (words.at(-1) ?? "x").slice(0, -1));
    } catch {
      // The line ends inside the quotes of the next try.
    }
  }
  return [];
}

/**
 * Formats the answer for the script of a shell: `files`, `folders` or `words` on the first line, then
 * one word per line.
 */
export function answerFor(
  shell: Shell,
  { question, before, typed }: Completion,
  found: readonly Candidate[],
  shellWords: Typed,
): string {
  if (question.kind === "files" || question.kind === "folders") return `${question.kind}\n`;
  const candidates = (question.kind === "words" ? question.candidates : found)
    .filter(({ word }) => word.startsWith(typed))
    .map(({ word, about }) => ({ word: before + word, about: printable(about) }));
  const lines = candidates.map((each) => lineFor(shell, each, before + typed, shellWords));
  return ["words", ...lines, ""].join("\n");
}

function lineFor(
  shell: Shell,
  { word, about }: Candidate,
  typed: string,
  shellWords: Typed,
): string {
  switch (shell) {
    case "bash": {
      // bash also splits words at `:` and `=`, and replaces only the last part.
      const part = shellWords[1] ?? typed;
      return typed.endsWith(part) ? word.slice(typed.length - part.length) : word;
    }
    case "zsh": {
      // The script has removed the part up to a `=`.
      const own = /^--[^=]+=/.exec(word)?.[0] ?? "";
      return `${word.slice(own.length).replace(/[\\:]/g, "\\$&")}:${about}`;
    }
    case "fish":
      return `${word}\t${about}`;
  }
}
