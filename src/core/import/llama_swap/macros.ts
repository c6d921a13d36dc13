/** Macros as llama-swap expands them. Source: internal/config/load.go, 2026-08. */
import { quoted } from "../../report/mod.ts";

/** A macro. */
export interface Macro {
  readonly name: string;
  readonly value: string;
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
    const length = expanded.length + tails.length * value.length;
    if (tails.length > 0 && length > EXPANDED_LIMIT) throw new MacroOverflow(name);
    return [head, ...tails].join(value);
  }, text);
}

/** Returns the names of unknown macros in an expanded text, without `env.X`. */
export function macrosIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Za-z0-9_-]+)\}/g)].map((m) => m[1] ?? ""))];
}

/** Returns the variables of llama-swap's own environment that a text uses. */
export function environmentIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{env\.([A-Za-z_]\w*)\}/g)].map((m) => m[1] ?? ""))];
}
