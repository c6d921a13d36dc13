import type { Wish } from "../../../core/orchestrator/wish.ts";
import { Stop, type StopSignal } from "../engine/stop_signal.ts";
import type { DoorError } from "../request/error_answer.ts";
import { Refused } from "../request/refused.ts";

/** The part of a request that the dispatcher needs. */
export interface Asking {
  readonly engine: string;
  readonly wish: Wish;
  /** The name of the client's key. */
  readonly client: string | undefined;
}

/** One request in the queue of the dispatcher or at an engine. */
export class Ticket {
  /** Random, so that no client can guess the id of another client's request. */
  readonly id = crypto.randomUUID();
  readonly engine: string;
  readonly wish: Wish;
  readonly client: string | undefined;
  /** True after the upgrade to a WebSocket, which outlives its request. */
  isUpgraded = false;
  readonly #stop = new Stop();
  #isForwarded = false;
  #turn: PromiseWithResolvers<void> | undefined;

  constructor({ engine, wish, client }: Asking) {
    this.engine = engine;
    this.wish = wish;
    this.client = client;
  }

  /** True if the request may be sent to its engine. */
  get isForwarded(): boolean {
    return this.#isForwarded;
  }

  /** Aborts, with a Refused as its reason, if the request must end. */
  get signal(): StopSignal {
    return this.#stop;
  }

  /** Resolves when the request may be sent, and rejects when it must end. */
  async turn(): Promise<void> {
    if (this.#stop.aborted) throw this.#stop.reason;
    if (!this.#isForwarded) await (this.#turn ??= Promise.withResolvers()).promise;
  }

  /** Takes the permission of the dispatcher. */
  forward(): void {
    this.#isForwarded = true;
    this.#turn?.resolve();
    this.#turn = undefined;
  }

  /** Takes the permission back: the request waits again. */
  unforward(): void {
    this.#isForwarded = false;
  }

  /** Ends the request with an error, wherever it is. */
  stop(error: DoorError): void {
    const refused = new Refused(error);
    this.#turn?.reject(refused);
    this.#turn = undefined;
    this.#stop.abort(refused);
  }
}
