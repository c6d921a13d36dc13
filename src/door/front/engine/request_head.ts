import { isValidHeader } from "./answer_head.ts";
import type { Header } from "./connection.ts";
import type { StopSignal } from "./stop_signal.ts";

/** A request to an engine on a port of this host. */
export interface EngineRequest {
  readonly port: number;
  /** The `Host`; by default that of the port on this host. */
  readonly host?: string | undefined;
  /** Any method except CONNECT and TRACE. */
  readonly method: string;
  /** The path and the query. */
  readonly path: string;
  /** The headers that `engineHeaders` returns; the client adds Host and those about the connection. */
  readonly headers: readonly Header[];
  /** The pieces of a body (`[]`: an empty one), or a stream, which is sent once and as chunks. */
  readonly body?: readonly Uint8Array[] | ReadableStream<Uint8Array> | undefined;
  /** The protocol to switch to: `websocket`. */
  readonly upgrade?: string | undefined;
  /** Closes the connection, also while the answer is being read. */
  readonly signal?: StopSignal | undefined;
}

/** The headers that only the client may write, because they decide where a request ends. */
const RESERVED = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const METHOD = /^[A-Z]+$/;
const PATH = /^\/[\x21\x22\x24-\x7e]*$/;

/**
 * Returns the head of a request as bytes. Throws a TypeError for a value that could end the head or a line
 * of it, or that HTTP/1.1 cannot transport.
 */
export function encodeRequestHead(request: EngineRequest): Uint8Array<ArrayBuffer> {
  const { port, host = `127.0.0.1:${port}`, method, path, headers, body, upgrade } = request;
  if (!METHOD.test(method) || method === "CONNECT" || method === "TRACE") {
    throw new TypeError("Cannot send a request with this method");
  }
  if (!PATH.test(path)) throw new TypeError("Cannot send a request with this path");
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n`;
  for (const header of headers) {
    if (RESERVED.has(header[0]) || !isValidHeader(header)) {
      throw new TypeError(`Cannot send the header ${JSON.stringify(header[0])}`);
    }
    head += `${header[0]}: ${header[1]}\r\n`;
  }
  if (body instanceof ReadableStream) head += "transfer-encoding: chunked\r\n";
  else if (body !== undefined) head += `content-length: ${lengthOf(body)}\r\n`;
  if (upgrade !== undefined) head += `connection: upgrade\r\nupgrade: ${upgrade}\r\n`;
  return latin1Bytes(`${head}\r\n`);
}

const encoder = new TextEncoder();

/** Encodes a text, one byte for each character. */
function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = encoder.encode(text);
  return bytes.length === text.length ? bytes : Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Returns the number of bytes of a body. */
export function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
