import type * as z from "zod/mini";
import { type Finding, finding } from "../report/mod.ts";
import { CATALOGUE, type ValueCode } from "../report/catalogue.ts";
import { fieldName, type TomlDocument, type TomlPath, valueAt } from "./toml.ts";

/** The table to check, and its name in messages. */
export interface Subject {
  readonly document: TomlDocument;
  /** The path of the table in the document. */
  readonly path: TomlPath;
  /** `Soulstone \`eye\`` or `lychd.toml`. */
  readonly owner: string;
  /** Example lines for required fields. */
  readonly examples: Readonly<Record<string, string>>;
}

/** The readable part of a table. */
export interface Checked<T> {
  /** Undefined if no part of it is readable. */
  readonly value: T | undefined;
  /** True if `value` lacks the fields with problems. */
  readonly partial: boolean;
  /** The required fields that hold a placeholder. */
  readonly unknown: readonly string[];
  readonly findings: Finding[];
}

type Issue = z.core.$ZodIssue;
type Schema = z.ZodMiniType;
type Elements = Readonly<Record<string, (index: number) => string>>;

/**
 * Checks the table of `subject` against `schema` and reports all problems.
 *
 * Fields with problems are left out, so that the rest can be checked in the same run. `placeholders`
 * replace required fields. `elements` replace list elements; otherwise the whole list is left out.
 */
export function checkSchema<S extends Schema>(
  schema: S,
  subject: Subject,
  placeholders: Readonly<Record<string, unknown>> = {},
  elements: Elements = {},
): Checked<z.infer<S>> {
  const input = valueAt(subject.document.value, subject.path);
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data, partial: false, unknown: [], findings: [] };
  const issues = firstOfEach(result.error.issues.flatMap(flatten));
  const rest = withoutProblems(input, issues, elements);
  return {
    value: schema.safeParse({ ...placeholders, ...rest }).data,
    partial: true,
    unknown: Object.keys(placeholders).filter((field) => !Object.hasOwn(rest, field)),
    findings: issues.flatMap((issue) => explain(issue, schema, subject, input)),
  };
}

/** Replaces the issue of a union with those of the branch that matched deepest, if one did. */
function flatten(issue: Issue): Issue[] {
  if (issue.code !== "invalid_union") return [issue];
  const depth = (branch: readonly Issue[]) => Math.max(0, ...branch.map((i) => i.path.length));
  const [branch = []] = [...issue.errors].sort((a, b) => depth(b) - depth(a));
  return depth(branch) === 0
    ? [issue]
    : branch.flatMap((inner) => flatten({ ...inner, path: [...issue.path, ...inner.path] }));
}

/** Keeps one issue for each value. */
function firstOfEach(issues: readonly Issue[]): Issue[] {
  const seen = new Set<string>();
  return issues.filter((issue) => {
    const path = JSON.stringify(issue.path);
    return issue.code === "unrecognized_keys" || !seen.has(path) && seen.add(path);
  });
}

/** Returns a copy of the table `input` without the keys that have `issues`. */
function withoutProblems(input: unknown, issues: readonly Issue[], elements: Elements) {
  const copy = structuredClone(input) as Record<string, unknown>;
  for (const issue of issues) {
    const path = pathOf(issue);
    const keys = issue.code === "unrecognized_keys" ? issue.keys : [];
    for (const at of keys.length === 0 ? [path] : keys.map((key) => [...path, key])) {
      const [field = "", index, ...below] = at;
      const list = copy[field];
      const element = typeof index === "number" && below.length === 0
        ? elements[field]?.(index)
        : undefined;
      if (Array.isArray(list) && element !== undefined) list[Number(index)] = element;
      else removeAt(copy, at);
    }
  }
  return copy;
}

/** Removes the key at `path`, or the whole list that contains it. */
function removeAt(table: Record<string, unknown>, [step = "", ...rest]: TomlPath): void {
  const below = table[step];
  const isTable = typeof below === "object" && below !== null && !Array.isArray(below);
  if (rest.length > 0 && isTable) removeAt(below as Record<string, unknown>, rest);
  else delete table[step];
}

function pathOf(issue: Issue): TomlPath {
  return issue.path as TomlPath;
}

function explain(issue: Issue, schema: Schema, subject: Subject, input: unknown): Finding[] {
  const path = pathOf(issue);
  const field = fieldName(path);
  const value = valueAt(input, path);
  const { document, owner } = subject;
  const place = document.spot([...subject.path, ...path]);

  if (issue.code === "unrecognized_keys") {
    const known = fieldsAt(schema, path);
    return issue.keys.map((key) => {
      const at = document.spot([...subject.path, ...path, key]).key;
      return key === "uri" && path.length === 0 && known.includes("port")
        ? finding("uri-set", at, {})
        : finding("field-unknown", at, {
          value: key,
          owner: path.length === 0 ? owner : `\`${field}\` of ${owner}`,
          known,
        });
    });
  }
  if (value === undefined) {
    const example = subject.examples[field] ?? `${field} = ...`;
    return [finding("field-missing", place.key, { field, owner, example })];
  }
  const expected = expectedTypes(issue, value);
  if (expected.length > 0) {
    const types = [...new Set(expected.map((type) => TYPE_WORDS[type] ?? type))];
    return [
      finding("type-wrong", place.value, {
        field,
        expected: types.join(" or "),
        actual: typeName(value),
        meant: meantText(types, value),
      }),
    ];
  }
  if (issue.message === "engine-unknown" && issue.code === "invalid_value") {
    const known = issue.values.map(String);
    return [finding("engine-unknown", place.value, { value: String(value), known })];
  }
  return [
    Object.hasOwn(CATALOGUE, issue.message)
      ? finding(issue.message as ValueCode, place.value, { value: String(value) })
      : finding("value-invalid", place.value, { field, rule: ruleOf(issue) }),
  ];
}

/** Returns the types that `issue` expects, or none if `value` has the right type. */
function expectedTypes(issue: Issue, value: unknown): string[] {
  switch (issue.code) {
    case "invalid_union":
      return Object.hasOwn(CATALOGUE, issue.message)
        ? []
        : issue.errors.flat().flatMap((inner) => expectedTypes(inner, undefined));
    case "invalid_type": {
      // A fraction is a number, but not an integer.
      const isNumber = issue.expected === "int" || issue.expected === "number";
      return isNumber && typeof value === "number" ? [] : [issue.expected];
    }
    case "invalid_value":
      return typeof value === "string" ? [] : ["string"];
    default:
      return [];
  }
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "a string",
  int: "a whole number",
  number: "a whole number",
  bigint: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a table",
  record: "a table",
};

/** Returns the number or truth value that a string contains, if one is expected. */
function meantText(types: readonly string[], value: unknown): string | undefined {
  if (typeof value !== "string") return undefined;
  if (types.includes("a whole number") && /^\d{1,15}$/.test(value)) return String(Number(value));
  return types.includes("true or false") && /^(?:true|false)$/.test(value) ? value : undefined;
}

function typeName(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "boolean") return `\`${value}\``;
  if (typeof value === "number" && !Number.isInteger(value)) return "a number";
  return TYPE_WORDS[typeof value] ?? "a table";
}

function ruleOf(issue: Issue): string {
  switch (issue.code) {
    case "too_small":
      return issue.origin === "string" ? "not be empty" : `be at least ${issue.minimum}`;
    case "too_big":
      return issue.origin === "string"
        ? `have at most ${issue.maximum} characters`
        : `be at most ${issue.maximum}`;
    case "invalid_value":
      return `be one of ${issue.values.map((v) => `\`${String(v)}\``).join(", ")}`;
    default:
      return "be a whole number";
  }
}

/** Returns the fields that `schema` has in the table at `path`. */
function fieldsAt(schema: Schema, path: TomlPath): string[] {
  let at: unknown = schema;
  for (const step of path) at = shapeOf(at)?.[String(step)];
  return Object.keys(shapeOf(at) ?? {});
}

/** Returns the fields of an object schema, or of the one that an optional schema wraps. */
function shapeOf(schema: unknown): Record<string, unknown> | undefined {
  const { shape, def } = (schema ?? {}) as {
    readonly shape?: Record<string, unknown>;
    readonly def?: { readonly innerType?: unknown };
  };
  return shape ?? (def?.innerType === undefined ? undefined : shapeOf(def.innerType));
}
