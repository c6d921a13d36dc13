import { WIDTH } from "./text.ts";

// deno-lint-ignore no-control-regex
const COLOR = /\u001b\[[0-9;]*m/g;

/**
 * Lays out rows in columns two spaces apart, one line for each row. Cells may be coloured; their text
 * is ASCII, as all names of a Codex are. On a terminal that is narrower than usual and than a row, each
 * cell has a line, those after the first one indented.
 */
export function tableLines(rows: readonly (readonly string[])[], columns = WIDTH): string[] {
  const width = (cell: string) => cell.replace(COLOR, "").length;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, width(cell));
  }
  const total = widths.reduce((sum, each) => sum + each + 2, -2);
  if (columns < WIDTH && total > columns) {
    return rows.map(([first = "", ...rest]) =>
      [first, ...rest.filter((cell) => cell !== "").map((cell) => `    ${cell}`)].join("\n")
    );
  }
  return rows.map((row) =>
    row.map((cell, i) => cell + " ".repeat((widths[i] ?? 0) - width(cell))).join("  ").trimEnd()
  );
}
