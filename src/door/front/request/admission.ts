/** The rules for requests, before the door reads their bodies. */
export interface AdmissionRules {
  /** SHA-256 digests of the keys; if there are none, everyone who reaches the port may ask. */
  readonly keyDigests: readonly Uint8Array[];
  /** Origins of pages that may ask, besides pages of the door itself. */
  readonly allowedOrigins: readonly string[];
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
 * Checks who sends a request, before anything else happens for it. Returns the problem, or undefined.
 *
 * - A page of another origin may not ask, because it could swap engines from any browser on this host.
 * - Without keys, the request must be for an address or a known name. Otherwise a page could reach the
 *   door through a name of its own that leads to 127.0.0.1 (DNS rebinding). Keys prevent that too: the
 *   page has none.
 * - With keys, one of them must be in `Authorization: Bearer` or `x-api-key`.
 *
 * @example
 * ```ts
 * import { checkAdmission } from "./admission.ts";
 * const request = new Request("http://evil.example:8081/v1/models");
 * const rules = { keyDigests: [], allowedOrigins: [] };
 * (await checkAdmission(request, rules))?.code; // "bad_host"
 * ```
 */
export async function checkAdmission(
  { url, headers }: Pick<Request, "url" | "headers">,
  { keyDigests, allowedOrigins }: AdmissionRules,
): Promise<AdmissionProblem | undefined> {
  const target = new URL(url);
  const host = headers.get("host");
  if (host !== null && host.toLowerCase() !== target.host && `${host}:80` !== target.host) {
    return { status: 400, code: "bad_host", message: "the request names two different hosts" };
  }
  if (keyDigests.length === 0 && !isOwnName(target.hostname)) {
    const message = `this door is not ${target.host}; use an address, localhost, or a key`;
    return { status: 403, code: "bad_host", message };
  }
  const origin = headers.get("origin");
  if (origin !== null && origin !== target.origin && !allowedOrigins.includes(origin)) {
    const message =
      "pages of this origin may not use the door; allowed_origins lists those that may";
    return { status: 403, code: "bad_origin", message };
  }
  if (keyDigests.length > 0 && !await hasKey(headers, keyDigests)) {
    const message = "a key is needed: Authorization: Bearer KEY, or x-api-key";
    return { status: 401, code: "bad_key", message };
  }
  return undefined;
}

function isOwnName(hostname: string): boolean {
  const isAddress = hostname.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(hostname);
  return isAddress || OWN_NAMES.has(hostname) || hostname.endsWith(".localhost");
}

/** Compares every key, and each whole, so that the time depends on none of them. */
async function hasKey(headers: Headers, digests: readonly Uint8Array[]): Promise<boolean> {
  const [, bearer] = /^bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  const given = bearer ?? headers.get("x-api-key");
  if (given === null) return false;
  const digest = await digestOfKey(given);
  let found = 0;
  for (const known of digests) {
    let difference = known.length ^ digest.length;
    for (const [i, byte] of digest.entries()) difference |= byte ^ (known[i] ?? 0);
    found |= Number(difference === 0);
  }
  return found === 1;
}

/** Returns the SHA-256 digest of a key. */
export async function digestOfKey(key: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
}
