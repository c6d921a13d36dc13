import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { Palette } from "../report/palette.ts";
import type { Change } from "./plan.ts";

/**
 * Returns the unified diff of a change, in the format of `diff -u` and `patch -p0`; empty if the bytes
 * are equal.
 */
export function formatDiff(change: Change): string {
  const before = change.before === undefined
    ? ""
    : new TextDecoder("utf-8", { ignoreBOM: true }).decode(change.before.bytes);
  const after = change.after?.text ?? "";
  if (before === after) return "";
  return createTwoFilesPatch(
    change.before === undefined ? "/dev/null" : change.path,
    change.after === undefined ? "/dev/null" : change.path,
    before,
    after,
    undefined,
    undefined,
    { context: 3, headerOptions: FILE_HEADERS_ONLY },
  );
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
