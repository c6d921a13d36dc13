import * as z from "zod/mini";
import {
  logLineSchema,
  planSchema,
  requestSchema,
  requestsSchema,
  sampleSchema,
  statusSchema,
} from "../../src/core/api/schema.ts";

/** The schemas by their name and the place where clients get such a value. */
const PARTS = {
  status: { schema: statusSchema, title: "GET /lychd/v1/status, and the event `state`" },
  sample: { schema: sampleSchema, title: "The event `sample`" },
  request: { schema: requestSchema, title: "The event `request`" },
  requests: { schema: requestsSchema, title: "GET /lychd/v1/requests" },
  plan: { schema: planSchema, title: "GET /lychd/v1/plan" },
  line: { schema: logLineSchema, title: "The event `line` of GET /lychd/v1/logs/NAME" },
} as const;

/** Returns the JSON Schema of everything that clients get from `/lychd/v1/`. */
export function doorApiSchema(): string {
  const registry = z.registry<{ id: string; title: string }>();
  for (const [id, { schema, title }] of Object.entries(PARTS)) registry.add(schema, { id, title });
  const { schemas } = z.toJSONSchema(registry, {
    uri: (id) => `#/$defs/${id}`,
    override: ({ jsonSchema }) => open(jsonSchema),
  });
  const $defs = Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
  const $schema = "https://json-schema.org/draft/2020-12/schema";
  return `${JSON.stringify({ $schema, $defs }, null, 2)}\n`;
}

/** Removes what would refuse the fields of a later version, and the limits of JavaScript. */
function open(schema: z.core.JSONSchema.BaseSchema): void {
  delete schema.additionalProperties;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  // The format says the same.
  if (schema.format === "date-time") delete schema.pattern;
}
