import * as z from "zod/mini";
import { SCHEMA_KINDS, type SchemaKind } from "./kinds.ts";
import { lychdSchema, NAME, soulstoneSchema } from "./schema.ts";

/** Where a schema lies in a Codex, for editors. */
export function schemaFile(kind: SchemaKind): string {
  return `${kind}.schema.json`;
}

/** The first line of a Codex file, by which an editor finds its schema: taplo's directive. */
export function schemaLine(kind: SchemaKind): string {
  return `#:schema ${kind === "lychd" ? "." : ".."}/${schemaFile(kind)}`;
}

/** The schemas that are to lie in a Codex, with their texts. */
export function schemaFiles(): { path: string; text: string }[] {
  return SCHEMA_KINDS.map((kind) => ({ path: schemaFile(kind), text: jsonSchemaText(kind) }));
}

/**
 * The JSON Schema of a Codex file as text, made from the schema that `lychd check` itself uses. An
 * editor knows types, names, ranges and how a value is written by it. It takes all that `lychd check`
 * takes, and more: what several fields or files must agree on, which keys of `quadlet` there are, and
 * what a unit cannot hold in the end, only `lychd check` can tell.
 *
 * Draft 7: the newest that the TOML language servers understand (taplo 0.7).
 *
 * @example
 * ```ts
 * import { jsonSchemaText } from "./json_schema.ts";
 * JSON.parse(jsonSchemaText("lychd")).properties.boot_coven.type; // "string"
 * ```
 */
export function jsonSchemaText(kind: SchemaKind): string {
  const { $schema, ...schema } = z.toJSONSchema(
    kind === "lychd" ? lychdSchema : soulstoneSchema,
    { io: "input", target: "draft-7", override: ({ jsonSchema }) => nameProperties(jsonSchema) },
  );
  const file = kind === "lychd" ? { title: "lychd.toml", ...schema } : {
    title: "Soulstones: one table for each engine",
    type: "object",
    // Not propertyNames, which older validators pass over.
    patternProperties: { [NAME.source]: schema },
    additionalProperties: false,
  };
  return `${JSON.stringify({ $schema, ...file }, null, 2)}\n`;
}

/** Says which keys a table may have in words that older validators do not pass over. */
function nameProperties(schema: z.core.JSONSchema.BaseSchema): void {
  const { propertyNames: names, additionalProperties: value } = schema;
  if (typeof names !== "object" || value === undefined) return;
  const pattern = names.enum === undefined ? names.pattern : `^(?:${names.enum.join("|")})$`;
  if (pattern === undefined) return;
  schema.patternProperties = { [pattern]: value };
  schema.additionalProperties = false;
  delete schema.propertyNames;
}
