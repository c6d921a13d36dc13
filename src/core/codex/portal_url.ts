/** The form of the address of a Portal; {@linkcode parsePortalUrl} tests the rest. */
export const PORTAL_URL =
  /^https?:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:\/[A-Za-z0-9._~\/-]*)?$/;

/** The address of a Portal. */
export interface PortalUrl {
  readonly isSecure: boolean;
  /** A name or an address, without brackets, in lower case. */
  readonly host: string;
  readonly port: number;
  /** The path of the API without a final `/`: `/v1` if the address has none. */
  readonly path: string;
}

/**
 * Parses the address of a Portal; undefined if there is no such host or port, or the path has a segment
 * that is empty or means another one.
 *
 * @example
 * ```ts
 * import { parsePortalUrl } from "./portal_url.ts";
 * parsePortalUrl("https://Garage.lan"); // { isSecure: true, host: "garage.lan", port: 443, path: "/v1" }
 * parsePortalUrl("http://10.0.0.2:11434/v1/")?.path; // "/v1"
 * parsePortalUrl("http://10.0.0.2:99999"); // undefined
 * ```
 */
export function parsePortalUrl(text: string): PortalUrl | undefined {
  if (!PORTAL_URL.test(text) || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const [, written = ""] = /^https?:\/\/[^/]*(.*)$/.exec(text) ?? [];
  const path = written.replace(/\/$/, "");
  const isSecure = url.protocol === "https:";
  const port = url.port === "" ? isSecure ? 443 : 80 : Number(url.port);
  if (port === 0 || path.split("/").slice(1).some((part) => /^\.{0,2}$/.test(part))) {
    return undefined;
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return { isSecure, host, port, path: path === "" ? "/v1" : path };
}
