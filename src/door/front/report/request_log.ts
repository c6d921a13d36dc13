import type { EndedRequest, EndedRequests } from "../../../core/api/schema.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import { epochSeconds, timeText } from "./time.ts";

/** The requests that are kept. */
const MOST_REQUESTS = 200;

/** The most requests that one call of `takeNew` returns: under load, clients do not get each of them. */
const MOST_NEW = 50;

/** The part of a request that is kept: a ticket refers to the body and the connection of its client. */
type Kept =
  & Pick<
    Ticket,
    "id" | "client" | "engine" | "place" | "endpoint" | "arrived" | "sent" | "began" | "usage"
  >
  & { readonly ended: number; readonly result: string };

/** The last requests that have ended, in memory. It has nothing of what clients send. */
export class RequestLog {
  readonly #kept: Kept[] = [];
  #count = 0;
  #taken = 0;

  /** Adds a request that has just ended. One without an outcome was refused by an endpoint. */
  add(ticket: Ticket, now: number): void {
    const { id, client, engine, place, endpoint, arrived, sent, began, usage, outcome } = ticket;
    if (outcome === undefined) return;
    const result = typeof outcome === "number" ? String(outcome) : outcome.code;
    const times = { arrived, sent, began, ended: now };
    this.#kept[this.#count++ % MOST_REQUESTS] = {
      ...{ id, client, engine, place, endpoint, usage, result },
      ...times,
    };
  }

  /** The requests for clients, newest first. */
  get requests(): EndedRequests["requests"] {
    return this.#newest(MOST_REQUESTS);
  }

  /** Returns the newest requests since the last call for clients, oldest first. */
  takeNew(): EndedRequests["requests"] {
    const count = Math.min(this.#count - this.#taken, MOST_NEW);
    this.#taken = this.#count;
    return this.#newest(count).reverse();
  }

  #newest(most: number): EndedRequest[] {
    const first = this.#count % MOST_REQUESTS;
    const kept = [...this.#kept.slice(first), ...this.#kept.slice(0, first)];
    return kept.reverse().slice(0, most).map(endedOf);
  }
}

function endedOf(
  { id, client, engine, place, endpoint, arrived, sent, began, ended, usage, result }: Kept,
): EndedRequest {
  const since = (milliseconds: number) => (milliseconds - arrived) / 1000;
  const answering = (ended - (began ?? sent ?? ended)) / 1000;
  return {
    id,
    time: timeText(epochSeconds(ended)),
    client: client ?? null,
    soulstone: engine,
    portal: place.kind === "portal",
    endpoint,
    queue_seconds: since(sent ?? ended),
    first_token_seconds: began === undefined ? null : since(began),
    seconds: since(ended),
    input_tokens: usage?.input ?? null,
    output_tokens: usage?.output ?? null,
    tokens_per_second: usage === undefined || answering <= 0 ? null : usage.output / answering,
    result,
  };
}
