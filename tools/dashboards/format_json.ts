const WIDTH = 100;

/** Returns JSON with each value on one line if it fits, so that diffs are short. */
export function formatJson(value: unknown): string {
  return layOut(value, "", 0) + "\n";
}

/** Formats a value that starts after `before` characters of its line. */
function layOut(value: unknown, indent: string, before: number): string {
  const line = oneLine(value);
  if (typeof value !== "object" || value === null) return line;
  if (indent.length + before + line.length <= WIDTH - 1) return line;
  const inner = indent + "  ";
  const items = Array.isArray(value)
    ? value.map((item) => layOut(item, inner, 0))
    : Object.entries(value).map(([key, item]) => {
      const name = `${JSON.stringify(key)}: `;
      return name + layOut(item, inner, name.length);
    });
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${items.map((item) => inner + item).join(",\n")}\n${indent}${close}`;
}

function oneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  return `{ ${
    entries.map(([key, item]) => `${JSON.stringify(key)}: ${oneLine(item)}`).join(", ")
  } }`;
}
