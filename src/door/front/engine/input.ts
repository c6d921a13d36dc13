import type { ByteConnection } from "./connection.ts";
import { invalid } from "./engine_error.ts";

/** The size of the buffer of a connection. It is also the limit of a head. */
export const BUFFER_BYTES = 65_536;

/** A buffer of which others have parts is replaced when less room than this is left behind them. */
const LEAST_ROOM = BUFFER_BYTES / 2;

/** The bytes that were read from a connection and not used yet: `bytes` from `start` to `end`. */
export class Input {
  bytes = new Uint8Array(BUFFER_BYTES);
  start = 0;
  end = 0;
  /** True if others have parts of the buffer, which are not written again. */
  #isShared = false;
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
   * Reads more bytes behind the others and returns true, or false at the end of the connection. Makes room
   * if necessary. The unused bytes must not fill the buffer.
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

  /** Promises are chained, because an async function for each read costs more than the read. */
  #read(): Promise<boolean> {
    const isLow = this.#isShared
      ? BUFFER_BYTES - this.end < LEAST_ROOM
      : this.end === BUFFER_BYTES || this.start === this.end;
    if (isLow) this.#makeRoom();
    return this.#connection.read(this.bytes.subarray(this.end)).then(this.#add);
  }

  readonly #add = (count: number | null): boolean => {
    this.end += count ?? 0;
    return count !== null;
  };

  #makeRoom(): void {
    const unused = this.bytes.subarray(this.start, this.end);
    if (this.#isShared) this.bytes = new Uint8Array(BUFFER_BYTES);
    this.#isShared = false;
    this.bytes.set(unused);
    this.start = 0;
    this.end = unused.length;
  }

  /** Returns the next `count` bytes and uses them. They stay as they are. */
  take(count: number): Uint8Array<ArrayBuffer> {
    return this.share(this.start, this.start += count);
  }

  /** Returns bytes of the buffer up to `start`, which stay as they are from now on. */
  share(from: number, to: number): Uint8Array<ArrayBuffer> {
    this.#isShared = true;
    return this.bytes.subarray(from, to);
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
