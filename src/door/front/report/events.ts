import { printableJson } from "../../../core/report/printable.ts";

/** The most clients that follow the state at once, and the most of them with one key. */
const MOST_FOLLOWERS = 64;
const MOST_WITH_ONE_KEY = 16;

/** A client that reads slower than this many bytes behind is dropped. */
const MOST_BYTES = 262_144;

/** The pause after which a stream of events gets a comment, so that proxies keep it open. */
const COMMENT_MILLISECONDS = 15_000;

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** A client that follows the state. */
interface Follower {
  /** The name of its key. */
  readonly client: string | undefined;
  /** Returns false after a render that would refuse its request. */
  isAdmitted(): boolean;
}

const encoder = new TextEncoder();

/** The clients that follow the state of the door. */
export class Events {
  readonly #followers = new Map<Controller, Follower>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #published = "";

  /** Returns a stream that begins with a state, or undefined if there are too many. */
  follow(state: unknown, follower: Follower): ReadableStream<Uint8Array> | undefined {
    if (this.#followers.size >= MOST_FOLLOWERS) return undefined;
    const { client } = follower;
    const isSame = (other: Follower) => client !== undefined && other.client === client;
    if ([...this.#followers.values()].filter(isSame).length >= MOST_WITH_ONE_KEY) return undefined;
    let stream: Controller;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        stream = controller;
        this.#followers.set(controller, follower);
        this.#timer ??= setInterval(() => this.#send(": \n\n"), COMMENT_MILLISECONDS);
        controller.enqueue(encoder.encode(eventOf(state)));
      },
      cancel: () => this.#drop(stream),
    }, { highWaterMark: MOST_BYTES, size: (piece) => piece?.length ?? 0 });
  }

  /** Sends a state to all followers, unless it is the last one. */
  publish(state: () => unknown): void {
    if (this.#followers.size === 0) return;
    const text = eventOf(state());
    if (text !== this.#published) this.#send(text);
    this.#published = text;
  }

  /** Ends the streams that the settings do not admit any more. */
  endRefused(): void {
    for (const [stream, { isAdmitted }] of this.#followers) if (!isAdmitted()) this.#end(stream);
  }

  /** Ends all streams. */
  close(): void {
    for (const stream of this.#followers.keys()) this.#end(stream);
  }

  #send(text: string): void {
    const bytes = encoder.encode(text);
    for (const stream of this.#followers.keys()) {
      if ((stream.desiredSize ?? 0) >= bytes.length) {
        stream.enqueue(bytes);
      } else {
        this.#drop(stream);
        stream.error(new Error("it reads too slowly"));
      }
    }
  }

  #end(stream: Controller): void {
    this.#drop(stream);
    stream.close();
  }

  #drop(stream: Controller): void {
    this.#followers.delete(stream);
    if (this.#followers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function eventOf(state: unknown): string {
  return `event: state\ndata: ${printableJson(state)}\n\n`;
}
