/** Writes a Soulstone as TOML. */
import { type Plain, tomlKey, tomlValue } from "../codex/mod.ts";
import { printable } from "../report/mod.ts";

/** The fields of a Soulstone; a nested table is a map of its own. */
export interface Fields {
  readonly [name: string]: Plain | Fields | undefined;
}

/** The columns above which a list gets a line for each value. */
const LINE_WIDTH = 100;

/** The order of fields; tables follow all values. */
const ORDER = (
  "image engine model description aliases groups slot resident capabilities port port_expose exec " +
  "devices volumes secrets concurrency idle_minutes start_timeout_seconds stop_timeout_seconds " +
  "env health request quadlet"
).split(" ");

/**
 * Returns the table `name` with `fields`, below `comments` as printable lines.
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

/**
 * Returns the lines of `lychd.toml`, or nothing if there are no fields.
 *
 * @example
 * ```ts
 * import { settingsText } from "./toml_text.ts";
 * settingsText({ boot_coven: "chat", vessel: { enabled: true } });
 * // 'boot_coven = "chat"\n\n[vessel]\nenabled = true\n'
 * ```
 */
export function settingsText(fields: Fields): string {
  return tableText([], fields);
}

function tableText(path: readonly string[], fields: Fields): string {
  const names = Object.keys(fields).filter((name) => fields[name] !== undefined)
    .sort((a, b) => rank(a) - rank(b));
  const values = names.filter((name) => !isTable(fields[name]));
  const tables = names.filter((name) => isTable(fields[name]));
  const isPassed = path[1] === "quadlet";
  const lines = values.map((name) => {
    const value = fields[name] as Plain;
    // A key of `quadlet` takes one value or a list.
    const [only, ...more] = isPassed ? [value].flat() : [];
    return `${tomlKey(name)} = ${
      only === undefined || more.length > 0
        ? valueText(value)
        : only === "true" || only === "false"
        ? only
        : valueText(only)
    }\n`;
  });
  const header = path.length === 0 ? "" : `[${path.map(tomlKey).join(".")}]\n`;
  // A table without any key is a value too.
  const isShown = path.length === 1 || values.length > 0 || path.length > 1 && tables.length === 0;
  const own = isShown ? [header + lines.join("")] : [];
  return [...own, ...tables.map((name) => tableText([...path, name], fields[name] as Fields))]
    .join("\n");
}

function isTable(value: Plain | Fields | undefined): boolean {
  return typeof value === "object" && !Array.isArray(value);
}

function rank(name: string): number {
  const at = ORDER.indexOf(name);
  return at < 0 ? ORDER.length : at;
}

function valueText(value: Plain): string {
  const line = tomlValue(value);
  return !Array.isArray(value) || line.length <= LINE_WIDTH
    ? line
    : `[\n${value.map((each) => `  ${tomlValue(each)},\n`).join("")}]`;
}
