/**
 * The JSON schema of a dashboard, made from the types of the SDK's own version. The published one
 * leaves the options and queries of panels open, and takes a matcher's option for an object.
 */
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { Ajv, type SchemaObject } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

/** The module that types a panel's options and the look of its fields, by the type of the panel. */
const PANELS: Readonly<Record<string, { module: string; fields: boolean }>> = {
  "state-timeline": { module: "statetimeline", fields: true },
  stat: { module: "stat", fields: false },
  text: { module: "text", fields: false },
  timeseries: { module: "timeseries", fields: true },
};

/** Without the types of browsers, which take most of the time to read. */
const TYPES = fileURLToPath(new URL("./sdk_types.json", import.meta.url));

/** The schema of a type of the SDK, under the type's name; keys that it does not name are faults. */
function schemaOf(module: string, type: string, id: string): SchemaObject {
  const entry = import.meta.resolve(`@grafana/grafana-foundation-sdk/${module}`);
  const path = join(dirname(fileURLToPath(entry)), "types.gen.d.ts");
  const schema = createGenerator({ path, type, tsconfig: TYPES, skipTypeCheck: true }).createSchema(
    type,
  );
  return Object.assign({}, schema, { $id: id }) as SchemaObject;
}

/** What a dashboard of classic panels must look like. */
function dashboardSchema(): { dashboard: SchemaObject; parts: SchemaObject[] } {
  const dashboard = schemaOf("dashboard", "Dashboard", "dashboard");
  const definitions = dashboard.definitions;
  // The types leave open what depends on the data source and on the type of the panel.
  definitions.Dataquery = { $ref: "query" };
  const panel = definitions.Panel;
  const parts = [schemaOf("prometheus", "Dataquery", "query")];
  panel.allOf = Object.entries(PANELS).map(([type, { module, fields }]) => {
    parts.push(schemaOf(module, "Options", `${type}-options`));
    const properties: Record<string, SchemaObject> = { options: { $ref: `${type}-options` } };
    if (fields) {
      parts.push(schemaOf(module, "FieldConfig", `${type}-fields`));
      const defaults = { properties: { custom: { $ref: `${type}-fields` } } };
      properties.fieldConfig = { properties: { defaults } };
    }
    return { if: { properties: { type: { const: type } } }, then: { properties } };
  });
  panel.properties.type.enum = [...Object.keys(PANELS), "row"];
  return { dashboard, parts };
}

/** A function that says what is wrong with a dashboard. */
export function dashboardValidator(): (dashboard: unknown) => string[] {
  const { dashboard, parts } = dashboardSchema();
  const ajv = new Ajv({ allErrors: true, strict: false, schemas: parts });
  const valid = ajv.compile(dashboard);
  return (value) =>
    valid(value)
      ? []
      : valid.errors!.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}
