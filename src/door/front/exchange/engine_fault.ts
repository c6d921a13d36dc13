import { quoted } from "../../../core/report/printable.ts";
import { EngineError, type EngineErrorReason } from "../engine/engine_error.ts";
import { PortalFault } from "../portal/fault.ts";
import type { Ticket } from "../dispatch/ticket.ts";
import type { DoorError } from "../request/error_answer.ts";
import { Refused } from "../request/refused.ts";

const CODES: Readonly<Record<EngineErrorReason, string>> = {
  unreachable: "engine_unreachable",
  unanswered: "engine_silent",
  closed: "engine_broke_off",
  invalid: "engine_answer_not_valid",
  cancelled: "cancelled",
};

/** The codes of the faults of engines, also that of an answer that was to be a stream and is none. */
export const ENGINE_FAULTS: ReadonlySet<string> = new Set(
  [...Object.values(CODES), "engine_error"].filter((code) => code !== CODES.cancelled),
);

/**
 * Returns the error for a client whose request failed: the reason why the door ended it, or the fault of
 * its engine. Other errors are thrown again.
 */
export function faultOf(thrown: unknown, { engine, signal }: Ticket): DoorError {
  const error = signal.aborted ? signal.reason : thrown;
  if (error instanceof Refused) return error.error;
  if (!(error instanceof EngineError)) throw error;
  if (error instanceof PortalFault) {
    const message = `the Portal ${quoted(engine)} gave no whole answer: ${error.message}`;
    // Until someone has changed a key or a certificate, a retry has the same end.
    const isLasting = ["portal_certificate", "portal_key", "portal_error"].includes(error.code);
    const fault = { status: 502, code: error.code, message } as const;
    return isLasting ? fault : { ...fault, retryAfterSeconds: 5 };
  }
  const message = `${quoted(engine)} gave no whole answer: ${error.message}`;
  return { status: 502, code: CODES[error.reason], message, retryAfterSeconds: 1 };
}
