import { printableJson } from "../../../core/report/printable.ts";

/** The most clients that follow the state at once. */
const MOST_FOLLOWERS = 64;

/** A client that reads slower than this many bytes behind is dropped. */
const MOST_BYTES = 262_144;

/** The pause after which a stream of events gets a comment, so that proxies keep it open. */
const COMMENT_MILLISECONDS = 15_000;

type Controller = ReadableStreamDefaultController<Uint8Array>;

const encoder = new TextEncoder();

/** The clients that follow the state of the door. */
export class Events {
  readonly #followers = new Set<Controller>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Returns a stream that begins with a state, or undefined if there are too many. */
  follow(state: unknown): ReadableStream<Uint8Array> | undefined {
    if (this.#followers.size >= MOST_FOLLOWERS) return undefined;
    let follower: Controller;
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        follower = controller;
        this.#followers.add(controller);
        this.#timer ??= setInterval(() => this.#send(": \n\n"), COMMENT_MILLISECONDS);
        controller.enqueue(encoder.encode(eventOf(state)));
      },
      cancel: () => this.#drop(follower),
    }, { highWaterMark: MOST_BYTES, size: (piece) => piece?.length ?? 0 });
  }

  /** Sends a state to all followers. */
  publish(state: () => unknown): void {
    if (this.#followers.size > 0) this.#send(eventOf(state()));
  }

  /** Ends all streams. */
  close(): void {
    for (const follower of this.#followers) {
      this.#drop(follower);
      follower.close();
    }
  }

  #send(text: string): void {
    const bytes = encoder.encode(text);
    for (const follower of this.#followers) {
      if ((follower.desiredSize ?? 0) >= bytes.length) {
        follower.enqueue(bytes);
      } else {
        this.#drop(follower);
        follower.error(new Error("it reads too slowly"));
      }
    }
  }

  #drop(follower: Controller): void {
    this.#followers.delete(follower);
    if (this.#followers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

function eventOf(state: unknown): string {
  return `event: state\ndata: ${printableJson(state)}\n\n`;
}
