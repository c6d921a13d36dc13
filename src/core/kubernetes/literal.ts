/**
 * Escapes the dollar signs of a text from which Kubernetes would expand `$(NAME)`: in `args`, `command`
 * and `env`. It reads two dollar signs as one.
 *
 * @example
 * ```ts
 * import { literal } from "./literal.ts";
 * literal("$(HOME) $HOME $$"); // "$$(HOME) $HOME $$$$"
 * ```
 */
export function literal(text: string): string {
  return text.replace(/\$+\(|\${2,}/g, (found) => found.replaceAll("$", "$$$$"));
}
