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
  readonly maxMib: number;
  readonly memory: BodyMemory;
  readonly pace: Pick<Pace, "bodyMilliseconds">;
  readonly scan?: {
    push(piece: Uint8Array<ArrayBuffer>): void;
    readonly problem: string | undefined;
  };
}

/**
 * Receives the body of a request piece by piece, so that a large one delays no other request. Throws a Refused for a
 * body that is too large, too slow or not valid, and gives its memory back then.
 */
export async function receiveBody(
  request: Pick<Request, "body" | "headers">,
  { maxMib, memory, pace, scan }: Receiving,
): Promise<ReceivedBody> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const release = () => {
    memory.release(length);
    length = 0;
  };
  if (Number(request.headers.get("content-length") ?? 0) > maxMib * MIB) throw tooLarge(maxMib);
  if (request.body === null) return { pieces, release };
  const reader = request.body.getReader();
  const watch = new Watch({
    received: () => length,
    graceMilliseconds: pace.bodyMilliseconds,
    onSlow: () => reader.cancel().catch(() => {}),
  });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (watch.isSlow) throw tooSlow();
      if (done) return { pieces, release };
      if (length + value.length > maxMib * MIB) throw tooLarge(maxMib);
      if (!memory.reserve(value.length)) throw noMemory();
      length += value.length;
      pieces.push(value);
      scan?.push(value);
      if (scan?.problem !== undefined) throw notValid(scan.problem);
    }
  } catch (error) {
    release();
    if (error instanceof Refused) throw error;
    throw new Refused({ status: 400, code: "body_lost", message: "the body did not arrive whole" });
  } finally {
    watch.stop();
  }
}

/** The time between two looks at all bodies that are arriving. */
const LOOK_MILLISECONDS = 1000;

/** A body that is arriving. */
interface WatchedBody {
  /** Returns the number of bytes that arrived. */
  received(): number;
  readonly graceMilliseconds: number;
  /** Called when fewer bytes arrived than the least rate demands. */
  onSlow(): void;
}

/** Checks that a body arrives fast enough. All bodies share one timer, which stops after the last one. */
class Watch {
  static readonly #all = new Set<Watch>();
  static #timer: ReturnType<typeof setInterval> | undefined;
  readonly #body: WatchedBody;
  readonly #begin = performance.now();
  isSlow = false;

  constructor(body: WatchedBody) {
    this.#body = body;
    Watch.#all.add(this);
    Watch.#timer ??= setInterval(Watch.#look, LOOK_MILLISECONDS);
  }

  /** Ends the watch. */
  stop(): void {
    Watch.#all.delete(this);
  }

  static #look(this: void): void {
    for (const watch of Watch.#all) {
      const { received, graceMilliseconds, onSlow } = watch.#body;
      const allowed = graceMilliseconds + 1000 * received() / LEAST_RATE;
      if (performance.now() - watch.#begin <= allowed) continue;
      watch.isSlow = true;
      watch.stop();
      onSlow();
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
