import type { Wish } from "../orchestrator/wish.ts";

/** The settings of the policy, in milliseconds where they are times. */
export interface Policy {
  /** An engine without requests may be stopped for another one only after this time. */
  readonly lingerMilliseconds: number;
  /** A request that waited so long is refused. */
  readonly waitMilliseconds: number;
  /** After this time, requests that delay the door's own swap are cut. */
  readonly drainMilliseconds: number;
  /** The same for engines that others stop. */
  readonly otherDrainMilliseconds: number;
  /** The most requests that wait, for all engines and for one. */
  readonly queueLimit: number;
  readonly engineQueueLimit: number;
  /** The goal after a time without requests; undefined if nothing changes then. */
  readonly idle?: { readonly wish: Wish | "none"; readonly afterMilliseconds: number };
  /** By engine; an engine without an entry has no limit and is not stopped when idle. */
  readonly engines: ReadonlyMap<string, EnginePolicy>;
}

/** The settings of one engine. */
export interface EnginePolicy {
  /** The most requests at once; further ones wait. */
  readonly concurrency?: number;
  /** The engine is stopped after this time without requests. */
  readonly idleMilliseconds?: number;
}

/**
 * The state of an engine as systemd reports it. `ready` means started and healthy. `crashed` means
 * that systemd starts it again by itself.
 */
export type EngineState = "down" | "starting" | "ready" | "stopping" | "crashed";

/** Something that happened. */
export type DoorEvent =
  /** A request for an engine came in. The wish starts this engine. */
  | {
    readonly kind: "arrived";
    readonly id: string;
    readonly engine: string;
    readonly wish: Wish;
  }
  /** A request ended: answered, failed, cut, or its client left. */
  | { readonly kind: "ended"; readonly id: string }
  /** The states of all engines; one that is not listed is down. */
  | { readonly kind: "observed"; readonly engines: ReadonlyMap<string, EngineState> }
  /** The door's own swap is over. Its last observation came before. */
  | { readonly kind: "swapped"; readonly result: SwapResult }
  /** The operator keeps what runs, or permits swaps again. */
  | { readonly kind: "held"; readonly isHeld: boolean }
  /** Time passed. */
  | { readonly kind: "tick" };

/** The end of a swap. */
export type SwapResult =
  | { readonly kind: "ready" }
  /** These engines did not start. */
  | { readonly kind: "failed"; readonly engines: readonly string[]; readonly why: string }
  /** Nothing was started, for example because others changed what runs meanwhile. */
  | { readonly kind: "abandoned" };

/** Something to do. */
export type Effect =
  | { readonly kind: "forward"; readonly id: string; readonly engine: string }
  | {
    readonly kind: "refuse";
    readonly id: string;
    readonly reason: RefusalReason;
    readonly why: string;
    readonly retryAfterSeconds: number;
  }
  /** End a request that an engine is answering, with an error. */
  | { readonly kind: "cut"; readonly id: string; readonly why: string }
  /** Start a wish, and stop no other engines than these; a `swapped` event must follow. */
  | { readonly kind: "summon"; readonly wish: Wish; readonly stops: readonly string[] }
  /** Stop engines; a `swapped` event must follow. */
  | { readonly kind: "banish"; readonly engines: readonly string[] };

/** The reason for which a request was not forwarded. */
export type RefusalReason = "queue-full" | "waited-too-long" | "engine-failed" | "cannot-run";
