/**
 * Generates the JSON schema of a dashboard from the types of the SDK. The published schema does not
 * check the options and queries of panels, and expects an object as the option of a matcher.
 */
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { Ajv, type SchemaObject } from "ajv";
import { createGenerator } from "ts-json-schema-generator";

/** The SDK module with the options and field settings of a panel, by panel type. */
const PANELS: Readonly<Record<string, { module: string; fields: boolean }>> = {
  "state-timeline": { module: "statetimeline", fields: true },
  stat: { module: "stat", fields: false },
  table: { module: "table", fields: true },
  text: { module: "text", fields: false },
  timeseries: { module: "timeseries", fields: true },
};

/** Types of the SDK without those of browsers, which take most of the time to read. */
const TYPES = fileURLToPath(new URL("./sdk_types.json", import.meta.url));

/** Returns the schema of a type of the SDK by its name; unknown keys are errors. */
function schemaOf(module: string, type: string, id: string): SchemaObject {
  const entry = import.meta.resolve(`@grafana/grafana-foundation-sdk/${module}`);
  const path = join(dirname(fileURLToPath(entry)), "types.gen.d.ts");
  const schema = createGenerator({ path, type, tsconfig: TYPES, skipTypeCheck: true }).createSchema(
    type,
  );
  return Object.assign({}, schema, { $id: id }) as SchemaObject;
}

/** Returns the schema of a dashboard with classic panels. */
function dashboardSchema(): { dashboard: SchemaObject; parts: SchemaObject[] } {
  const dashboard = schemaOf("dashboard", "Dashboard", "dashboard");
  const definitions = dashboard.definitions;
  // The types do not cover fields that depend on the data source or the panel type.
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

/** Returns a function that lists the errors of a dashboard. */
export function dashboardValidator(): (dashboard: unknown) => string[] {
  const { dashboard, parts } = dashboardSchema();
  const ajv = new Ajv({ allErrors: true, strict: false, schemas: parts });
  const valid = ajv.compile(dashboard);
  return (value) =>
    valid(value)
      ? []
      : valid.errors!.map((e) => `${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
}
