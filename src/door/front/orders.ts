import type { Order, ToFront, ToHand } from "../channel/messages.ts";
import { Refused } from "./request/refused.ts";

/** The most orders at once. */
const MOST_ORDERS = 16;

/** The orders of clients that the hand carries out. */
export class Orders {
  readonly #send: (message: ToHand) => void;
  readonly #pending = new Map<number, PromiseWithResolvers<string | undefined>>();
  #last = 0;

  constructor(send: (message: ToHand) => void) {
    this.#send = send;
  }

  /** Sends an order and returns when it is carried out. Throws a Refused if it was not. */
  async give(order: Order): Promise<void> {
    if (this.#pending.size >= MOST_ORDERS) {
      const message = `${MOST_ORDERS} orders are already being carried out`;
      throw new Refused({ status: 503, code: "too_many_orders", message, retryAfterSeconds: 5 });
    }
    const id = ++this.#last;
    const done = Promise.withResolvers<string | undefined>();
    this.#pending.set(id, done);
    this.#send({ kind: "order", id, order });
    const problem = await done.promise;
    if (problem !== undefined) {
      throw new Refused({ status: 409, code: "not_done", message: problem });
    }
  }

  /** Reports to all clients that their orders were not carried out. */
  endAll(problem: string): void {
    for (const id of [...this.#pending.keys()]) this.done({ kind: "done", id, problem });
  }

  /** Takes the end of an order. */
  done({ id, problem }: Extract<ToFront, { kind: "done" }>): void {
    this.#pending.get(id)?.resolve(problem);
    this.#pending.delete(id);
  }
}
