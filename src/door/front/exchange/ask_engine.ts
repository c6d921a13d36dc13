import type { Driver } from "../dispatch/driver.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import type { EngineAnswer, EngineClient } from "../engine/client.ts";
import { EngineError } from "../engine/engine_error.ts";
import type { Metrics } from "../report/metrics.ts";
import { PortalFault } from "../portal/fault.ts";
import type { EngineRequest } from "../engine/request_head.ts";

/** The pauses in which an engine that was ready may refuse connections, until that is an error. */
const PAUSE_MILLISECONDS = 100;
const MOST_PAUSES = 30;

/**
 * The pause before a request is sent once more. The pod accepts connections for an engine that has ended,
 * and systemd takes this long to report its end.
 */
const END_MILLISECONDS = 1000;

/** The parts of the door that send requests. */
export interface Asker {
  readonly driver: Driver;
  readonly client: EngineClient;
  readonly metrics: Metrics;
}

/** A request as its place gets it. */
export interface Sending extends Pick<EngineRequest, "method" | "headers" | "body"> {
  /** The path and the query. */
  readonly target: string;
}

/**
 * Sends a request to its place, and returns the head of the answer. If the place refuses the request, or
 * no answer begins there, the request moves to its next place, if it has one.
 */
export async function ask(
  ticket: Ticket,
  sendingTo: (place: Ticket["place"]) => Sending,
  asker: Asker,
): Promise<EngineAnswer> {
  for (;;) {
    try {
      return await askAt(ticket, sendingTo(ticket.place), asker);
    } catch (error) {
      if (ticket.signal.aborted) throw ticket.signal.reason;
      const { engine: former } = ticket;
      const isPlaceAtFault = error instanceof EngineError || ticket.isTurnedAway;
      if (!isPlaceAtFault || !asker.driver.move(ticket)) throw error;
      // Otherwise the end of the request counts.
      if (error instanceof PortalFault) asker.metrics.portalFailed(former, error.code);
    }
  }
}

async function askAt(
  ticket: Ticket,
  { target, ...sending }: Sending,
  asker: Asker,
): Promise<EngineAnswer> {
  const { place, signal, hasOther } = ticket;
  if (place.kind === "engine") {
    const { inventory } = asker.driver.units;
    const port = inventory.engines.find(({ name }) => name === place.engine)?.port ?? 0;
    return await askEngine(ticket, { ...sending, path: target, port }, asker);
  }
  const portal = asker.driver.portals.get(place.portal);
  if (portal === undefined) throw new PortalFault("portal_error", "it is no longer in the Codex");
  return await portal.request({ ...sending, target, signal, isLast: !hasOther });
}

/**
 * Sends a request as soon as its turn has come, and returns the head of the answer.
 *
 * If no byte of an answer came back, the request enters the queue again: once after it was sent, and for
 * a short while if the engine refuses connections, as it does just before systemd reports its end. So it
 * waits if the engine is going away.
 */
async function askEngine(
  ticket: Ticket,
  request: Omit<EngineRequest, "signal">,
  { driver, client }: Asker,
): Promise<EngineAnswer> {
  let [pauses, wasSent] = [0, false];
  for (;;) {
    if (!ticket.isForwarded) pauses = 0;
    await ticket.turn();
    try {
      return await client.request({ ...request, signal: ticket.signal });
    } catch (error) {
      if (ticket.signal.aborted) throw ticket.signal.reason;
      const reason = error instanceof EngineError ? error.reason : undefined;
      if (reason === "unreachable" && pauses < MOST_PAUSES) {
        pauses++;
        await pause(PAUSE_MILLISECONDS);
      } else if (reason === "unanswered" && !wasSent) {
        wasSent = true;
        await pause(END_MILLISECONDS);
      } else {
        throw error;
      }
      driver.again(ticket);
    }
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, milliseconds));
}
