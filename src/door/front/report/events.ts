import { printableJson } from "../../../core/report/printable.ts";

/** The most clients that follow the events at once, and the most of them with one key. */
const MOST_FOLLOWERS = 64;
const MOST_WITH_ONE_KEY = 16;

/** A client that reads slower than this many bytes behind is dropped. */
const MOST_BYTES = 262_144;

/** The pause after which a stream of events gets a comment: proxies keep it open, and clients see that it lasts. */
const COMMENT_MILLISECONDS = 5000;

type Controller = ReadableStreamDefaultController<Uint8Array>;

/** A client that follows events. */
export interface Follower {
  /** The name of its key. */
  readonly client: string | undefined;
  /** Returns false after a render that would refuse its request. */
  isAdmitted(): boolean;
}

const encoder = new TextEncoder();

/** The clients that follow the state of the door, or one log. */
export class Events {
  readonly #followers = new Map<Controller, Follower>();
  readonly #onFollowed: (isFollowed: boolean) => void;
  #timer: ReturnType<typeof setInterval> | undefined;
  #published = "";

  /** Calls `onFollowed` when the first client comes, and when the last one has left. */
  constructor(onFollowed: (isFollowed: boolean) => void = () => {}) {
    this.#onFollowed = onFollowed;
  }

  /** True if at least one client follows. */
  get isFollowed(): boolean {
    return this.#followers.size > 0;
  }

  /** Returns a stream that begins with a state, if there is one; undefined if there are too many. */
  follow(follower: Follower, state?: unknown): ReadableStream<Uint8Array> | undefined {
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
        if (state !== undefined) controller.enqueue(encoder.encode(eventOf("state", state)));
        if (this.#followers.size === 1) this.#onFollowed(true);
      },
      cancel: () => this.#drop(stream),
    }, { highWaterMark: MOST_BYTES, size: (piece) => piece?.length ?? 0 });
  }

  /** Sends a state to all followers, unless it is the last one. */
  publish(state: () => unknown): void {
    if (!this.isFollowed) return;
    const text = eventOf("state", state());
    if (text !== this.#published) this.#send(text);
    this.#published = text;
  }

  /** Sends an event to all followers. */
  tell(event: string, data: () => unknown): void {
    if (this.isFollowed) this.#send(eventOf(event, data()));
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
    if (!this.#followers.delete(stream) || this.isFollowed) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#onFollowed(false);
  }
}

function eventOf(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${printableJson(data)}\n\n`;
}
