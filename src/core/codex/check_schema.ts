import type * as z from "zod/mini";
import { type Code, type Finding, finding, type Place } from "../report/mod.ts";
import { CATALOGUE } from "../report/catalogue.ts";
import type { TomlDocument, TomlPath } from "./toml.ts";

/** What a table is called in messages, where it stands, and examples for fields it must have. */
export interface Subject {
  readonly document: TomlDocument;
  /** Where the table stands in its document. */
  readonly path: TomlPath;
  /** `Soulstone \`eye\`` or `lychd.toml`. */
  readonly owner: string;
  readonly examples: Readonly<Record<string, string>>;
}

/** A table as far as it could be read. */
export interface Checked<T> {
  /** Nothing when not even a part of it makes sense. */
  readonly value: T | undefined;
  /** Whether `value` lacks what the findings are about. */
  readonly partial: boolean;
  /** The fields for which a stand-in was taken. */
  readonly unknown: readonly string[];
  readonly findings: Finding[];
}

/**
 * Checks the table of `subject` against `schema`: its value, and every fault in it.
 *
 * A table with faults is read without the fields that have them, so that the rest of it can be
 * checked in the same run; `standIns` take the place of fields that must be there, `elementFor` gives
 * what takes the place of an element of a list, or nothing to leave out the list.
 */
export function checkSchema<S extends z.ZodMiniType>(
  schema: S,
  subject: Subject,
  standIns: Readonly<Record<string, unknown>> = {},
  elementFor: (field: string, index: number) => string | undefined = () => undefined,
): Checked<z.infer<S>> {
  const input = valueAt(subject.document.value, subject.path);
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data, partial: false, unknown: [], findings: [] };
  const { issues } = result.error;
  const rest = withoutFaults(input, issues, elementFor);
  return {
    value: schema.safeParse({ ...standIns, ...rest }).data,
    partial: true,
    unknown: Object.keys(standIns).filter((field) => !Object.hasOwn(rest, field)),
    findings: firstOfEach(issues).flatMap((issue) => explain(issue, schema, subject, input)),
  };
}

/** One issue for each value: the second would only say the same in other words. */
function firstOfEach(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const at = issue.code === "unrecognized_keys" ? "" : JSON.stringify(issue.path.map(String));
    return at === "" || !seen.has(at) && seen.add(at);
  });
}

/** A copy of the table `input` without the keys that `issues` are about. */
function withoutFaults(
  input: unknown,
  issues: readonly Issue[],
  elementFor: (field: string, index: number) => string | undefined,
): Record<string, unknown> {
  const copy = structuredClone(input) as Record<string, unknown>;
  for (const issue of issues) {
    const path = issue.path.filter((step) => typeof step !== "symbol");
    const keys = issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => [...path, key])
      : [path];
    for (const at of deepest(issue, keys)) {
      const [field, index, ...below] = at;
      const list = typeof field === "string" ? copy[field] : undefined;
      const element = typeof index === "number" && below.length === 0
        ? elementFor(String(field), index)
        : undefined;
      if (Array.isArray(list) && typeof index === "number" && element !== undefined) {
        list[index] = element;
      } else removeAt(copy, at);
    }
  }
  return copy;
}

/** Where an issue stands: in a union it is the branch that got furthest that tells. */
function deepest(issue: Issue, paths: readonly TomlPath[]): readonly TomlPath[] {
  if (issue.code !== "invalid_union") return paths;
  const inner = issue.errors.flatMap((branch) => branch).filter((i) => i.path.length > 0);
  return inner.length === 0
    ? paths
    : inner.map((i) => [...issue.path, ...i.path].filter((step) => typeof step !== "symbol"));
}

/** Removes the key at `path`; a whole list where the path leads into one. */
function removeAt(table: Record<string, unknown>, path: TomlPath): void {
  const [step, ...rest] = path;
  if (typeof step !== "string") return;
  const below = table[step];
  const isTable = typeof below === "object" && below !== null && !Array.isArray(below);
  if (rest.length > 0 && isTable) removeAt(below as Record<string, unknown>, rest);
  else delete table[step];
}

type Issue = z.core.$ZodIssue;

function explain(issue: Issue, schema: z.ZodMiniType, subject: Subject, input: unknown): Finding[] {
  const path = issue.path.filter((step) => typeof step !== "symbol");
  const spot = subject.document.spot([...subject.path, ...path]);
  const value = valueAt(input, path);
  const field = fieldName(path);

  if (issue.code === "unrecognized_keys") {
    const known = fieldsAt(schema, path);
    const owner = path.length === 0 ? subject.owner : `\`${field}\` of ${subject.owner}`;
    return issue.keys.map((key) => {
      const place = subject.document.spot([...subject.path, ...path, key]).key;
      return key === "uri" && path.length === 0 && known.includes("port")
        ? finding("uri-set", place, { port: portOf(input) })
        : finding("field-unknown", place, { field: key, owner, known });
    });
  }
  if (value === undefined) {
    const example = subject.examples[field];
    return [finding("field-missing", spot.key, { field, owner: subject.owner, example })];
  }
  if (issue.code === "invalid_union") {
    // The branch that got furthest into the value is the one that was meant.
    const depth = (issues: readonly Issue[]) => Math.max(...issues.map((i) => i.path.length));
    const branch = [...issue.errors].sort((a, b) => depth(b) - depth(a))[0] ?? [];
    if (branch.length > 0 && depth(branch) > 0) {
      return branch.flatMap((inner) =>
        explain({ ...inner, path: [...path, ...inner.path] }, schema, subject, input)
      );
    }
    if (!isCode(issue.message)) {
      return [wrongType(spot.value, field, expectedTypes(issue), value)];
    }
  }
  if (issue.code === "invalid_type" && !isMatchingType(issue.expected, value)) {
    return [wrongType(spot.value, field, [issue.expected], value)];
  }
  if (issue.code === "invalid_value" && typeof value !== "string") {
    return [wrongType(spot.value, field, ["string"], value)];
  }
  if (isCode(issue.message)) return [named(issue.message, spot.value, value, issue)];
  return [finding("value-invalid", spot.value, { field, rule: ruleOf(issue) })];
}

/** The types that an issue, or any branch of it, asks for. */
function expectedTypes(issue: Issue): string[] {
  if (issue.code === "invalid_union") return issue.errors.flatMap((e) => e.flatMap(expectedTypes));
  return issue.code === "invalid_type" ? [issue.expected] : [];
}

/** The finding of a catalogue code that a schema names as its error text. */
function named(code: Code, place: Place, value: unknown, issue: Issue): Finding {
  const shown = typeof value === "string" ? value : String(value);
  switch (code) {
    case "engine-unknown":
      return finding(code, place, {
        value: shown,
        known: issue.code === "invalid_value" ? issue.values.map(String) : [],
      });
    case "group-invalid":
    case "name-invalid":
    case "capability-invalid":
    case "port-invalid":
    case "image-invalid":
    case "device-invalid":
    case "address-invalid":
    case "model-invalid":
    case "pod-name-invalid":
    case "port-range-invalid":
    case "health-path-invalid":
    case "metrics-path-invalid":
    case "secret-name-invalid":
    case "duration-invalid":
      return finding(code, place, { value: shown });
    default:
      throw new Error(`the schema names ${code}, which needs more than a value`);
  }
}

function wrongType(place: Place, field: string, expected: readonly string[], value: unknown) {
  const words = [...new Set(expected.filter((e) => e !== "").map(typeWord))];
  return finding("type-wrong", place, {
    field,
    expected: words.join(" or "),
    actual: typeName(value),
  });
}

function isCode(message: string): message is Code {
  return Object.hasOwn(CATALOGUE, message);
}

/** A whole number is asked for by a schema as `int`, but a fraction is still a number. */
function isMatchingType(expected: string, value: unknown): boolean {
  return (expected === "int" || expected === "number") && typeof value === "number";
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a string",
  int: "a whole number",
  number: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
};

function typeWord(expected: string): string {
  return TYPE_WORDS[expected] ?? expected;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  switch (typeof value) {
    case "string":
      return "a string";
    case "boolean":
      return `\`${value}\``;
    case "bigint":
    case "number":
      return Number.isInteger(value) ? "a whole number" : "a number";
    default:
      return "a table";
  }
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      return issue.origin === "string" ? "not be empty" : `be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string"
        ? `have at most ${issue.maximum} characters`
        : `be at most ${issue.maximum}`;
    case "invalid_type":
      return "be a whole number";
    case "invalid_value":
      return `be one of ${issue.values.map((v) => `\`${String(v)}\``).join(", ")}`;
    default:
      return `be something else: ${issue.message}`;
  }
}

/** `health.path`, `exec[2]`: how a field is called in messages. */
function fieldName(path: TomlPath): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`)
    .join("");
}

function valueAt(value: unknown, path: TomlPath): unknown {
  let at = value;
  for (const step of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string | number, unknown>)[step];
  }
  return at;
}

function portOf(input: unknown): number | undefined {
  const port = valueAt(input, ["port"]);
  const isPort = typeof port === "number" && Number.isInteger(port) && port > 0 && port < 65_536;
  return isPort ? port : undefined;
}

/** The fields that `schema` knows in the table at `path`. */
function fieldsAt(schema: z.ZodMiniType, path: TomlPath): string[] {
  let at: unknown = schema;
  for (const step of path) at = shapeOf(at)?.[String(step)];
  return Object.keys(shapeOf(at) ?? {});
}

function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  let at = schema;
  while (typeof at === "object" && at !== null) {
    if ("shape" in at) return at.shape as Record<string, unknown>;
    // Optional and defaulted schemas wrap the one that has the fields.
    at = (at as { def?: { innerType?: unknown } }).def?.innerType;
  }
  return undefined;
}
