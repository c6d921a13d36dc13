import type { Header } from "../engine/connection.ts";

/**
 * The headers of a request, read once: the runtime makes each look at its own headers expensive, and has
 * none any more after an upgrade to a WebSocket.
 *
 * @example
 * ```ts
 * import { RequestHeaders } from "./request_headers.ts";
 * new RequestHeaders(new Headers({ Host: "localhost" })).get("host"); // "localhost"
 * ```
 */
export class RequestHeaders {
  /** All headers, with names in lower case. */
  readonly entries: readonly Header[];

  constructor(headers: Headers) {
    const entries: Header[] = [];
    headers.forEach((value, name) => entries.push([name, value]));
    this.entries = entries;
  }

  /** Returns the value of a header by its name in lower case, or null. */
  get(name: string): string | null {
    for (const [known, value] of this.entries) if (known === name) return value;
    return null;
  }
}
