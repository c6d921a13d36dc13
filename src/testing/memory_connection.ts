import type { ByteConnection } from "../door/front/engine/connection.ts";

/** Bytes or Latin-1 text that arrive, an error, or null for the end of the connection. */
export type Arrival = Uint8Array | string | Error | null;

/** A connection whose other side is a test. */
export class MemoryConnection implements ByteConnection {
  /** Everything that was written, one character for each byte. */
  sent = "";
  isClosed = false;
  /** The number of reads that returned bytes. */
  reads = 0;
  /** Called after each write; it may throw to let the write fail. */
  onWrite: (() => void | Promise<void>) | undefined;
  readonly #arrivals: (Uint8Array | Error | null)[] = [];
  #next = 0;
  #wake: (() => void) | undefined;

  /** Lets bytes arrive; each read returns bytes of one arrival at most. */
  push(...arrivals: readonly Arrival[]): void {
    for (const a of arrivals) this.#arrivals.push(typeof a === "string" ? latin1(a) : a);
    this.#wake?.();
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#next === this.#arrivals.length && !this.isClosed) {
      await new Promise<void>((wake) => this.#wake = wake);
    }
    if (this.isClosed) throw new Error("the connection is closed");
    const next = this.#arrivals[this.#next];
    if (next === null || next === undefined) return null;
    if (next instanceof Error) throw next;
    const count = Math.min(next.length, into.length);
    into.set(next.subarray(0, count));
    if (count === next.length) this.#next++;
    else this.#arrivals[this.#next] = next.subarray(count);
    this.reads++;
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.isClosed) throw new Error("the connection is closed");
    for (const byte of bytes) this.sent += String.fromCharCode(byte);
    await this.onWrite?.();
    return bytes.length;
  }

  close(): void {
    this.isClosed = true;
    this.#wake?.();
  }
}

/** Returns one byte for each character of a text. */
export function latin1(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}
