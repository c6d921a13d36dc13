import type { Pace } from "../pace.ts";
import { Refused } from "../request/refused.ts";
import type { BodyMemory } from "./body_memory.ts";

/** The least rate of a body in bytes per second, after a time that each body has. */
const LEAST_RATE = 32_768;

const MIB = 1_048_576;

/** A body that was received. */
export interface ReceivedBody {
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  /** Gives the memory back, once. */
  release(): void;
}

/** The limits of a body, and the scanner that sees each piece as it arrives. */
export interface Receiving {
  readonly headers: Pick<Headers, "get">;
  readonly maxMib: number;
  readonly memory: BodyMemory;
  readonly pace: Pick<Pace, "bodyMilliseconds">;
  readonly scan?: {
    push(piece: Uint8Array<ArrayBuffer>): void;
    readonly problem: string | undefined;
  };
}

/** A body with a length up to this is read at once, which is faster. */
const SHORT_BYTES = 65_536;

/**
 * Receives the body of a request piece by piece, so that a large one delays no other request. Throws a
 * Refused for a body that is too large, too slow or not valid, and gives its memory back then.
 */
export async function receiveBody(
  request: Pick<Request, "body" | "bytes">,
  { headers, maxMib, memory, pace, scan }: Receiving,
): Promise<ReceivedBody> {
  const announced = Number(headers.get("content-length") ?? Infinity);
  if (announced !== Infinity && announced > maxMib * MIB) throw tooLarge(maxMib);
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const take = (piece: Uint8Array<ArrayBuffer>) => {
    if (length + piece.length > maxMib * MIB) throw tooLarge(maxMib);
    if (!memory.reserve(piece.length)) throw noMemory();
    length += piece.length;
    pieces.push(piece);
    scan?.push(piece);
    if (scan?.problem !== undefined) throw notValid(scan.problem);
  };
  const release = () => {
    memory.release(length);
    length = 0;
  };
  const watch = new Watch(() => length, pace.bodyMilliseconds);
  try {
    if (announced <= SHORT_BYTES) take(await Promise.race([request.bytes(), watch.slow]));
    else if (request.body !== null) await takeAll(request.body, watch, take);
    return { pieces, release };
  } catch (error) {
    release();
    if (error instanceof Refused) throw error;
    throw new Refused({ status: 400, code: "body_lost", message: "the body did not arrive whole" });
  } finally {
    watch.stop();
  }
}

async function takeAll(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  watch: Watch,
  take: (piece: Uint8Array<ArrayBuffer>) => void,
): Promise<void> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), watch.slow]);
      if (done) return;
      take(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
}

/** The time between two looks at all bodies that are arriving. */
const LOOK_MILLISECONDS = 1000;

/** Checks that a body arrives fast enough. All bodies share one timer, which stops after the last one. */
class Watch {
  static readonly #all = new Set<Watch>();
  static #timer: ReturnType<typeof setInterval> | undefined;
  readonly #received: () => number;
  readonly #graceMilliseconds: number;
  readonly #begin = performance.now();
  readonly #slow = Promise.withResolvers<never>();

  /** Begins with 0 bytes; `received` returns the number of bytes that arrived. */
  constructor(received: () => number, graceMilliseconds: number) {
    this.#received = received;
    this.#graceMilliseconds = graceMilliseconds;
    Watch.#all.add(this);
    Watch.#timer ??= setInterval(Watch.#look, LOOK_MILLISECONDS);
  }

  /** Rejects when fewer bytes arrived than the least rate demands. */
  get slow(): Promise<never> {
    return this.#slow.promise;
  }

  /** Ends the watch. */
  stop(): void {
    Watch.#all.delete(this);
  }

  static #look(this: void): void {
    for (const watch of Watch.#all) {
      const allowed = watch.#graceMilliseconds + 1000 * watch.#received() / LEAST_RATE;
      if (performance.now() - watch.#begin <= allowed) continue;
      watch.stop();
      watch.#slow.reject(tooSlow());
    }
    if (Watch.#all.size > 0) return;
    clearInterval(Watch.#timer);
    Watch.#timer = undefined;
  }
}

/** Makes the error for a body that is not what its type announces; `problem` is a sentence about it. */
export function notValid(problem: string): Refused {
  const message = `the body cannot be read: ${problem}`;
  return new Refused({ status: 400, code: "bad_body", message });
}

function tooLarge(maxMib: number): Refused {
  const message = `the body has more than ${maxMib} MiB; max_body_mib sets the limit`;
  return new Refused({ status: 413, code: "body_too_large", message });
}

function noMemory(): Refused {
  const message = "too many large bodies at once; try again soon";
  return new Refused({ status: 503, code: "no_memory", message, retryAfterSeconds: 2 });
}

function tooSlow(): Refused {
  const message = `the body arrives with less than ${LEAST_RATE / 1024} KiB per second`;
  return new Refused({ status: 408, code: "body_too_slow", message });
}
