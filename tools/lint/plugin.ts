/**
 * A lint plugin: `src/core` is pure, one place speaks to the operator, exports are documented, and
 * only `main.ts` exits.
 *
 * What is pure can be tested with no permission, gives the same output for the same input, and can
 * be read without thinking of the machine that it runs on.
 */

/** Names that reach outside of a program, or differ from run to run. */
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

/** Modules of Node that compute and do nothing else, with the only names that may be taken. */
const PURE_MODULES: Readonly<Record<string, readonly string[]>> = {
  "node:crypto": ["createHash"],
  "node:path/posix": ["basename", "dirname", "join", "normalize"],
  "node:util": ["isDeepStrictEqual"],
};

/** Tests may use what a test needs; the lack of permissions keeps them pure. */
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
              message: "speak through the Terminal: console ignores its rules",
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
            context.report({ node, message: "an export says in a docstring what it promises" });
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

/** A given date, or the question for one; not the clock. */
function isPureDate(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  return parent.type === "NewExpression" && parent.arguments.length > 0 ||
    parent.type === "BinaryExpression" && parent.operator === "instanceof";
}

/** Whether an identifier stands for a value, and is not the name of a property or a type. */
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
