/** How a Soulstone is written as TOML: in the order of a person, one value of a list on a line. */
import { printable } from "../report/mod.ts";

/** A value of a field. */
export type Value = string | number | boolean | readonly string[];

/** The fields of a Soulstone; a table in it is a map of its own. */
export interface Fields {
  readonly [name: string]: Value | Fields | undefined;
}

/** The order in which fields stand; tables come behind. */
const ORDER = [
  "image",
  "engine",
  "model",
  "description",
  "groups",
  "resident",
  "capabilities",
  "port",
  "port_expose",
  "exec",
  "devices",
  "volumes",
  "secrets",
  "start_timeout_seconds",
  "stop_timeout_seconds",
  "env",
  "health",
  "quadlet",
];

/**
 * The table `name` with `fields`, and `comments` above it, each line of them made printable.
 *
 * @example
 * ```ts
 * import { soulstoneText } from "./toml_text.ts";
 * soulstoneText("eye", { port: 8780, image: "localhost/eye" }, ["An eye."]);
 * // '# An eye.\n[eye]\nimage = "localhost/eye"\nport = 8780\n'
 * ```
 */
export function soulstoneText(name: string, fields: Fields, comments: readonly string[]): string {
  const head = comments.map((line) => `# ${printable(line)}`.trimEnd() + "\n").join("");
  return head + tableText([name], fields);
}

function tableText(path: readonly string[], fields: Fields): string {
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined)
    .sort((a, b) => rank(a) - rank(b));
  const values = names.filter((name) => !isTable(fields[name]));
  const tables = names.filter((name) => isTable(fields[name]));
  const isPassed = path[1] === "quadlet";
  const lines = values.map((name) => {
    const value = fields[name] as Value;
    // A key of `quadlet` takes one value or several.
    const [only, ...more] = isPassed ? [value].flat() : [];
    const text = only === undefined || more.length > 0 ? valueText(value) : passedText(only);
    return `${keyText(name)} = ${text}\n`;
  });
  const own = path.length === 1 || values.length > 0
    ? [`[${path.map(keyText).join(".")}]\n${lines.join("")}`]
    : [];
  return [...own, ...tables.map((name) => tableText([...path, name], fields[name] as Fields))]
    .join("\n");
}

function isTable(value: Value | Fields | undefined): boolean {
  return typeof value === "object" && !Array.isArray(value);
}

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : stringText(key);
}

function valueText(value: Value): string {
  if (typeof value === "object") return listText(value);
  return typeof value === "string" ? stringText(value) : String(value);
}

/** The one value of a key of `quadlet`. */
function passedText(value: string | number | boolean): string {
  return value === "true" || value === "false" ? value : valueText(value);
}

/** Columns that a list may have before it is broken into lines. */
const LINE_WIDTH = 100;

function listText(list: readonly string[]): string {
  const texts = list.map(stringText);
  const line = `[${texts.join(", ")}]`;
  return line.length <= LINE_WIDTH ? line : `[\n${texts.map((t) => `  ${t},\n`).join("")}]`;
}

/** A basic string: JSON's, but for what TOML takes only escaped. */
function stringText(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
