import { quoted } from "../../../core/report/printable.ts";
import { EngineError, type EngineErrorReason } from "../engine/engine_error.ts";
import type { DoorError } from "../request/error_answer.ts";
import { Refused } from "../request/refused.ts";

const CODES: Readonly<Record<EngineErrorReason, string>> = {
  unreachable: "engine_unreachable",
  unanswered: "engine_silent",
  closed: "engine_broke_off",
  invalid: "engine_answer_not_valid",
  cancelled: "cancelled",
};

/** Returns the error for a client whose engine gave no whole answer. Other errors are thrown again. */
export function faultOf(error: unknown, engine: string): DoorError {
  if (error instanceof Refused) return error.error;
  if (!(error instanceof EngineError)) throw error;
  const message = `${quoted(engine)} gave no whole answer: ${error.message}`;
  return { status: 502, code: CODES[error.reason], message, retryAfterSeconds: 1 };
}
