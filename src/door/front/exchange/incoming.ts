import type { RequestHeaders } from "../request/request_headers.ts";

/** The connection of a client. */
export interface Connection {
  readonly remoteAddr: Deno.NetAddr;
}

/** A request of an admitted client. */
export interface Incoming {
  readonly request: Request;
  readonly connection: Connection;
  readonly headers: RequestHeaders;
  /** The path without, and with the query. */
  readonly path: string;
  readonly target: string;
  /** The endpoint: one of a fixed list, whatever the path has. */
  readonly endpoint: string;
  /** The name of the client's key. */
  readonly client: string | undefined;
  /** Returns false after a render that would refuse the request. */
  isAdmitted(): boolean;
}
