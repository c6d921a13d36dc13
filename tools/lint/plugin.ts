/**
 * A lint plugin: `src/core` is pure, only the Terminal prints, exports are documented, only `main.ts`
 * exits, and words are plain English.
 *
 * Pure code needs no permission to be tested, gives the same output for the same input, and does not
 * depend on the machine that it runs on.
 */
import { dialectIn, startsAsRiddle } from "./plain_english.ts";

/** Names that reach outside the program or differ between runs. */
const IMPURE = new Set([
  "Deno",
  "Math.random",
  "Function",
  "alert",
  "confirm",
  "console",
  "crypto",
  "fetch",
  "globalThis",
  "eval",
  "localStorage",
  "navigator",
  "performance",
  "process",
  "prompt",
  "queueMicrotask",
  "self",
  "sessionStorage",
  "setInterval",
  "setTimeout",
  "WebSocket",
  "Worker",
]);

/** Modules of Node with the names in them that only compute. */
const PURE_MODULES: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["createHash"],
  "node:path/posix": ["basename", "dirname", "join", "normalize"],
  "node:util": ["isDeepStrictEqual"],
};

/** Strings that are names: a user of the system, and words of `--json`. */
const NAMES = new Set(["nobody", "foreign", "told"]);

/** Returns true for core modules except tests, which run without permissions anyway. */
function isCore(file: string): boolean {
  return /\/src\/core\//.test(file) && !/_test\.ts$/.test(file);
}

export default {
  name: "lychd",
  rules: {
    "pure-core": {
      create(context) {
        if (!isCore(context.filename)) return {};
        const report = (node: Deno.lint.Node, name: string) =>
          context.report({ node, message: `src/core is pure: \`${name}\` is not allowed in it` });
        return {
          Identifier(node) {
            if (!isReference(node)) return;
            if (IMPURE.has(node.name)) report(node, node.name);
            if (node.name === "Date" && !isPureDate(node)) report(node, "Date");
          },
          MemberExpression(node) {
            if (node.object.type !== "Identifier" || node.property.type !== "Identifier") return;
            const name = `${node.object.name}.${node.property.name}`;
            if (IMPURE.has(name)) report(node, name);
          },
          ImportDeclaration(node) {
            const module = node.source.value;
            if (!module.startsWith("node:")) return;
            const allowed = PURE_MODULES[module];
            for (const specifier of node.specifiers) {
              const name = specifier.type === "ImportSpecifier" &&
                  specifier.imported.type === "Identifier"
                ? specifier.imported.name
                : "*";
              if (!allowed?.includes(name)) report(node, `${name} of ${module}`);
            }
            if (node.specifiers.length === 0) report(node, module);
          },
          ExportNamedDeclaration(node) {
            const module = node.source?.value;
            if (module?.startsWith("node:")) report(node, `export from ${module}`);
          },
          ExportAllDeclaration(node) {
            const module = node.source.value;
            if (module.startsWith("node:")) report(node, `export from ${module}`);
          },
          ImportExpression(node) {
            report(node, "import()");
          },
        };
      },
    },
    "one-voice": {
      create(context) {
        if (!/\/src\//.test(context.filename) || /_test\.ts$/.test(context.filename)) return {};
        return {
          'MemberExpression[object.name="console"]'(node) {
            context.report({
              node,
              message: "print through the Terminal: console ignores its rules",
            });
          },
        };
      },
    },
    "documented": {
      create(context) {
        if (!/\/src\//.test(context.filename) || /_test\.ts$/.test(context.filename)) return {};
        return {
          ExportNamedDeclaration(node) {
            if (node.declaration === null) return;
            const comment = context.sourceCode.getCommentsBefore(node).at(-1);
            if (comment?.type === "Block" && comment.value.startsWith("*")) return;
            context.report({ node, message: "an export needs a docstring" });
          },
        };
      },
    },
    "plain-english": {
      create(context) {
        if (/\/tools\/lint\//.test(context.filename)) return {};
        const check = (text: string, range: Deno.lint.Range) => {
          for (const { message } of dialectIn(text)) context.report({ range, message });
        };
        return {
          Program() {
            for (const { type, value, range } of context.sourceCode.getAllComments()) {
              check(value, range);
              if (type !== "Block" || !startsAsRiddle(value)) continue;
              context.report({ range, message: "start a docstring with a verb or a noun" });
            }
          },
          Literal({ value, range }) {
            if (typeof value === "string" && !NAMES.has(value)) check(value, range);
          },
          TemplateElement({ cooked, range }) {
            check(cooked, range);
          },
        };
      },
    },
    "one-exit": {
      create(context) {
        if (/\/main\.ts$/.test(context.filename)) return {};
        return {
          'MemberExpression[object.name="Deno"][property.name="exit"]'(node) {
            context.report({ node, message: "only main.ts ends the process: return an exit code" });
          },
        };
      },
    },
  },
} satisfies Deno.lint.Plugin;

/** Returns true for `new Date(value)` and `instanceof Date`, which do not read the clock. */
function isPureDate(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  return parent.type === "NewExpression" && parent.arguments.length > 0 ||
    parent.type === "BinaryExpression" && parent.operator === "instanceof";
}

/** Returns true if an identifier refers to a value, not to a property or a type. */
function isReference(node: Deno.lint.Identifier): boolean {
  const parent = node.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object.range[0] === node.range[0];
    case "Property":
      return parent.value.range[0] === node.range[0];
    case "TSPropertySignature":
    case "TSTypeReference":
    case "TSQualifiedName":
    case "ImportSpecifier":
    case "MethodDefinition":
    case "PropertyDefinition":
      return false;
    default:
      return true;
  }
}
