import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { Palette } from "../report/palette.ts";
import type { Change } from "./plan.ts";

/**
 * Returns the unified diff of a change, in the format of `diff -u` and `patch -p0`; empty if the bytes
 * are equal.
 */
export function formatDiff({ path, before: old, after: wanted }: Change): string {
  const before = old && new TextDecoder("utf-8", { ignoreBOM: true }).decode(old.bytes);
  const after = wanted?.text;
  if ((before ?? "") === (after ?? "")) return "";
  // Only one side: no lines to compare, and most lines of a first render.
  if (before === undefined) return header("/dev/null", path) + hunk("+", after ?? "");
  if (after === undefined) return header(path, "/dev/null") + hunk("-", before);
  return createTwoFilesPatch(path, path, before, after, undefined, undefined, {
    context: 3,
    headerOptions: FILE_HEADERS_ONLY,
  });
}

function header(before: string, after: string): string {
  return `--- ${before}\n+++ ${after}\n`;
}

/** Returns the hunk of a whole text that is added or removed. */
function hunk(sign: "+" | "-", text: string): string {
  const lines = text.split("\n");
  const isComplete = lines.at(-1) === "";
  if (isComplete) lines.pop();
  const range = sign === "+" ? `-0,0 +1,${lines.length}` : `-1,${lines.length} +0,0`;
  const body = lines.map((line) => `${sign}${line}\n`).join("");
  return `@@ ${range} @@\n${body}${isComplete ? "" : "\\ No newline at end of file\n"}`;
}

/** Returns a diff for a terminal: in colours, with visible control characters. */
export function paintDiff(
  diff: string,
  palette: Palette,
  visible: (text: string) => string,
): string {
  return diff.split("\n").map((line) => {
    const text = line.split("\t").map(visible).join("\t");
    if (line.startsWith("--- ") || line.startsWith("+++ ")) return palette.strong(text);
    if (line.startsWith("@@")) return palette.hint(text);
    if (line.startsWith("+")) return palette.added(text);
    if (line.startsWith("-")) return palette.removed(text);
    return text;
  }).join("\n");
}
