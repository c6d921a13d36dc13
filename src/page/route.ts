/** A part of the page, and the name of an engine or model for it. */
export interface Route {
  readonly view: string;
  readonly name: string;
}

/**
 * Returns the part of the page that a fragment names. A name that is not encoded well stays as it is.
 *
 * @example
 * ```ts
 * import { routeOf } from "./route.ts";
 * routeOf("#logs/eye"); // { view: "logs", name: "eye" }
 * ```
 */
export function routeOf(hash: string): Route {
  const [view = "", name = ""] = hash.slice(1).split("/");
  return { view: view || "engines", name: decoded(name) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
