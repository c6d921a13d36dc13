import type { EngineState } from "../core/dispatcher/events.ts";
import type { Door, DoorEngine, DoorPortal, DoorSettings } from "../core/orchestrator/door.ts";
import type { Engine, Inventory } from "../core/orchestrator/inventory.ts";
import type { PortalKey, ToFront, ToHand } from "../door/channel/messages.ts";
import { serveFront } from "../door/front/mod.ts";
import { PACE, type Pace } from "../door/front/pace.ts";
import type { PageFiles } from "../door/front/page/page.ts";
import { DOOR_SETTINGS } from "./door_settings.ts";

/** The engines of a test: each excludes all others. */
export interface BenchOptions {
  /** The port of each engine, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** The engines that run at the beginning. */
  readonly ready?: readonly string[];
  readonly settings?: Partial<DoorSettings>;
  readonly engines?: Readonly<Record<string, Partial<DoorEngine>>>;
  /** By name; the port of each at least. */
  readonly portals?: Readonly<Record<string, Partial<DoorPortal>>>;
  readonly portalKeys?: Readonly<Record<string, PortalKey>>;
  readonly pace?: Partial<Pace>;
  readonly page?: PageFiles;
}

/** The front of the door with a scripted hand. */
export interface FrontBench {
  /** The address of the door, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  /** All messages of the front, in order. */
  readonly sent: readonly ToHand[];
  /** Sends a message to the front. */
  tell(message: ToFront): void;
  /** Reports the states of the engines; those that are not named are down. */
  observe(engines: Readonly<Record<string, EngineState>>, isHeld?: boolean): void;
  /** Returns the next message of a kind that was not returned before. */
  next<Kind extends ToHand["kind"]>(kind: Kind): Promise<Extract<ToHand, { kind: Kind }>>;
  /** Makes the units of these engines, with other settings. */
  units(options: Partial<BenchOptions>): Extract<ToFront, { kind: "units" }>;
  /** Stops the front and waits until it has left. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A test that takes longer waits for something that does not come. */
const LONGEST_MILLISECONDS = 20_000;

/** Registers a test of the front, which fails if it does not end. */
export function test(name: string, fn: (test: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name, fn, timeout: LONGEST_MILLISECONDS });
}

/** A real engine on a free port. */
export interface TestEngine {
  readonly port: number;
  /** The number of requests that arrived. */
  readonly requests: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Starts an engine that answers requests. */
export function startEngine(
  answer: (request: Request) => Response | Promise<Response>,
  port = 0,
  tls: { readonly cert: string; readonly key: string } | undefined = undefined,
): TestEngine {
  let requests = 0;
  const stop = new AbortController();
  const options = { hostname: "127.0.0.1", port, signal: stop.signal, onListen() {}, ...tls };
  const server = Deno.serve(options, async (request) => {
    requests++;
    return await answer(request);
  });
  return {
    port: server.addr.port,
    get requests() {
      return requests;
    },
    [Symbol.asyncDispose]() {
      stop.abort();
      return server.finished;
    },
  };
}

/** An engine that speaks raw bytes. */
export interface RawEngine {
  readonly port: number;
  /** The number of connections that sent a request. */
  readonly connections: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A connection of a client to a raw engine, after the head of its request. */
export interface RawConnection {
  write(text: string): Promise<void>;
  close(): void;
}

/** Starts an engine that answers the first bytes of each connection with raw bytes. */
export function startRawEngine(
  answer: (connection: RawConnection) => void | Promise<void>,
): RawEngine {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const closers = new Set<() => void>();
  const serve = async (connection: Deno.TcpConn) => {
    const close = () => {
      if (closers.delete(close)) connection.close();
    };
    closers.add(close);
    await connection.read(new Uint8Array(65_536));
    connections++;
    const write = async (text: string) => {
      await connection.write(Uint8Array.from(text, (c) => c.charCodeAt(0)));
    };
    await answer({ write, close });
  };
  const accepting = (async () => {
    for await (const connection of listener) serve(connection).catch(() => {});
  })();
  return {
    port: listener.addr.port,
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const close of [...closers]) close();
      await accepting;
    },
  };
}

/** Sends a JSON body to the door. */
export function post(
  { url }: Pick<FrontBench, "url">,
  path: string,
  body: unknown,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method: "POST",
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...init,
    headers: { "content-type": "application/json", ...init.headers },
  });
}

/** Starts a front on a free port. */
export async function startFront(options: BenchOptions): Promise<FrontBench> {
  const port = options.settings?.port ?? freePort();
  const { port1, port2 } = new MessageChannel();
  const sent: ToHand[] = [];
  const taken = new Map<ToHand["kind"], number>();
  let arrival = Promise.withResolvers<void>();
  port1.onmessage = ({ data }: MessageEvent<ToHand>) => {
    sent.push(data);
    arrival.resolve();
    arrival = Promise.withResolvers();
  };
  const tell = (message: ToFront) => port1.postMessage(message);
  const bench: FrontBench = {
    url: `http://127.0.0.1:${port}`,
    port,
    sent,
    tell,
    observe: (engines, isHeld = false) =>
      tell({
        kind: "observed",
        engines: new Map(Object.entries(engines)),
        isHeld,
        since: new Map(),
      }),
    async next<Kind extends ToHand["kind"]>(kind: Kind) {
      for (;;) {
        const count = taken.get(kind) ?? 0;
        const found = sent.filter((m): m is Extract<ToHand, { kind: Kind }> => m.kind === kind);
        const message = found[count];
        if (message !== undefined) {
          taken.set(kind, count + 1);
          return message;
        }
        await arrival.promise;
      }
    },
    units: (changes) => unitsOf({ ...options, ...changes }, port),
    async [Symbol.asyncDispose]() {
      tell({ kind: "leave", withinSeconds: 0 });
      await bench.next("left");
      port1.close();
      port2.close();
    },
  };
  serveFront(port2, {
    pace: { ...PACE, ...options.pace },
    ...options.page !== undefined && { page: options.page },
  });
  tell(bench.units({}));
  await Promise.race([
    bench.next("listening"),
    bench.next("cannot-listen").then(({ why }) => Promise.reject(new Error(why))),
  ]);
  const ready = options.ready ?? [];
  bench.observe(Object.fromEntries(ready.map((name) => [name, "ready"])));
  return bench;
}

/** Returns a port that is free now. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

function unitsOf(
  { ports, settings, engines = {}, portals = {}, portalKeys = {} }: BenchOptions,
  port: number,
) {
  const names = Object.keys(ports).sort();
  const inventory: Inventory = {
    engines: names.map((name): Engine => ({
      name,
      service: `soulstone-${name}.service`,
      profile: "generic",
      image: "",
      covens: [],
      slot: undefined,
      resident: false,
      stray: false,
      capabilities: [],
      conflicts: names.filter((other) => other !== name),
      port: ports[name] ?? 0,
      uri: "",
      isOnLoopback: true,
      healthPath: undefined,
      startCheck: { kind: "none", path: undefined, timeout: undefined },
      metricsPath: undefined,
      vramMib: undefined,
      devices: [],
      description: undefined,
    })),
    covens: [],
  };
  const door: Door = {
    reservedPorts: { first: 1, last: 0 },
    settings: { port, ...DOOR_SETTINGS, ...settings },
    engines: new Map(names.map((name): [string, DoorEngine] => [name, {
      aliases: [],
      served: undefined,
      contextTokens: undefined,
      concurrency: undefined,
      idleMinutes: undefined,
      set: {},
      strip: [],
      ...engines[name],
    }])),
    portals: Object.entries(portals).map(([name, portal]) => ({
      name,
      isSecure: false,
      host: "127.0.0.1",
      port: 9,
      path: "/v1",
      aliases: {},
      capabilities: {},
      timeoutSeconds: 600,
      prefer: "local",
      ...portal,
    })),
  };
  const links = { grafana: undefined, prometheus: undefined };
  const keys = new Map(Object.entries(portalKeys));
  return { kind: "units", inventory, door, links, portalKeys: keys } as const;
}
