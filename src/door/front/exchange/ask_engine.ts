import type { Driver } from "../dispatch/driver.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import type { EngineAnswer, EngineClient } from "../engine/client.ts";
import { EngineError } from "../engine/engine_error.ts";
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
}

/**
 * Sends a request as soon as its turn has come, and returns the head of the answer.
 *
 * If no byte of an answer came back, the request enters the queue again: once after it was sent, and for
 * a short while if the engine refuses connections, as it does just before systemd reports its end. So it
 * waits if the engine is going away.
 */
export async function askEngine(
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
