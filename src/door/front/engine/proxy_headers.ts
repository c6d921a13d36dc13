/**
 * The headers that the front door passes on, in both directions.
 *
 * @module
 */
import type { Header } from "./connection.ts";

/** The headers about one connection (RFC 9110 §7.6.1), not about the message. */
const HOP_BY_HOP = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const NOT_TO_ENGINE = new Set([
  ...HOP_BY_HOP,
  // The client writes them itself.
  ...["host", "content-length", "expect", "accept-encoding"],
  // They are keys of the door or of other services.
  ...["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie", "cookie2"],
  // Pages send the key of the door there.
  "sec-websocket-protocol",
  // The door has decided about them. Engines that see them refuse requests, or believe a false address.
  ...["origin", "referer", "forwarded", "x-real-ip"],
]);

const NOT_TO_CLIENT = new Set([
  ...HOP_BY_HOP,
  // An engine must not act for the origin that it shares with the door and other engines.
  ...["set-cookie", "set-cookie2", "clear-site-data", "service-worker-allowed"],
  ...["location", "refresh", "alt-svc", "strict-transport-security", "www-authenticate"],
  ...["server", "x-powered-by"],
  // The door writes its own.
  "date",
]);

/**
 * Returns the headers of a client's request that its engine receives. Names must be in lower case. Headers
 * that `Connection` names are dropped, and so are keys, cookies and addresses. The engine may not compress:
 * the answer passes unchanged.
 *
 * @example
 * ```ts
 * import { engineHeaders } from "./proxy_headers.ts";
 * engineHeaders([["authorization", "Bearer x"], ["x-title", "a"]]);
 * // [["x-title", "a"], ["accept-encoding", "identity"]]
 * ```
 */
export function engineHeaders(headers: readonly Header[]): Header[] {
  const named = namedByConnection(headers);
  const kept = headers.filter(([name]) =>
    !NOT_TO_ENGINE.has(name) && named?.has(name) !== true && !OURS.test(name)
  );
  kept.push(["accept-encoding", "identity"]);
  return kept;
}

const OURS = /^x-(?:forwarded|lychd)-/;

/**
 * Returns the headers of an engine's answer that the client receives. Names must be in lower case. The
 * runtime may not compress the answer, so `no-transform` is added.
 */
export function clientHeaders(headers: readonly Header[]): Header[] {
  const named = namedByConnection(headers);
  const kept: Header[] = [];
  const cache = new Set<string>();
  for (const header of headers) {
    const [name, value] = header;
    if (name === "cache-control") cache.add(value);
    else if (!NOT_TO_CLIENT.has(name) && named?.has(name) !== true && !CORS.test(name)) {
      kept.push(header);
    }
  }
  kept.push(["cache-control", [...cache.add("no-transform")].join(", ")]);
  return kept;
}

const CORS = /^access-control-/;

/** Returns the names in `Connection`, or undefined without that header. */
function namedByConnection(headers: readonly Header[]): ReadonlySet<string> | undefined {
  const values = headers.filter(([name]) => name === "connection").map(([, value]) => value);
  if (values.length === 0) return undefined;
  return new Set(values.join().toLowerCase().split(",").map((named) => named.trim()));
}
