/** The maximum width of output, unless a name is longer. */
export const WIDTH = 80;

// deno-lint-ignore no-control-regex
const COLOR = /\u001b\[[0-9;]*m/g;

/**
 * Aligns rows in columns, two spaces apart, and returns a line for each. Cells may have colors; their
 * text is ASCII, as are all names of a Codex.
 */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const width = (cell: string) => cell.replace(COLOR, "").length;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  return rows.map((row) =>
    row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell))).join("  ").trimEnd()
  );
}

/** Wraps text at {@linkcode WIDTH}, with an indent. */
export function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map((l) => `${" ".repeat(indent)}${l}`);
}
