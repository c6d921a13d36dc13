import type { Place } from "../../../core/dispatcher/portals.ts";
import { Stop, type StopSignal } from "../engine/stop_signal.ts";
import type { DoorError } from "../request/error_answer.ts";
import type { Usage } from "../report/usage.ts";
import { Refused } from "../request/refused.ts";

/** The part of a request that the dispatcher needs. */
export interface Asking {
  /** The places that can answer it, best first; one at least. */
  readonly places: readonly [Place, ...Place[]];
  /** The connection of the client. */
  readonly connection: { readonly remoteAddr: Deno.NetAddr };
  /** The name of the client's key. */
  readonly client: string | undefined;
  /** The endpoint: one of a fixed list. */
  readonly endpoint: string;
}

/** One request in the queue of the dispatcher or at an engine. */
export class Ticket {
  /** Random, so that no client can guess the id of another client's request. */
  readonly id = crypto.randomUUID();
  readonly endpoint: string;
  readonly client: string | undefined;
  readonly #connection: Asking["connection"];
  /** The time of its arrival in milliseconds, and that from which it waits for its turn. */
  readonly arrived: number;
  waitingSince: number;
  /** The times at which it was sent to its engine, and at which the first event of a stream came. */
  sent: number | undefined;
  began: number | undefined;
  /** The tokens of its answer, once they are known. */
  usage: Usage | undefined;
  /** The status of the answer of the engine, or the error that the client gets. */
  outcome: number | DoorError | undefined;
  /** Set after the upgrade to a WebSocket, which outlives its request: returns false if it must end. */
  isAdmitted: (() => boolean) | undefined;
  readonly #stop = new Stop();
  #place: Place;
  #others: readonly Place[];
  #turnedAway: Refused | undefined;
  #isForwarded = false;
  #turn: PromiseWithResolvers<void> | undefined;

  constructor({ places: [place, ...others], connection, client, endpoint }: Asking, now: number) {
    this.#connection = connection;
    this.#place = place;
    this.#others = others;
    this.client = client;
    this.endpoint = endpoint;
    this.arrived = this.waitingSince = now;
  }

  /** The place where it is now. */
  get place(): Place {
    return this.#place;
  }

  /** The name of the Soulstone or the Portal where it is now. */
  get engine(): string {
    return this.#place.kind === "engine" ? this.#place.engine : this.#place.portal;
  }

  /** True if another place is left to try. */
  get hasOther(): boolean {
    return this.#others.length > 0;
  }

  /** Takes the next place, and waits there. */
  move(now: number): void {
    const [place = this.#place, ...others] = this.#others;
    this.#place = place;
    this.#others = others;
    this.#turnedAway = undefined;
    this.unforward(now);
  }

  /** Refuses the request at its place only: it may move to another one. */
  turnAway(error: DoorError): void {
    this.#turnedAway = new Refused(error);
    this.#turn?.reject(this.#turnedAway);
    this.#turn = undefined;
  }

  /** True if the last place refused it. */
  get isTurnedAway(): boolean {
    return this.#turnedAway !== undefined;
  }

  /** The address and the port of the client. */
  get peer(): string {
    const { hostname, port } = this.#connection.remoteAddr;
    return `${hostname}:${port}`;
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
    if (this.#turnedAway !== undefined) throw this.#turnedAway;
    if (!this.#isForwarded) await (this.#turn ??= Promise.withResolvers()).promise;
  }

  /** Takes the permission of the dispatcher. */
  forward(now: number): void {
    this.#isForwarded = true;
    this.sent = now;
    this.#turn?.resolve();
    this.#turn = undefined;
  }

  /** Takes the permission back: the request waits again. */
  unforward(now: number): void {
    this.#isForwarded = false;
    this.sent = undefined;
    this.waitingSince = now;
  }

  /** Ends the request with an error, wherever it is. */
  stop(error: DoorError): void {
    this.outcome = error;
    const refused = new Refused(error);
    this.#turn?.reject(refused);
    this.#turn = undefined;
    this.#stop.abort(refused);
  }
}
