/**
 * Reads the blocks of a document that are tested. The words after the opening backticks define the kind:
 *
 * - `toml PATH`: a file of the Codex of this document.
 * - `toml PATH bad=CODE`, `toml PATH good=CODE`: a file of a separate Codex, which has exactly this
 *   error, or none. Blocks with the same word form one Codex.
 * - `yaml PATH`, `ini PATH`: a file of another program, in the working folder.
 * - `console`: commands after `$ `, each with its output. Without output lines, any output is accepted.
 *   A line `…` matches any lines. `$ echo $?` follows every command that fails.
 * - `console host`: needs a host with systemd, Podman or a GPU, and is not run.
 * - `console lab`: run by a test of the lab, together with the other blocks of its document. With
 *   `captured`, that test also writes and compares the output.
 * - `console repository`: run by `.ci/run` in the repository.
 */

/** A fenced block. */
export interface Block {
  /** The number of its first line, from 1. */
  readonly line: number;
  readonly language: string;
  /** The words after the language. */
  readonly words: readonly string[];
  readonly text: string;
}

/** A command and its expected output lines; none if any output is accepted. */
export interface Command {
  readonly line: string;
  readonly says: readonly string[];
}

/** Returns the fenced blocks of a Markdown text, in order. */
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

/** Returns the commands of a console block. A backslash at the end of a line continues it. */
export function commandsOf(text: string): Command[] {
  return text.split(/^\$ /m).slice(1).map((part) => {
    const [, line = "", rest = ""] = /^((?:.*\\\n)*.*)\n?([^]*)$/.exec(part) ?? [];
    return { line, says: rest === "" ? [] : rest.replace(/\n$/, "").split("\n") };
  });
}

/** Returns true if `actual` matches the lines of `says`. */
export function isSaid(says: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = says;
  if (first === undefined) return actual.length === 0;
  if (first !== "…") return actual[0]?.trimEnd() === first && isSaid(rest, actual.slice(1));
  return [...actual, ""].some((_, i) => isSaid(rest, actual.slice(i)));
}

/** Returns the targets of links to files, without fragments. */
export function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^(?:[a-z]+:|#)/.test(target))
    .map((target) => target.replace(/#.*$/, ""));
}
