import { createHash } from "node:crypto";
import { webSocketProtocols } from "./web_socket_protocols.ts";

/** The rules for requests, before the door reads their bodies. */
export interface AdmissionRules {
  /** The names and SHA-256 digests of the keys; if there are none, everyone who reaches the port may ask. */
  readonly keys: readonly { readonly name: string; readonly digest: Uint8Array }[];
  /** Origins of pages that may ask, besides pages of the door itself. */
  readonly allowedOrigins: readonly string[];
}

/** A client that may ask, with the name of its key. */
export interface Admitted {
  readonly client: string | undefined;
}

/** The reason for which a request is refused. */
export interface AdmissionProblem {
  readonly status: 400 | 401 | 403;
  readonly code: "bad_host" | "bad_origin" | "bad_key";
  readonly message: string;
}

/** Names that lead to this host. A name of another server may belong to an attacker's DNS. */
const OWN_NAMES = new Set(["localhost", "host.containers.internal", "host.docker.internal"]);

/**
 * Checks who sends a request, before anything else happens for it. Returns the client, or the problem.
 *
 * - A page of another origin may not ask, because it could swap engines from any browser on this host.
 * - Without keys, the request must be for an address or a known name. Otherwise a page could reach the
 *   door through a name of its own that leads to 127.0.0.1 (DNS rebinding). Keys prevent that too: the
 *   page has none.
 * - With keys, one of them must be in `Authorization: Bearer` or `x-api-key`, or, for the WebSocket of a
 *   page, in its protocols.
 *
 * @example
 * ```ts
 * import { checkAdmission } from "./admission.ts";
 * const request = new Request("http://evil.example:8081/v1/models");
 * const rules = { keys: [], allowedOrigins: [] };
 * const admitted = checkAdmission(request, rules);
 * "code" in admitted ? admitted.code : "admitted"; // "bad_host"
 * ```
 */
export function checkAdmission(
  { url, headers }: { readonly url: string; readonly headers: Pick<Headers, "get"> },
  { keys, allowedOrigins }: AdmissionRules,
): Admitted | AdmissionProblem {
  const target = URL.parse(url);
  const host = headers.get("host");
  const isSame = host === null || target !== null &&
      (host.toLowerCase() === target.host || host.toLowerCase() === `${target.host}:80`);
  if (target === null || !isSame) {
    return { status: 400, code: "bad_host", message: "the request does not name one valid host" };
  }
  if (keys.length === 0 && !isOwnName(target.hostname)) {
    const message = `this door is not ${target.host}; use an address, localhost, or a key`;
    return { status: 403, code: "bad_host", message };
  }
  const origin = headers.get("origin");
  if (origin !== null && origin !== target.origin && !allowedOrigins.includes(origin)) {
    const message =
      "pages of this origin may not use the door; allowed_origins lists those that may";
    return { status: 403, code: "bad_origin", message };
  }
  if (keys.length === 0) return { client: undefined };
  const client = ownerOfKey(headers, keys);
  if (client !== undefined) return { client };
  const message = "a key is needed: Authorization: Bearer KEY, or x-api-key";
  return { status: 401, code: "bad_key", message };
}

function isOwnName(hostname: string): boolean {
  const isAddress = hostname.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
  return isAddress || OWN_NAMES.has(hostname) || hostname.endsWith(".localhost");
}

/** Compares every key, and each whole, so that the time depends on none of them. */
function ownerOfKey(headers: Pick<Headers, "get">, keys: AdmissionRules["keys"]) {
  const [, bearer] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  const given = bearer ?? headers.get("x-api-key") ??
    webSocketProtocols(headers.get("sec-websocket-protocol")).key;
  if (given === undefined) return undefined;
  const digest = digestOfKey(given);
  let owner: string | undefined;
  for (const { name, digest: known } of keys) {
    let difference = known.length ^ digest.length;
    for (let i = 0; i < digest.length; i++) difference |= digest[i]! ^ (known[i] ?? 0);
    owner = difference === 0 ? name : owner;
  }
  return owner;
}

/** Returns the SHA-256 digest of a key. */
export function digestOfKey(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}
