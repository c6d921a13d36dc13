/**
 * The blocks of a document that can be tried, by what stands behind their first three backticks:
 *
 * - `toml PATH`: a file of the Codex of this document;
 * - `toml PATH bad=CODE`, `toml PATH good=CODE`: a file of a Codex of its own, which has exactly this
 *   fault, or none; several with one word belong together;
 * - `yaml PATH`, `ini PATH`: a file of another program, in the working folder of what follows;
 * - `console`: commands behind `$ `, each with what it says; without a line, it may say anything. A
 *   line `…` stands for any lines. `$ echo $?` stands behind every command that fails;
 * - `console host`: needs a host with systemd, Podman or a GPU: it is listed, and not run;
 * - `console lab`: is run by a test of the lab, which runs the others of its document too; with
 *   `captured` what it says was written by that test, and is compared;
 * - `console repository`: is run by `.ci/run` in the repository.
 */

/** A fenced block. */
export interface Block {
  /** Where it begins, counted from 1. */
  readonly line: number;
  readonly language: string;
  /** What stands behind the language. */
  readonly words: readonly string[];
  readonly text: string;
}

/** A command of a console, and the lines that it says; none where any will do. */
export interface Command {
  readonly line: string;
  readonly says: readonly string[];
}

/** The fenced blocks of a Markdown text, in order. */
export function blocksOf(markdown: string): Block[] {
  return [...markdown.matchAll(/^( *)```(\S*)([^\n]*)\n([^]*?)^\1```$/gm)].map((match) => {
    const [, indent = "", language = "", info = "", text = ""] = match;
    return {
      line: markdown.slice(0, match.index).split("\n").length,
      language,
      words: info.split(/\s+/).filter((word) => word !== ""),
      text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    };
  });
}

/** The commands of a block of a console. A line that ends with a backslash goes on. */
export function commandsOf(text: string): Command[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const [, line = "", rest = ""] = /^((?:.*\\\n)*.*)\n?([^]*)$/.exec(part) ?? [];
    return { line, says: rest === "" ? [] : rest.replace(/\n$/, "").split("\n") };
  });
}

/** Whether `actual` is what `says` promises. */
export function isSaid(says: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = says;
  if (first === undefined) return actual.length === 0;
  if (first !== "…") return actual[0]?.trimEnd() === first && isSaid(rest, actual.slice(1));
  return [...actual, ""].some((_, i) => isSaid(rest, actual.slice(i)));
}

/** The targets of links to files, without the place in them. */
export function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
}
