/**
 * Finds the bytes of a body in what was read from a connection, and where the body ends.
 *
 * @module
 */
import { closedEarly, invalid } from "./engine_error.ts";
import { type AnswerHead, parseHeader } from "./answer_head.ts";
import type { Input } from "./input.ts";

/** Reads one body. */
export interface BodyReader {
  /** Uses the bytes of `input` that belong to the body. Returns its data, if there is any. */
  take(input: Input): Uint8Array<ArrayBuffer> | undefined;
  /** True after the last byte of the body. */
  readonly isDone: boolean;
  /** Accepts the end of the connection as the end of the body, or throws. */
  end(): void;
}

/** Returns the reader for a form of a body. */
export function bodyReader(body: AnswerHead["body"]): BodyReader {
  if (body === "chunked") return new ChunkedBody();
  return body === "until-close" ? new EndlessBody() : new SizedBody(body);
}

class SizedBody implements BodyReader {
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get isDone() {
    return this.#left === 0;
  }

  take(input: Input) {
    const count = Math.min(this.#left, input.length);
    this.#left -= count;
    return count === 0 ? undefined : input.take(count);
  }

  end() {
    throw closedEarly();
  }
}

class EndlessBody implements BodyReader {
  isDone = false;

  take(input: Input) {
    return input.length === 0 ? undefined : input.take(input.length);
  }

  end() {
    this.isDone = true;
  }
}

/** The limit of a line with the size of a chunk, and its extensions. */
const SIZE_LINE_BYTES = 1024;

/** The limit of all trailers. */
const TRAILER_BYTES = 8192;

const BAD_SIZE = "a size of a chunk that is not valid";

const [TAB, LF, CR, SPACE, SEMICOLON, DELETE] = [9, 10, 13, 32, 59, 127];

/** The size of a chunk has at most this many digits, so that it is exact and below 4 PiB. */
const SIZE_DIGITS = 13;

class ChunkedBody implements BodyReader {
  /** The bytes left of the current chunk, with its CRLF: 2 or less means that its data is complete. */
  #left = 0;
  /** The bytes left for trailers, once the last chunk was read. */
  #trailers: number | undefined;
  isDone = false;

  /** Moves the data of all complete chunks together inside of the buffer. */
  take(input: Input) {
    const { bytes } = input;
    let from = input.start, to = from;
    while (!this.isDone) {
      if (this.#left > 2) {
        const count = Math.min(this.#left - 2, input.length);
        if (count === 0) break;
        if (from === to) from = to = input.start;
        else bytes.copyWithin(to, input.start, input.start + count);
        to += count;
        input.start += count;
        this.#left -= count;
      } else if (this.#left > 0) {
        if (input.length === 0) break;
        if (bytes[input.start++] !== (this.#left-- === 2 ? CR : LF)) {
          throw invalid("a chunk that is longer than its size");
        }
      } else if (
        this.#trailers === undefined
          ? !this.#readSize(input)
          : !this.#skipTrailer(input, this.#trailers)
      ) {
        break;
      }
    }
    return from === to ? undefined : input.share(from, to);
  }

  end() {
    throw closedEarly();
  }

  /** Uses `SIZE [; EXTENSIONS] CRLF`, or returns false if the line is not complete. */
  #readSize(input: Input): boolean {
    const { bytes, start, end } = input;
    let [at, size] = [start, 0];
    for (let digit; at < end && (digit = hexDigit(bytes[at])) >= 0; at++) size = size * 16 + digit;
    const digits = at - start;
    if (digits > SIZE_DIGITS || digits === 0 && at < end) throw invalid(BAD_SIZE);
    if (at < end && bytes[at] !== CR) {
      while (at < end && isBlank(bytes[at])) at++;
      if (at < end && bytes[at] !== SEMICOLON) throw invalid(BAD_SIZE);
      while (at < end && isText(bytes[at])) at++;
      if (at - start > SIZE_LINE_BYTES) throw invalid("extensions of a chunk that are too long");
    }
    if (at < end && bytes[at] !== CR) throw invalid(BAD_SIZE);
    if (at + 1 >= end) return false;
    if (bytes[at + 1] !== LF) throw invalid(BAD_SIZE);
    input.start = at + 2;
    if (size === 0) this.#trailers = TRAILER_BYTES;
    else this.#left = size + 2;
    return true;
  }

  /** Checks and drops one line of the trailers, or returns false. The empty line ends the body. */
  #skipTrailer(input: Input, budget: number): boolean {
    const line = input.endOfLine(0);
    if ((line ?? input.length) > budget) throw invalid("trailers of more than 8 KiB");
    if (line === undefined) return false;
    const text = input.takeText(line);
    this.#trailers = budget - line;
    this.isDone = line === 2;
    if (!this.isDone) parseHeader(text.slice(0, -2));
    return true;
  }
}

/** Returns the value of a hexadecimal digit, or -1. */
function hexDigit(byte = 0): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB;
}

function isText(byte = 0): boolean {
  return byte >= SPACE && byte !== DELETE || byte === TAB;
}
