import type { Effect, RefusalReason } from "../../../core/dispatcher/events.ts";
import type { DoorError } from "../request/error_answer.ts";

const REFUSALS: Readonly<Record<RefusalReason, Pick<DoorError, "status" | "code">>> = {
  "queue-full": { status: 503, code: "queue_full" },
  "waited-too-long": { status: 504, code: "waited_too_long" },
  "engine-failed": { status: 503, code: "engine_failed" },
  "cannot-run": { status: 503, code: "cannot_run" },
};

/** Returns the error for a request that the dispatcher refuses. */
export function refusalError(
  { reason, why, retryAfterSeconds }: Extract<Effect, { kind: "refuse" }>,
): DoorError {
  const error = { ...REFUSALS[reason], message: why };
  // Nothing changes by itself, so a retry would be refused again.
  return reason === "cannot-run" ? error : { ...error, retryAfterSeconds };
}

/** The error of a WebSocket whose key a render has removed. */
export const NOT_ADMITTED: DoorError = {
  status: 401,
  code: "bad_key",
  message: "the key of this connection is no longer valid",
};

/** Returns the error for a request that was cut. */
export function cutError(why: string): DoorError {
  return { status: 503, code: "cut", message: why, retryAfterSeconds: 5 };
}
