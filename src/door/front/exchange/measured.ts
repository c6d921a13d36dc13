import type { Ticket } from "../dispatch/ticket.ts";
import type { EngineAnswer, EngineBody } from "../engine/client.ts";
import type { Metrics } from "../report/metrics.ts";
import { UsageScan } from "../report/usage.ts";

/** An answer of an engine, and the figures that it belongs to. */
interface Measuring {
  readonly headers: EngineAnswer["headers"];
  readonly ticket: Ticket;
  readonly metrics: Metrics;
}

/** Counts the first event and the tokens of one answer, whose pieces pass unchanged. */
class Measurement {
  readonly #ticket: Ticket;
  readonly #metrics: Metrics;
  readonly #scan: UsageScan | undefined;
  readonly #isStream: boolean;
  #awaitsFirst: boolean;

  constructor({ headers, ticket, metrics }: Measuring) {
    this.#ticket = ticket;
    this.#metrics = metrics;
    this.#isStream = this.#awaitsFirst = isEvents(headers);
    this.#scan = this.#isStream || isJson(headers) ? new UsageScan() : undefined;
  }

  take(piece: Uint8Array): void {
    if (this.#awaitsFirst && piece[0] !== COMMENT) {
      this.#awaitsFirst = false;
      this.#ticket.began = performance.now();
      this.#metrics.began(this.#ticket);
    }
    this.#scan?.take(piece);
    if (this.#isStream) this.#metrics.rate.addPiece(piece);
  }

  end(): void {
    const usage = this.#scan?.end();
    if (usage === undefined) return;
    this.#ticket.usage = usage;
    if (!this.#isStream) this.#metrics.rate.addTokens(usage.output);
    this.#metrics.used(this.#ticket, usage);
  }
}

/** Returns the same pieces of an answer, which are counted while they pass. */
export function measured(next: EngineBody["next"], measuring: Measuring): EngineBody["next"] {
  const measurement = new Measurement(measuring);
  const count = (piece: Uint8Array<ArrayBuffer> | undefined) => {
    if (piece === undefined) measurement.end();
    else measurement.take(piece);
    return piece;
  };
  return () => next().then(count);
}

/** Counts an answer that is complete. */
export function measureWhole(body: Uint8Array, measuring: Measuring): void {
  const measurement = new Measurement(measuring);
  measurement.take(body);
  measurement.end();
}

/** The first byte of a comment of a stream, with which engines keep a connection open. */
const COMMENT = ":".charCodeAt(0);

/** Returns true for a stream of events. */
export function isEvents(headers: EngineAnswer["headers"]): boolean {
  return hasType(headers, "text/event-stream");
}

function isJson(headers: EngineAnswer["headers"]): boolean {
  return hasType(headers, "application/json");
}

function hasType(headers: EngineAnswer["headers"], type: string): boolean {
  return headers.some(([name, value]) =>
    name === "content-type" && value.toLowerCase().startsWith(type)
  );
}
