import type { StopSignal } from "./stop_signal.ts";

/** A connection that carries bytes in both directions, such as `Deno.TcpConn`. */
export interface ByteConnection {
  /** Reads at least one byte into a buffer and returns the number, or null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Writes at least one byte and returns the number. */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions; a pending `read` or `write` fails. */
  close(): void;
}

/** Connects to an engine on a port of this host. Rejects when the signal aborts. */
export type Connect = (port: number, signal: StopSignal | undefined) => Promise<ByteConnection>;

/** One header: its name in lower case, and its value, one character for each byte. */
export type Header = readonly [name: string, value: string];
