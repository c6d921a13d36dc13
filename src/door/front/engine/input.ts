import type { ByteConnection } from "./connection.ts";
import { invalid } from "./engine_error.ts";

/** The size of the only buffer of a connection. It is also the limit of a head. */
export const BUFFER_BYTES = 65_536;

/** The bytes that were read from a connection and not used yet: `bytes` from `start` to `end`. */
export class Input {
  readonly bytes = new Uint8Array(BUFFER_BYTES);
  start = 0;
  end = 0;
  readonly #connection: Pick<ByteConnection, "read">;
  #ahead: Promise<boolean> | undefined;

  constructor(connection: Pick<ByteConnection, "read">) {
    this.#connection = connection;
  }

  /** The number of bytes that are not used yet. */
  get length(): number {
    return this.end - this.start;
  }

  /**
   * Reads more bytes behind the others and returns true, or false at the end of the connection. Moves the
   * unused bytes to the front if necessary. They must not fill the buffer.
   */
  fill(): Promise<boolean> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    return ahead ?? this.#read();
  }

  /** Starts to read before the bytes are expected; the next `fill` returns the same promise. */
  readAhead(): Promise<boolean> {
    return this.#ahead = this.#read();
  }

  async #read(): Promise<boolean> {
    if (this.start === this.end) {
      this.start = this.end = 0;
    } else if (this.end === BUFFER_BYTES) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    const count = await this.#connection.read(this.bytes.subarray(this.end));
    if (count === null) return false;
    this.end += count;
    return true;
  }

  /** Returns a copy of the next `count` bytes and uses them. */
  take(count: number): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(this.start, this.start += count);
  }

  /**
   * Searches the end of a line, from `searched` bytes behind `start`. Returns the offset behind its CRLF, or
   * undefined if it was not read yet. Refuses a line that ends with LF alone.
   */
  endOfLine(searched: number): number | undefined {
    const lf = this.bytes.subarray(this.start + searched, this.end).indexOf(LF);
    if (lf < 0) return undefined;
    const at = searched + lf;
    if (at === 0 || this.bytes[this.start + at - 1] !== CR) {
      throw invalid("a line that does not end with CRLF");
    }
    return at + 1;
  }

  /** Returns the next `count` bytes as text, one character for each byte, and uses them. */
  takeText(count: number): string {
    return latin1(this.bytes.subarray(this.start, this.start += count));
  }
}

const [LF, CR] = [10, 13];
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
// deno-lint-ignore no-control-regex
const NOT_ASCII = /[^\x00-\x7f]/;

/** Decodes bytes, one character for each. `TextDecoder("latin1")` is windows-1252. */
function latin1(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  return NOT_ASCII.test(text) ? Array.from(bytes, (b) => String.fromCharCode(b)).join("") : text;
}
