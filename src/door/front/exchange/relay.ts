import type { Driver } from "../dispatch/driver.ts";
import { NOT_ADMITTED } from "../dispatch/refusal.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import type { StopSignal } from "../engine/stop_signal.ts";
import type { DoorError } from "../request/error_answer.ts";
import type { Incoming } from "./incoming.ts";
import { Refused } from "../request/refused.ts";
import { webSocketProtocols } from "../request/web_socket_protocols.ts";

/** A side that is this many bytes behind the other one is too slow. */
const MOST_BYTES = 16 * 1_048_576;

/** The most WebSockets of clients, with those that were cut and whose clients do not read the end. */
const MOST_CLIENTS = 64;
const clients = new Set<WebSocket>();

/** The codes of the door for the end of a WebSocket: those of HTTP, in the range for applications. */
const CODES = 4000;
const TOO_SLOW = CODES + 408;
const BROKE_OFF = CODES + 502;
const CUT = CODES + 503;

/** A WebSocket of an engine. */
export interface Relaying {
  readonly ticket: Ticket;
  readonly port: number;
  /** The path and the query at the engine. */
  readonly target: string;
}

/**
 * Answers a request for a WebSocket with one that passes messages between the client and the engine. The
 * door takes part in the protocol on both sides, so that no side sees the bytes of the other: only whole
 * messages pass. Throws a Refused if the engine does not offer it.
 */
export async function relay(
  { request, headers, isAdmitted }: Pick<Incoming, "request" | "headers" | "isAdmitted">,
  { ticket, port, target }: Relaying,
  driver: Driver,
): Promise<Response> {
  const { protocols, key } = webSocketProtocols(headers.get("sec-websocket-protocol"));
  const early: MessageEvent["data"][] = [];
  let engine: WebSocket | undefined;
  let upgraded: Deno.WebSocketUpgrade;
  try {
    await ticket.turn();
    engine = connect(`ws://127.0.0.1:${port}${target}`, protocols);
    engine.binaryType = "arraybuffer";
    engine.onmessage = ({ data }) => early.push(data);
    await opened(engine, ticket.signal);
    if (!isAdmitted()) throw new Refused(NOT_ADMITTED);
    if (clients.size >= MOST_CLIENTS) throw new Refused(TOO_MANY);
    // A browser that offers a protocol, such as its key, expects that one is chosen.
    const chosen = key === undefined ? undefined : protocols[0];
    upgraded = upgrade(request, engine.protocol || chosen);
  } catch (error) {
    if (engine !== undefined) closeQuietly(engine, CUT);
    driver.leave(ticket);
    throw error;
  }
  const { socket: client, response } = upgraded;
  ticket.outcome = 101;
  ticket.isAdmitted = isAdmitted;
  clients.add(client);
  client.binaryType = "arraybuffer";
  client.onopen = () => {
    for (const data of early) client.send(data);
    pass(engine, client);
    pass(client, engine);
    // The engine may have closed meanwhile.
    if (engine.readyState !== WebSocket.OPEN) closeQuietly(client, BROKE_OFF);
  };
  client.addEventListener("close", () => {
    clients.delete(client);
    driver.leave(ticket);
  });
  // A client that reads nothing does not close its side.
  engine.addEventListener("close", () => driver.leave(ticket));
  ticket.signal.addEventListener("abort", () => {
    const { reason } = ticket.signal;
    const code = reason instanceof Refused ? CODES + reason.error.status : CUT;
    for (const socket of [client, engine]) closeQuietly(socket, code);
  });
  return response;
}

function connect(address: string, protocols: readonly string[]): WebSocket {
  try {
    return new WebSocket(address, [...protocols]);
  } catch {
    // The names of the protocols are not valid, or one appears twice.
    throw new Refused(NOT_VALID);
  }
}

/** Switches the connection of a client to WebSocket. */
function upgrade(request: Request, protocol: string | undefined): Deno.WebSocketUpgrade {
  try {
    return Deno.upgradeWebSocket(request, protocol === undefined ? {} : { protocol });
  } catch {
    throw new Refused(NOT_VALID);
  }
}

const NOT_VALID: DoorError = {
  status: 400,
  code: "bad_websocket",
  message: "the request for a WebSocket is not valid: a header is missing or has a wrong value",
};

/** Waits until a WebSocket is open. */
async function opened(socket: WebSocket, signal: StopSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const refuse = () => reject(new Refused(NOT_OFFERED));
  socket.addEventListener("open", () => resolve());
  socket.addEventListener("error", refuse);
  socket.addEventListener("close", refuse);
  signal.addEventListener("abort", () => reject(signal.reason));
  await promise;
}

const TOO_MANY: DoorError = {
  status: 503,
  code: "too_many_websockets",
  message: `there are already ${MOST_CLIENTS} WebSockets`,
  retryAfterSeconds: 30,
};

const NOT_OFFERED: DoorError = {
  status: 502,
  code: "no_websocket",
  message: "the engine does not offer a WebSocket here",
};

/** Passes messages and the end from one side to the other. */
function pass(from: WebSocket, to: WebSocket): void {
  from.onmessage = ({ data }) => {
    if (to.readyState !== WebSocket.OPEN) return;
    to.send(data);
    if (to.bufferedAmount <= MOST_BYTES) return;
    for (const socket of [from, to]) closeQuietly(socket, TOO_SLOW);
  };
  from.onclose = ({ code, reason }) => closeQuietly(to, codeFor(code), reason);
  from.onerror = () => closeQuietly(to, BROKE_OFF);
}

/** Returns the code that the other side gets: programs may send only 1000 and those of applications. */
function codeFor(code: number): number {
  if (code >= 3000 && code <= 4999) return code;
  return code === 1000 || code === 1001 || code === 1005 ? 1000 : BROKE_OFF;
}

function closeQuietly(socket: WebSocket, code: number, reason = ""): void {
  try {
    socket.close(code, reason);
  } catch {
    // It is already closed.
  }
}
