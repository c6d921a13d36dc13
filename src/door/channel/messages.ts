/**
 * The messages between the two sandboxes of the front door. The front speaks HTTP and decides when engines
 * change; the hand watches systemd and starts and stops engines. Neither can do the work of the other.
 */
import type { EngineState, SwapResult } from "../../core/dispatcher/events.ts";
import type { FrontState } from "../../core/dispatcher/state_file.ts";
import type { Door } from "../../core/orchestrator/door.ts";
import type { GpuLoad } from "../../core/orchestrator/gpu_load.ts";
import type { JournalLine } from "../../core/orchestrator/journal_line.ts";
import type { Inventory } from "../../core/orchestrator/inventory.ts";
import type { Wish } from "../../core/orchestrator/wish.ts";

/** A part of a swap that takes time. */
export type SwapPhase = "stop" | "memory" | "start" | "healthy";

/** The addresses of the Watchers that are rendered. */
export interface Links {
  readonly grafana: string | undefined;
  readonly prometheus: string | undefined;
}

/** The reason why an engine does not run although it should. */
export interface Problem {
  readonly why: string;
  /** The command that helps. */
  readonly command: string;
  /** The last lines of its log; undefined without keys, because engines log prompts. */
  readonly log: readonly string[] | undefined;
}

/** The key of a Portal, or the reason why it cannot be read. */
export type PortalKey = { readonly key: string } | { readonly problem: string };

/** A message of the hand to the front. */
export type ToFront =
  /** The units: the first message, and again after each render that changes no port. */
  | {
    readonly kind: "units";
    readonly inventory: Inventory;
    readonly door: Door;
    readonly links: Links;
    /** By name of the Portal, for each that has one. */
    readonly portalKeys: ReadonlyMap<string, PortalKey>;
  }
  /**
   * The states of all engines, and whether the operator keeps what runs. An engine is reported as ready
   * only while its lease exists, and as stopping from the moment at which its stop waits for the front.
   */
  | {
    readonly kind: "observed";
    readonly engines: ReadonlyMap<string, EngineState>;
    readonly isHeld: boolean;
    /** The times from which engines have their states, in seconds of the Unix epoch, where known. */
    readonly since: ReadonlyMap<string, number>;
  }
  /** All engines with a problem. */
  | { readonly kind: "problems"; readonly problems: ReadonlyMap<string, Problem> }
  /** The load of the GPUs, and the GPU memory of engines in MiB, while clients follow the events. */
  | {
    readonly kind: "sample";
    readonly gpus: readonly GpuLoad[];
    readonly usedMib: ReadonlyMap<string, number>;
  }
  /** The next lines of a log that the front reads. */
  | { readonly kind: "log"; readonly id: number; readonly lines: readonly JournalLine[] }
  /** Nothing more comes of a log. */
  | { readonly kind: "log-end"; readonly id: number }
  /** The progress of a swap, for clients that wait. */
  | { readonly kind: "phase"; readonly phase: SwapPhase; readonly names: readonly string[] }
  /** The end of the swap that the front asked for. The last observation came before. */
  | { readonly kind: "swapped"; readonly result: SwapResult }
  /** The end of an order. */
  | { readonly kind: "done"; readonly id: number; readonly problem: string | undefined }
  /** Clients that closed their side of a connection, as `address:port`: the runtime misses some. */
  | { readonly kind: "gone"; readonly clients: readonly string[] }
  /** Stop listening, finish what is under way within this time, and answer `left`. */
  | { readonly kind: "leave"; readonly withinSeconds: number };

/** A message of the front to the hand. */
export type ToHand =
  /** It accepts connections, or cannot listen. */
  | { readonly kind: "listening" }
  | { readonly kind: "cannot-listen"; readonly why: string }
  /** Start a wish, and stop no other engines than these. A `swapped` follows. */
  | { readonly kind: "summon"; readonly wish: Wish; readonly stops: readonly string[] }
  /** Stop engines. A `swapped` follows. */
  | { readonly kind: "banish"; readonly engines: readonly string[] }
  /** The order of a client with a key. A `done` of the same id follows. */
  | { readonly kind: "order"; readonly id: number; readonly order: Order }
  /** No request is under way at an engine that was reported as stopping, and none will come. */
  | { readonly kind: "free"; readonly engine: string }
  /** The requests under way and waiting, for the commands of the operator. */
  | { readonly kind: "state"; readonly state: FrontState }
  /** The figures for Prometheus in its text format. */
  | { readonly kind: "metrics"; readonly text: string }
  /** Clients follow the events from now on, or none does any more. */
  | { readonly kind: "follow"; readonly isFollowed: boolean }
  /** Read the log of an engine: the last lines, and those to come. */
  | { readonly kind: "read-log"; readonly id: number; readonly engine: string }
  /** Its client has left. */
  | { readonly kind: "leave-log"; readonly id: number }
  /** Everything that was under way has ended. */
  | { readonly kind: "left" };

/** The limits of an order: the front refuses more, and the hand never gets it. */
export const ORDER_LIMITS = { nameLength: 200, names: 100 } as const;

/** The most logs that a front reads at once. */
export const MOST_LOGS = 8;

/** The most characters of the figures: the front sends none that are longer. */
export const METRICS_LENGTH = 4_000_000;

/** An order of a client. */
export type Order =
  /** With `hold`, the door changes nothing by itself from then on. */
  | { readonly kind: "summon"; readonly wish: readonly string[]; readonly hold: boolean }
  /** The door starts and stops engines by itself again. */
  | { readonly kind: "release" }
  /** Without a name, all engines. */
  | { readonly kind: "banish"; readonly name: string | undefined };
