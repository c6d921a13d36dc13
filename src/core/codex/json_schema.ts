import * as z from "zod/mini";
import { SCHEMA_KINDS, type SchemaKind } from "./kinds.ts";
import { lychdSchema, NAME, portalSchema, soulstoneSchema } from "./schema.ts";

/** Returns the file name of a schema in a Codex folder. */
export function schemaFile(kind: SchemaKind): string {
  return `${kind}.schema.json`;
}

/** Returns the taplo directive by which an editor finds the schema of a Codex file. */
export function schemaLine(kind: SchemaKind): string {
  return `#:schema ${kind === "lychd" ? "." : ".."}/${schemaFile(kind)}`;
}

/** Returns the schema files of a Codex folder. */
export function schemaFiles(): { path: string; text: string }[] {
  return SCHEMA_KINDS.map((kind) => ({ path: schemaFile(kind), text: jsonSchemaText(kind) }));
}

/**
 * Returns the JSON Schema of a Codex file, made from the schema of `lychd check`. It accepts more than
 * `lychd check` does, which also tests the rules between fields and files, and the keys of `quadlet`.
 *
 * It uses draft 7, the newest that TOML language servers support (taplo 0.7).
 *
 * @example
 * ```ts
 * import { jsonSchemaText } from "./json_schema.ts";
 * JSON.parse(jsonSchemaText("lychd")).properties.boot_coven.type; // "string"
 * ```
 */
export function jsonSchemaText(kind: SchemaKind): string {
  return TEXTS[kind] ??= makeText(kind);
}

/** The texts made so far. */
const TEXTS: Partial<Record<SchemaKind, string>> = {};

const SCHEMAS = { soulstones: soulstoneSchema, portals: portalSchema, lychd: lychdSchema } as const;

const TITLES = { portals: "A Portal: another server with models", lychd: "lychd.toml" } as const;

function makeText(kind: SchemaKind): string {
  const { $schema, ...schema } = z.toJSONSchema(
    SCHEMAS[kind],
    { io: "input", target: "draft-7", override: ({ jsonSchema }) => nameProperties(jsonSchema) },
  );
  const file = kind !== "soulstones" ? { title: TITLES[kind], ...schema } : {
    title: "Soulstones: one table for each engine",
    type: "object",
    // Older validators ignore propertyNames.
    patternProperties: { [NAME.source]: schema },
    additionalProperties: false,
  };
  return `${JSON.stringify({ $schema, ...file }, null, 2)}\n`;
}

/** Replaces propertyNames, which older validators ignore. */
function nameProperties(schema: z.core.JSONSchema.BaseSchema): void {
  const { propertyNames: names, additionalProperties: value } = schema;
  if (typeof names !== "object" || value === undefined) return;
  const pattern = names.enum === undefined ? names.pattern : `^(?:${names.enum.join("|")})$`;
  if (pattern === undefined) return;
  schema.patternProperties = { [pattern]: value };
  schema.additionalProperties = false;
  delete schema.propertyNames;
}
