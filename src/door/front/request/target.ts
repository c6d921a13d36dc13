/** Parameters in which some clients send the key of the door, which no engine may see. */
const KEYS = /(?<=[?&])(?:key|api_key|api-key|apikey)=[^&]*&?/gi;

/**
 * Returns the path and the query of a URL as the client sent them, without keys in the query.
 *
 * @example
 * ```ts
 * import { withoutKeys } from "./target.ts";
 * withoutKeys("http://localhost:8081/v1/models?key=x&a=%20"); // "/v1/models?a=%20"
 * ```
 */
export function withoutKeys(url: string): string {
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  if (slash < 0) return "/";
  const target = url.slice(slash);
  const query = target.indexOf("?");
  if (query < 0) return target;
  return target.slice(0, query) + target.slice(query).replace(KEYS, "").replace(/[?&]$/, "");
}
