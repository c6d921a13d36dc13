import config from "../../../../deno.json" with { type: "json" };
import type { DispatcherStatus } from "../../../core/dispatcher/dispatcher.ts";
import type { SwapResult } from "../../../core/dispatcher/events.ts";
import type { SwapPhase } from "../../channel/messages.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import { ENGINE_FAULTS } from "../exchange/engine_fault.ts";
import { PORTAL_FAULTS, type PortalFaultCode } from "../portal/fault.ts";
import { Counter, Gauge, Histogram, Registry } from "./prometheus.ts";
import { epochSeconds } from "./time.ts";
import { TokenRate } from "./token_rate.ts";
import type { Usage } from "./usage.ts";

/** The type of the text of {@linkcode Metrics}. */
export const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The upper bounds of times in seconds: of one request, and of a part of a swap or of the queue. */
const REQUEST_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const SWAP_SECONDS = [0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200];

const PHASES: readonly DispatcherStatus["phase"][] = ["steady", "draining", "swapping", "held"];

/** The state of the door at one time. */
export interface MeasuredState {
  readonly status: DispatcherStatus;
  readonly soulstones: readonly string[];
  /** By engine, the time at which the request arrived that has waited longest, in milliseconds. */
  readonly waitingSince: ReadonlyMap<string, number>;
}

/** A swap of the door. */
export interface MeasuredSwap {
  /** The engines that it stops. */
  readonly from: readonly string[];
  /** The name of the wish that it fulfils; undefined if it only stops engines. */
  readonly to: string | undefined;
  readonly reason: "request" | "idle";
}

/**
 * The figures of the door for Prometheus. No value of a label comes from a client: they are names of the
 * Codex, and words of lists that the door has.
 */
export class Metrics {
  /** The tokens of now: Prometheus computes rates itself. */
  readonly rate = new TokenRate();
  readonly #now: () => number;
  readonly #changed: () => void;
  readonly #registry = new Registry();
  readonly #requests = this.#counter(
    "requests_total",
    "Requests to a Soulstone that have ended, with the class of the answer.",
    ["soulstone", "endpoint", "code"],
  );
  readonly #cancelled = this.#counter(
    "cancelled_total",
    "Requests whose client left, or that were cancelled by id.",
    ["stage"],
  );
  readonly #rejected = this.#counter(
    "rejected_total",
    "Requests that the door refused or cut, with the code of its error.",
    ["reason"],
  );
  readonly #faults = this.#counter(
    "upstream_errors_total",
    "Requests that a Soulstone did not answer, or not to the end.",
    ["soulstone", "kind"],
  );
  readonly #portalRequests = this.#counter(
    "portal_requests_total",
    "Requests through a Portal that have ended, with the class of the answer.",
    ["portal", "endpoint", "code"],
  );
  readonly #portalFaults = this.#counter(
    "portal_errors_total",
    "Requests that a Portal did not answer, or not to the end, also those that went on elsewhere.",
    ["portal", "kind"],
  );
  readonly #portalDuration = this.#histogram(
    "portal_request_duration_seconds",
    "Time from the arrival of a request until the end of the answer of a Portal.",
    { labels: ["portal"], buckets: REQUEST_SECONDS },
  );
  readonly #inputTokens = this.#counter(
    "input_tokens_total",
    "Tokens of prompts, as far as answers have their number.",
    ["soulstone"],
  );
  readonly #cachedTokens = this.#counter(
    "cached_input_tokens_total",
    "Tokens of prompts that came from a cache of the Soulstone.",
    ["soulstone"],
  );
  readonly #outputTokens = this.#counter(
    "output_tokens_total",
    "Generated tokens, as far as answers have their number.",
    ["soulstone"],
  );
  readonly #swaps = this.#counter(
    "swaps_total",
    "Changes of Soulstones by the door that have ended.",
    ["from", "to", "reason", "result"],
  );
  readonly #queue = this.#histogram(
    "queue_seconds",
    "Time from the arrival of a request until it was sent to its Soulstone.",
    { labels: ["soulstone"], buckets: REQUEST_SECONDS },
  );
  readonly #firstToken = this.#histogram(
    "time_to_first_token_seconds",
    "Time from the arrival of a request until the first event of a stream, with the queue.",
    { labels: ["soulstone"], buckets: REQUEST_SECONDS },
  );
  readonly #duration = this.#histogram(
    "request_duration_seconds",
    "Time from the arrival of a request until the end of the answer of a Soulstone, with the queue.",
    { labels: ["soulstone"], buckets: REQUEST_SECONDS },
  );
  readonly #phases = this.#histogram(
    "swap_seconds",
    "Time of each part of a change of Soulstones by the door.",
    { labels: ["to", "phase"], buckets: SWAP_SECONDS },
  );
  readonly #inFlight = this.#gauge(
    "requests_in_flight",
    "Requests that a Soulstone answers now.",
    ["soulstone"],
  );
  readonly #queued = this.#gauge("requests_queued", "Requests that wait now.", ["soulstone"]);
  readonly #waitingSince = this.#gauge(
    "oldest_queued_timestamp_seconds",
    "Arrival of the request that has waited longest; no series if none waits.",
    ["soulstone"],
  );
  readonly #swapFailed = this.#gauge(
    "swap_failed_timestamp_seconds",
    "End of the last change to it by the door, if that failed.",
    ["to"],
  );
  readonly #state = this.#gauge("state", "1 if the door is in this state.", ["state"]);
  #swap: Swap | undefined;

  /** Takes a clock in milliseconds since `performance.timeOrigin`. Calls `changed` after each event. */
  constructor({ now, changed }: { now(): number; changed(): void }) {
    this.#now = now;
    this.#changed = changed;
    this.#gauge("build_info", "1, with the version of lychd.", ["version"])
      .set({ version: config.version }, 1);
    for (const stage of ["waiting", "under_way"]) this.#cancelled.inc({ stage }, 0);
    for (const reason of USUAL_REASONS) this.#rejected.inc({ reason }, 0);
  }

  /** Takes the names of the Soulstones and the Portals, whose series begin with 0. */
  know(soulstones: readonly string[], portals: readonly string[]): void {
    for (const portal of portals) {
      for (const kind of PORTAL_FAULTS) this.#portalFaults.inc({ portal, kind }, 0);
      this.#portalDuration.zero({ portal });
    }
    for (const soulstone of soulstones) {
      this.#add(soulstone, { input: 0, cachedInput: 0, output: 0 });
      for (const kind of ENGINE_FAULTS) this.#faults.inc({ soulstone, kind }, 0);
      for (const metric of [this.#queue, this.#firstToken, this.#duration]) {
        metric.zero({ soulstone });
      }
    }
  }

  /** A request is sent to its Soulstone. */
  sent({ engine: soulstone, waitingSince }: Ticket): void {
    this.#queue.observe({ soulstone }, this.#secondsSince(waitingSince));
  }

  /** A stream has its first event. */
  began({ engine: soulstone, arrived, place }: Ticket): void {
    if (place.kind === "engine") {
      this.#firstToken.observe({ soulstone }, this.#secondsSince(arrived));
    }
  }

  /** The number of tokens of an answer is known. */
  used({ engine, place }: Ticket, usage: Usage): void {
    if (place.kind === "engine") this.#add(engine, usage);
    this.#changed();
  }

  /** A request has ended. One without an outcome was refused by an endpoint, which counts it. */
  ended({ engine: soulstone, place, endpoint, outcome, isForwarded, arrived }: Ticket): void {
    if (outcome === undefined) return;
    const isEngine = place.kind === "engine";
    let code: string;
    if (typeof outcome === "number") {
      code = classOf(outcome);
      const seconds = this.#secondsSince(arrived);
      if (!isEngine) this.#portalDuration.observe({ portal: soulstone }, seconds);
      else if (outcome !== 101) this.#duration.observe({ soulstone }, seconds);
    } else if (outcome.code === "cancelled") {
      code = "cancelled";
      this.#cancelled.inc({ stage: isForwarded ? "under_way" : "waiting" });
    } else {
      code = classOf(outcome.status);
      const kind = PORTAL_FAULTS.find((fault) => fault === outcome.code);
      if (kind !== undefined) this.#portalFaults.inc({ portal: soulstone, kind });
      else if (isEngine && ENGINE_FAULTS.has(outcome.code)) {
        this.#faults.inc({ soulstone, kind: outcome.code });
      } else this.#rejected.inc({ reason: outcome.code });
    }
    if (isEngine) this.#requests.inc({ soulstone, endpoint, code });
    else this.#portalRequests.inc({ portal: soulstone, endpoint, code });
    this.#changed();
  }

  /** A Portal did not answer a request. */
  portalFailed(portal: string, kind: PortalFaultCode): void {
    this.#portalFaults.inc({ portal, kind });
    this.#changed();
  }

  /** A request is refused before it enters the queue. */
  refused(reason: string): void {
    this.#rejected.inc({ reason });
    this.#changed();
  }

  swapBegan({ from, to, reason }: MeasuredSwap): void {
    const labels = { from: from.join(",") || NONE, to: to ?? NONE, reason };
    this.#swap = { labels, phase: "plan", since: this.#now() };
  }

  swapAdvanced(phase: SwapPhase): void {
    if (this.#swap === undefined || this.#swap.phase === phase) return;
    this.#endPhase(this.#swap);
    this.#swap = { ...this.#swap, phase, since: this.#now() };
  }

  swapEnded(result: SwapResult["kind"]): void {
    if (this.#swap === undefined) return;
    this.#endPhase(this.#swap);
    const { to } = this.#swap.labels;
    this.#swaps.inc({ ...this.#swap.labels, result });
    if (result === "failed") this.#swapFailed.set({ to }, epochSeconds(this.#now()));
    if (result === "ready") this.#swapFailed.remove({ to });
    this.#swap = undefined;
    this.#changed();
  }

  /** Returns all figures in the text format of Prometheus. */
  async text({ status, soulstones, waitingSince }: MeasuredState): Promise<string> {
    for (const phase of PHASES) this.#state.set({ state: phase }, Number(phase === status.phase));
    const counts = new Map(status.engines.map((engine) => [engine.name, engine]));
    for (const gauge of [this.#inFlight, this.#queued, this.#waitingSince]) gauge.reset();
    for (const soulstone of soulstones) {
      const { underWay = 0, waiting = 0 } = counts.get(soulstone) ?? {};
      this.#inFlight.set({ soulstone }, underWay);
      this.#queued.set({ soulstone }, waiting);
    }
    for (const [soulstone, milliseconds] of waitingSince) {
      this.#waitingSince.set({ soulstone }, epochSeconds(milliseconds));
    }
    return await this.#registry.metrics();
  }

  #add(soulstone: string, { input, cachedInput, output }: Usage): void {
    this.#inputTokens.inc({ soulstone }, input);
    this.#cachedTokens.inc({ soulstone }, cachedInput);
    this.#outputTokens.inc({ soulstone }, output);
  }

  #endPhase({ labels: { to }, phase, since }: Swap): void {
    this.#phases.observe({ to, phase }, this.#secondsSince(since));
  }

  #secondsSince(milliseconds: number): number {
    return (this.#now() - milliseconds) / 1000;
  }

  #counter(name: string, help: string, labelNames: readonly string[]) {
    return new Counter({ ...this.#metric(name, help), labelNames: [...labelNames] });
  }

  #gauge(name: string, help: string, labelNames: readonly string[]) {
    return new Gauge({ ...this.#metric(name, help), labelNames: [...labelNames] });
  }

  #histogram(
    name: string,
    help: string,
    { labels, buckets }: { readonly labels: readonly string[]; readonly buckets: number[] },
  ) {
    return new Histogram({ ...this.#metric(name, help), labelNames: [...labels], buckets });
  }

  #metric(name: string, help: string) {
    return { name: `lychd_vessel_${name}`, help, registers: [this.#registry] };
  }
}

/** A swap under way: its labels, and its part that takes time now. */
interface Swap {
  readonly labels: { readonly from: string; readonly to: string; readonly reason: string };
  readonly phase: SwapPhase | "plan";
  readonly since: number;
}

/** The reasons whose first event is seen as growth, because their series begin with 0. */
const USUAL_REASONS = [
  ...["queue_full", "queue_share", "waited_too_long", "engine_failed", "cannot_run", "cut"],
  ...["bad_key", "bad_host", "bad_origin", "model_not_found", "not_running"],
];

/** The label of a swap that stops or starts nothing. */
const NONE = "none";

/** Returns `2xx` for 200. */
function classOf(status: number): string {
  return `${Math.floor(status / 100)}xx`;
}
