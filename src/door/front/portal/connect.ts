import type { DoorPortal } from "../../../core/orchestrator/door.ts";
import { portalAddress } from "../../../core/orchestrator/door.ts";
import type { ByteConnection } from "../engine/connection.ts";
import type { StopSignal } from "../engine/stop_signal.ts";
import { PortalFault } from "./fault.ts";

/** The reasons of the TLS library why it refuses a certificate, in words. */
const CERTIFICATES: readonly (readonly [RegExp, string])[] = [
  [/UnknownIssuer/, "it is not from a CA that this host or `ca_file` trusts"],
  [/not valid for name|NotValidForName/, "it is for another name"],
  [/not valid yet|NotValidYet/, "it is not valid yet"],
  [/expired/i, "it has expired"],
  [/CaUsedAsEndEntity/, "it is that of a CA, and not of a server"],
];

/**
 * Connects to a Portal, with TLS if its address says so, within a time. The certificate is always verified,
 * by the CAs of the runtime and those of the Portal. Throws a PortalFault.
 */
export async function connectPortal(
  portal: Pick<DoorPortal, "host" | "port" | "isSecure" | "authorities">,
  stop: StopSignal | undefined,
  milliseconds: number,
): Promise<ByteConnection> {
  const abort = new AbortController();
  const onStop = () => abort.abort();
  stop?.addEventListener("abort", onStop);
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    abort.abort();
  }, milliseconds);
  try {
    return await connect(portal, abort.signal);
  } catch (error) {
    if (isLate) {
      const seconds = milliseconds / 1000;
      const message = `${portalAddress(portal)} does not answer within ${seconds} s`;
      throw new PortalFault("portal_unreachable", message, { cause: error });
    }
    throw connectFault(error, portal);
  } finally {
    clearTimeout(timer);
    stop?.removeEventListener("abort", onStop);
  }
}

async function connect(
  { host: hostname, port, isSecure, authorities }: Parameters<typeof connectPortal>[0],
  signal: AbortSignal,
): Promise<ByteConnection> {
  const connection = await Deno.connect({ hostname, port, signal });
  connection.setNoDelay();
  if (!isSecure) return connection;
  let secure: Deno.TlsConn | undefined;
  const close = () => (secure ?? connection).close();
  signal.addEventListener("abort", close);
  try {
    const caCerts = authorities === undefined ? [] : [authorities];
    secure = await Deno.startTls(connection, { hostname, caCerts });
    await secure.handshake();
    signal.throwIfAborted();
    return secure;
  } catch (error) {
    if (!signal.aborted) close();
    throw error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function connectFault(cause: unknown, portal: Pick<DoorPortal, "host" | "port">): PortalFault {
  const said = cause instanceof Error ? cause.message : String(cause);
  const address = portalAddress(portal);
  if (/certificate/i.test(said)) {
    const [, why = "it is not valid"] = CERTIFICATES.find(([pattern]) => pattern.test(said)) ?? [];
    return new PortalFault(
      "portal_certificate",
      `the certificate of ${address} is refused: ${why}`,
      {
        cause,
      },
    );
  }
  const why = cause instanceof Deno.errors.ConnectionRefused
    ? `${address} accepts no connections`
    : /lookup|name resolution|not known/i.test(said)
    ? `there is no host ${portal.host}`
    : cause instanceof Deno.errors.InvalidData
    ? `${address} does not speak TLS`
    : `${address} cannot be reached`;
  return new PortalFault("portal_unreachable", why, { cause });
}
