/** Macros as llama-swap expands them. Source: internal/config/load.go, 2026-08. */
import { command, quoted } from "../../report/mod.ts";
import type { YamlNode, YamlScalar } from "./yaml.ts";

/** A macro. */
export interface Macro {
  readonly name: string;
  readonly value: YamlScalar;
}

/** Adds the macros of a model; one of the same name replaces the global one. */
export function mergeMacros(all: readonly Macro[], own: readonly Macro[]): Macro[] {
  const merged = all.map((macro) => own.findLast(({ name }) => name === macro.name) ?? macro);
  return [...merged, ...own.filter(({ name }) => !all.some((macro) => macro.name === name))];
}

/** The most characters of an expanded text, the same as for a line of a Codex. */
const EXPANDED_LIMIT = 60_000;

/** Thrown if macros that use each other make a text too long. */
export class MacroOverflow extends Error {
  constructor(name: string) {
    super(`the macro ${quoted(name)} makes a text of more than ${EXPANDED_LIMIT} characters`);
  }
}

/**
 * Expands macros in a text, the last one first: a macro may use those above it. Throws a
 * {@linkcode MacroOverflow} if the text becomes too long.
 *
 * @example
 * ```ts
 * import { expandMacros } from "./macros.ts";
 * const macros = [{ name: "n", value: "8" }, { name: "args", value: "-c ${n}" }];
 * expandMacros("server ${args}", macros); // "server -c 8"
 * ```
 */
export function expandMacros(text: string, macros: readonly Macro[]): string {
  return macros.reduceRight((expanded, { name, value }) => {
    const [head = "", ...tails] = expanded.split(`\${${name}}`);
    if (tails.length === 0) return expanded;
    const replacement = String(value ?? "");
    const length = expanded.length + tails.length * replacement.length;
    if (length > EXPANDED_LIMIT) throw new MacroOverflow(name);
    return [head, ...tails].join(replacement);
  }, text);
}

/**
 * Expands macros in every value below a node, but not in keys. A value that is nothing but a macro
 * gets its type too.
 */
export function expandNode(node: YamlNode, macros: readonly Macro[]): YamlNode {
  switch (node.kind) {
    case "map": {
      const entries = node.entries.map((entry) => {
        return { ...entry, node: expandNode(entry.node, macros) };
      });
      return { ...node, entries };
    }
    case "list":
      return { ...node, items: node.items.map((item) => expandNode(item, macros)) };
    case "scalar": {
      const value = expandScalar(node.value, macros);
      return value === node.value ? node : { ...node, value, written: node.written ?? node.value };
    }
  }
}

function expandScalar(value: YamlScalar, macros: readonly Macro[]): YamlScalar {
  return macros.reduceRight<YamlScalar>((expanded, macro) => {
    if (typeof expanded !== "string" || !expanded.includes("${")) return expanded;
    return expanded === `\${${macro.name}}` ? macro.value : expandMacros(expanded, [macro]);
  }, value);
}

/** Returns a command without the lines that are comments. */
export function withoutComments(text: string): string {
  return text.split("\n").filter((line) => !line.trim().startsWith("#")).join("\n");
}

/** Returns the names of unknown macros in an expanded text, without `env.X`. */
export function macrosIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Za-z0-9_-]+)\}/g)].map((m) => m[1] ?? ""))];
}

/** Returns the help for a variable of llama-swap's own environment. */
export function helpForVariable(name: string): string {
  return "llama-swap reads it from its own environment: add " +
    command`--env ${name}=VALUE`.line + " to the import";
}

/** Expands the variables of llama-swap's own environment that are known, also in keys. */
export function expandEnvironment(
  node: YamlNode,
  variables: ReadonlyMap<string, string>,
): YamlNode {
  const expand = (text: string) =>
    text.replace(ENVIRONMENT, (macro, name) => variables.get(name) ?? macro);
  switch (node.kind) {
    case "map": {
      const entries = node.entries.map((entry) => {
        const { key, node: below } = entry;
        return { ...entry, key: expand(key), node: expandEnvironment(below, variables) };
      });
      return { ...node, entries };
    }
    case "list":
      return { ...node, items: node.items.map((item) => expandEnvironment(item, variables)) };
    case "scalar": {
      const value = typeof node.value === "string" ? expand(node.value) : node.value;
      return value === node.value ? node : { ...node, value, written: node.value };
    }
  }
}

const ENVIRONMENT = /\$\{env\.([A-Za-z_]\w*)\}/g;

/** Returns the variables of llama-swap's own environment that a text uses. */
export function environmentIn(text: string): string[] {
  return [...new Set([...text.matchAll(ENVIRONMENT)].map((m) => m[1] ?? ""))];
}
