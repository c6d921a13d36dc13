/** Macros as llama-swap fills them in. Source: internal/config/load.go, 2026-08. */
import { quoted } from "../../report/mod.ts";

/** A macro and what stands for it. */
export interface Macro {
  readonly name: string;
  readonly value: string;
}

/** Macros with those of a model in front: one of the same name takes the other's place. */
export function mergeMacros(all: readonly Macro[], own: readonly Macro[]): Macro[] {
  const merged = all.map((macro) => own.findLast(({ name }) => name === macro.name) ?? macro);
  return [...merged, ...own.filter(({ name }) => !all.some((macro) => macro.name === name))];
}

/** The most characters of a text with its macros; a Codex has no longer line. */
const FILLED_LIMIT = 60_000;

/** Macros that use each other make a text longer than any command. */
export class MacroOverflow extends Error {
  constructor(name: string) {
    super(`the macro ${quoted(name)} makes a text of more than ${FILLED_LIMIT} characters`);
  }
}

/**
 * Fills macros into a text, the last first: so a macro may use those above it. Throws a
 * {@linkcode MacroOverflow} where that would fill the memory.
 *
 * @example
 * ```ts
 * import { fillMacros } from "./macros.ts";
 * const macros = [{ name: "n", value: "8" }, { name: "args", value: "-c ${n}" }];
 * fillMacros("server ${args}", macros); // "server -c 8"
 * ```
 */
export function fillMacros(text: string, macros: readonly Macro[]): string {
  return macros.reduceRight(
    (filled, { name, value }) => {
      const [head = "", ...tails] = filled.split(`\${${name}}`);
      const length = filled.length + tails.length * value.length;
      if (tails.length > 0 && length > FILLED_LIMIT) throw new MacroOverflow(name);
      return tails.length === 0 ? head : [head, ...tails].join(value);
    },
    text,
  );
}

/** The macros that are left in a text, `env.X` aside, each once. */
export function macrosIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{([A-Za-z0-9_-]+)\}/g)].map((m) => m[1] ?? ""))];
}

/** The variables of its own environment that llama-swap would fill in, each once. */
export function environmentIn(text: string): string[] {
  return [...new Set([...text.matchAll(/\$\{env\.([A-Za-z_]\w*)\}/g)].map((m) => m[1] ?? ""))];
}
