import { jsonSchemaText, type SchemaKind } from "../../src/core/codex/mod.ts";
import { becomes } from "./becomes.ts";
import { SETTINGS_EXAMPLES, SOULSTONE, SOULSTONE_EXAMPLES } from "./field_examples.ts";

/** The part of a JSON Schema that the reference shows. */
interface Part {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Part;
  readonly anyOf?: readonly Part[];
  readonly properties?: Readonly<Record<string, Part>>;
  readonly patternProperties?: Readonly<Record<string, Part>>;
  readonly additionalProperties?: Part | boolean;
  readonly required?: readonly string[];
}

/** A field of the Codex, by its path in a Soulstone or in `lychd.toml`. */
export interface Field {
  readonly path: string;
  readonly part: Part;
  readonly isRequired: boolean;
}

/** Every field of a kind of file. A table that says nothing of itself is shown by its fields only. */
export function fieldsOf(kind: SchemaKind): Field[] {
  const whole: Part = JSON.parse(jsonSchemaText(kind));
  const [table = whole] = Object.values(whole.patternProperties ?? {});
  return fieldsBelow("", table);
}

function fieldsBelow(prefix: string, table: Part): Field[] {
  return Object.entries(table.properties ?? {}).flatMap(([name, part]) => {
    const path = `${prefix}${name}`;
    const isRequired = table.required?.includes(name) === true;
    const below = fieldsBelow(`${path}.`, part);
    return part.description === undefined && below.length > 0
      ? below
      : [{ path, part, isRequired }, ...below];
  });
}

/** The reference of the Codex: every field with type, unit, default, and what becomes of it. */
export async function referencePage(): Promise<string> {
  const baseline = Object.entries(SOULSTONE).map(([key, value]) => `${key} = ${value}`).join("\n");
  return `# The Codex, field by field

<!-- Made by \`deno task docs\` from src/core/codex/schema.ts and tools/docs/field_examples.ts. -->

A Codex is the folder \`~/.config/lychd\`; \`--codex DIR\` and \`LYCHD_CODEX\` name another. It holds
\`lychd.toml\`, which may be left out, and any number of TOML files below \`soulstones/\`. Every
top-level table of these is a Soulstone; its name becomes part of the name of its unit.

A field that lychd does not know is an error; what it says is explained in [errors.md](errors.md).
\`lychd schema\` gives the same to an editor.

What a field becomes was found by compiling a Codex without and with it. Keys are those of
\`soulstone-NAME.container\`, unless another file is named; what stands in \`[X-Lychd]\` is left out,
unless it is all.

## Soulstones

${await fieldList("soulstones")}

A file below \`soulstones/\`:

\`\`\`toml soulstones/eye.toml
[eye]
${baseline}
devices = ["nvidia.com/gpu=all"]
\`\`\`

${await sections("soulstones")}

## lychd.toml

${await fieldList("lychd")}

\`\`\`toml lychd.toml
boot_coven = "vision"

[gpu]
default_devices = ["nvidia.com/gpu=all"]
\`\`\`

${await sections("lychd")}
`;
}

function fieldList(kind: SchemaKind): string {
  return fieldsOf(kind).map(({ path }) => `[${path}](#${anchor(kind, path)})`).join(", ");
}

async function sections(kind: SchemaKind): Promise<string> {
  return (await Promise.all(fieldsOf(kind).map((field) => section(kind, field)))).join("\n\n");
}

async function section(kind: SchemaKind, { path, part, isRequired }: Field): Promise<string> {
  const examples = kind === "lychd" ? SETTINGS_EXAMPLES : SOULSTONE_EXAMPLES;
  const example = examples[path];
  if (example === undefined) throw new Error(`${path} has no example in field_examples.ts`);
  const name = path.slice(path.lastIndexOf(".") + 1);
  const unit = unitOf(name);
  const facts = [
    `type: ${typeOf(part)}${unit === undefined ? "" : `, ${unit}`}`,
    isRequired ? "required" : `default: ${defaultOf(part)}`,
    `example: \`${name} = ${example}\``,
    `becomes: ${await becomes(kind, path, example)}`,
  ];
  return `### ${heading(kind, path)}

${sentence(part.description ?? "")}

${facts.map((fact) => `- ${fact}`).join("\n")}`;
}

/** A name alone would be that of a Soulstone's field, and of another table's. */
function heading(kind: SchemaKind, path: string): string {
  const [table, field] = path.split(".");
  return kind === "lychd" && field !== undefined ? `[${table}] ${field}` : path;
}

/** As GitHub makes it of a heading. */
function anchor(kind: SchemaKind, path: string): string {
  return heading(kind, path).toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-");
}

function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return whole.endsWith(".") ? whole : `${whole}.`;
}

function unitOf(name: string): string | undefined {
  return name.endsWith("_seconds") ? "in seconds" : name.endsWith("_mib") ? "in MiB" : undefined;
}

function typeOf(part: Part): string {
  if (part.enum !== undefined) return `one of ${part.enum.map((e) => `\`${e}\``).join(", ")}`;
  if (part.anyOf !== undefined) return [...new Set(part.anyOf.map(typeOf))].join(", or ");
  switch (part.type) {
    case "array":
      return `list of ${plural(typeOf(part.items ?? {}))}`;
    case "boolean":
      return "`true` or `false`";
    case "integer":
      return `whole number from ${part.minimum} to ${part.maximum}`;
    case "object": {
      // Values of a table whose keys are free, or have a pattern.
      const values = Object.values(part.patternProperties ?? {})[0] ?? part.additionalProperties;
      return typeof values === "object" && Object.keys(values).length > 0
        ? `table of ${plural(typeOf(values))}`
        : "table";
    }
    default:
      return part.type ?? "any value";
  }
}

/** Each of several types that one may have. */
function plural(type: string): string {
  return type.split(", or ").map((each) => each.replace(/^[a-z]*[a-rt-z]\b/, "$&s")).join(", or ");
}

function defaultOf(part: Part): string {
  return part.default === undefined ? "none" : `\`${JSON.stringify(part.default)}\``;
}
