import { doorAddresses, type DoorSettings } from "../../core/orchestrator/door.ts";

/** The servers of the door, one for each address. */
export interface Listening {
  /** Accepts no more connections, and resolves after the last answer. */
  stop(): Promise<void>;
}

/** The pause before a server that failed listens again. */
const AGAIN_MILLISECONDS = 100;

type Handler = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>;

/**
 * Listens on all addresses of the door. Two fronts can listen on one port, so that a new one takes over
 * without a gap. Throws an Error with the reason, for people, if an address is not free.
 *
 * A host without IPv6 has no ::1, so no other user can listen there either.
 */
export function listen(
  settings: Pick<DoorSettings, "bindAddress" | "port">,
  handler: Handler,
): Listening {
  const { port } = settings;
  const servers: Server[] = [];
  for (const hostname of doorAddresses(settings)) {
    try {
      servers.push(new Server({ hostname, port }, handler));
    } catch (error) {
      if (hostname === "::1" && isWithoutIpv6(error)) continue;
      for (const server of servers) server.stop();
      throw new Error(`cannot listen on ${hostname} port ${port}: ${reasonOf(error)}`);
    }
  }
  return {
    async stop() {
      await Promise.all(servers.map((server) => server.stop()));
    },
  };
}

/**
 * A server on one address. That of the runtime ends for good when it cannot accept a connection, for
 * example because the process has no file descriptor left. This one then listens again.
 */
class Server {
  readonly #address: { readonly hostname: string; readonly port: number };
  readonly #handler: Handler;
  #server: Deno.HttpServer | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(address: { readonly hostname: string; readonly port: number }, handler: Handler) {
    this.#address = address;
    this.#handler = handler;
    this.#open();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#server?.shutdown();
  }

  #open(): void {
    const options = {
      ...this.#address,
      reusePort: true,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
      // The answers of engines pass unchanged.
      automaticCompression: false,
    };
    const server = Deno.serve(options, this.#handler);
    this.#server = server;
    server.finished.catch(() => this.#again());
  }

  #again(): void {
    this.#server = undefined;
    this.#timer = setTimeout(() => {
      try {
        this.#open();
      } catch {
        this.#again();
      }
    }, AGAIN_MILLISECONDS);
  }
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
