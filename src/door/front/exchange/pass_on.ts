import { type DoorError, errorEvent } from "../request/error_answer.ts";

/** The body of an answer on its way to the client. */
export interface Passing {
  /** Returns the next piece, or undefined at the end. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Called at the end. */
  ended(): void;
  /** Called if the client leaves before the end. */
  left(): void;
  /** The path of the request, if the answer is a stream of events. */
  readonly eventsOf: string | undefined;
  /** Called after a failure of `next`. Returns the error for the client. */
  failed(error: unknown): DoorError;
}

const encoder = new TextEncoder();

/** The runtime drops what it has not sent yet when an answer breaks off, so the last event needs a moment. */
const SENT_MILLISECONDS = 100;

/**
 * Returns a stream that the client reads at its own speed. If the body fails, a stream of events gets an
 * event with the error. Then the connection breaks off, because a clean end would look like a whole answer.
 */
export function passOn(
  { next, ended, left, eventsOf, failed }: Passing,
): ReadableStream<Uint8Array> {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let broken: BrokenOff | undefined;
  const pass = (piece: Uint8Array | undefined) => {
    if (piece !== undefined) return controller.enqueue(piece);
    ended();
    controller.close();
  };
  const fail = (error: unknown) => {
    const fault = failed(error);
    broken = new BrokenOff(fault);
    if (eventsOf === undefined) return controller.error(broken);
    // The failure may have come inside of an event.
    controller.enqueue(encoder.encode(`\n\n${errorEvent(eventsOf, fault)}`));
  };
  const breakOff = async (error: BrokenOff) => {
    await new Promise((done) => setTimeout(done, SENT_MILLISECONDS));
    controller.error(error);
  };
  return new ReadableStream({
    start: (given) => void (controller = given),
    pull: () => broken === undefined ? next().then(pass, fail) : breakOff(broken),
    cancel: left,
  }, { highWaterMark: 0 });
}

/** The runtime prints this error when it closes the connection, so it is short. */
class BrokenOff extends Error {
  override readonly name = "an answer broke off";
  constructor({ message }: DoorError) {
    super(message);
    this.stack = `${this.name}: ${message}`;
  }
}
