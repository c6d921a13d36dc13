import { createTwoFilesPatch, FILE_HEADERS_ONLY } from "diff";
import type { Palette } from "../report/mod.ts";
import type { Change } from "./plan.ts";

/**
 * The unified diff from what is on disk to what shall be, as `diff -u` writes it and `patch -p0`
 * reads it; empty when the bytes are the same.
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

/** A diff for a terminal: coloured, and with control characters made visible. */
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
