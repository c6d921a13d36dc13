import type { DoorSettings } from "../../core/orchestrator/door.ts";
import { doorAddresses } from "../../core/orchestrator/door.ts";

/** The servers of the door, one for each address. */
export interface Listening {
  /** Accepts no more connections, and resolves after the last answer. */
  stop(): Promise<void>;
}

/**
 * Listens on all addresses of the door. Two fronts can listen on one port, so that a new one takes over
 * without a gap. Throws an Error with the reason, for people, if an address is not free.
 *
 * A host without IPv6 has no ::1, so no other user can listen there either.
 */
export function listen(
  settings: Pick<DoorSettings, "bindAddress" | "port">,
  handler: (request: Request) => Promise<Response>,
): Listening {
  const { port } = settings;
  const servers: Deno.HttpServer[] = [];
  for (const hostname of doorAddresses(settings)) {
    try {
      servers.push(Deno.serve({
        hostname,
        port,
        reusePort: true,
        onListen() {},
        onError: () => new Response(null, { status: 500 }),
        // The answers of engines pass unchanged.
        automaticCompression: false,
      } as Deno.ServeTcpOptions, handler));
    } catch (error) {
      if (hostname === "::1" && isWithoutIpv6(error)) continue;
      for (const server of servers) server.shutdown();
      throw new Error(`cannot listen on ${hostname} port ${port}: ${reasonOf(error)}`);
    }
  }
  return {
    async stop() {
      await Promise.all(servers.map((server) => server.shutdown()));
    },
  };
}

/** Returns true if this host has no ::1. */
function isWithoutIpv6(error: unknown): boolean {
  const noFamily = error instanceof Error && error.message.includes("(os error 97)");
  return noFamily || error instanceof Deno.errors.AddrNotAvailable;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "another process uses it";
  return error instanceof Error ? error.message : String(error);
}
