// deno-lint-ignore no-control-regex
const COLOR = /\u001b\[[0-9;]*m/g;

/**
 * Lays out rows in columns two spaces apart, one line for each row. Cells may be coloured; their text
 * is ASCII, as all names of a Codex are.
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
