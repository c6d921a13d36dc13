import type { LogLine } from "../../core/api/schema.ts";
import { MOST_LOGS, type ToFront, type ToHand } from "../channel/messages.ts";
import { Events, type Follower } from "./report/events.ts";
import { timeText } from "./report/time.ts";
import { Refused } from "./request/refused.ts";

/** The logs of engines that clients follow, which the hand reads. */
export class Logs {
  readonly #send: (message: ToHand) => void;
  readonly #followed = new Map<number, Events>();
  #last = 0;

  constructor(send: (message: ToHand) => void) {
    this.#send = send;
  }

  /** Returns a stream of the log of an engine. Throws a Refused if there are too many. */
  follow(engine: string, follower: Follower): ReadableStream<Uint8Array> {
    if (this.#followed.size >= MOST_LOGS) {
      const message = `${MOST_LOGS} clients already follow a log`;
      throw new Refused({
        status: 503,
        code: "too_many_followers",
        message,
        retryAfterSeconds: 30,
      });
    }
    const id = ++this.#last;
    const log = new Events((isFollowed) => {
      if (isFollowed) this.#send({ kind: "read-log", id, engine });
      // The hand answers with the end of the log, and does not count it until then.
      else this.#send({ kind: "leave-log", id });
    });
    this.#followed.set(id, log);
    return log.follow(follower)!;
  }

  /** Takes lines of a log. */
  take({ id, lines }: Extract<ToFront, { kind: "log" }>): void {
    const log = this.#followed.get(id);
    for (const { timeSeconds, text } of lines) {
      log?.tell("line", () => ({ time: timeText(timeSeconds), text }) satisfies LogLine);
    }
  }

  /** Takes the end of a log. */
  end({ id }: Extract<ToFront, { kind: "log-end" }>): void {
    const log = this.#followed.get(id);
    this.#followed.delete(id);
    log?.close();
  }

  /** Ends the streams that the settings do not admit any more. */
  endRefused(): void {
    for (const log of this.#followed.values()) log.endRefused();
  }

  /** Ends all streams. */
  close(): void {
    for (const log of this.#followed.values()) log.close();
  }
}
